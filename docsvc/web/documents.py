"""Finding documents, looking at one, taking its files away, voiding it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Final

from flask import abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from docsvc.domain.access import Permission
from docsvc.domain.document import DocumentFilter, State
from docsvc.domain.errors import ConflictError, StoreError, UsageError
from docsvc.domain.joint import names_in
from docsvc.domain.leaf import SM2_SEALED
from docsvc.domain.signature import SlotState
from docsvc.usecases.deliver import Kind
from docsvc.web.guard import may, pages, principal, service, someone
from docsvc.web.words import MOVING, STATES

A_PAGE: Final = 20
NEWEST: Final = 8  # on the first page
PICTURE_WIDTH: Final = 1100  # pixels
LONGEST_ASKED: Final = 100  # characters of a search field
KINDS: Final[Mapping[str, Kind]] = {"pdf": "content", "docx": "docx", "evidence": "evidence", "sm2": "sm2"}


@pages.get("/")
def home() -> ResponseReturnValue:
    """Search for whoever may; for anyone else what this is, and the way to verify a file."""
    who = someone()
    if who is None or Permission.READ not in who.permissions:
        return render_template("welcome.html")
    newest = service().search.page(who, DocumentFilter(), None, NEWEST)
    return render_template("home.html", asked={}, types=titles(), found=newest)


@pages.get("/documents")
@may(Permission.READ)
def documents() -> ResponseReturnValue:
    """A page of what was found, newest first."""
    asked = {
        n: request.args.get(n, "").strip()[:LONGEST_ASKED]
        for n in ("number", "party", "type", "state", "from", "to")
    }
    faults: list[str] = []
    wanted = DocumentFilter(
        number=asked["number"] or None,
        party=asked["party"] or None,
        doc_type=asked["type"] or None,
        state=State(asked["state"]) if asked["state"] in list(State) else None,
        issued_from=_date(asked["from"], faults),
        issued_to=_date(asked["to"], faults),
    )
    try:
        found = service().search.page(principal(), wanted, request.args.get("cursor") or None, A_PAGE)
    except UsageError:  # a cursor of another search, from an old address: begin at the newest
        found = service().search.page(principal(), wanted, None, A_PAGE)
    return render_template(
        "documents.html",
        asked=asked,
        faults=faults,
        types=titles(),
        found=found,
        here={n: v for n, v in asked.items() if v},
        first=not request.args.get("cursor"),
        moving=any(row.state in MOVING for row in found.rows),
    )


@pages.get("/documents/<document_id>")
@may(Permission.READ)
def document(document_id: str) -> ResponseReturnValue:
    """Everything about one."""
    who, found = principal(), service().search.one(principal(), document_id)
    row, slots = found.row, service().envelopes.look(who, document_id).slots
    return render_template(
        "document.html",
        row=row,
        log=found.log,
        agency="、".join(names_in(row.case_json)) or agency_names().get(row.agency_id, row.agency_id),
        title=titles().get(row.doc_type, row.doc_type),
        template=service().versions.name(row),
        history=service().search.history(who, document_id),
        sm2_sealed=SM2_SEALED,
        page_count=_page_count(document_id) if row.signed_sha256 or row.state is State.AWAITING_SIGNATURES else 0,
        moving=row.state in MOVING or any(slot.state is SlotState.GIVEN for slot in slots),
        slots=slots,
        may_sign=Permission.SIGN in who.permissions and row.state is State.AWAITING_SIGNATURES,
        may_void=Permission.VOID in who.permissions and row.state is not State.VOIDED,
    )


def _page_count(document_id: str) -> int:
    """0 where the file can't be shown: the page still says everything else."""
    try:
        return service().delivery.pages(principal(), document_id)
    except (StoreError, ConflictError):
        return 0


@pages.get("/documents/<document_id>/pages/<int:number>.png")
@may(Permission.READ)
def picture(document_id: str, number: int) -> ResponseReturnValue:
    """A page as a picture."""
    png = service().delivery.preview(principal(), document_id, number, PICTURE_WIDTH)
    return send_file(io.BytesIO(png), "image/png")


@pages.get("/documents/<document_id>/files/<kind>")
@may(Permission.READ)
def download(document_id: str, kind: str) -> ResponseReturnValue:
    """A file to keep; an event each time, but not for a HEAD, which takes nothing away."""
    if kind not in KINDS:
        abort(404)
    give = service().delivery.look if request.method == "HEAD" else service().delivery.deliver
    file = give(principal(), document_id, KINDS[kind])
    # Whole or not at all: a range that can't be had would be an event for a file that nobody got.
    return send_file(
        io.BytesIO(file.data), file.media_type, as_attachment=True, download_name=file.name, conditional=False
    )


@pages.get("/documents/<document_id>/void")
@may(Permission.VOID)
def ask_to_void(document_id: str) -> ResponseReturnValue:
    """What voiding means, the reason, and the question whether it is meant."""
    row = service().search.one(principal(), document_id).row
    return render_template("void.html", row=row, reason="")


@pages.post("/documents/<document_id>/void")
@may(Permission.VOID)
def void(document_id: str) -> ResponseReturnValue:
    """Voids it, or says at the form why not."""
    reason = request.form.get("reason", "").replace("\r\n", " ").strip()
    row = service().search.one(principal(), document_id).row  # raises where it is not there at all
    if request.form.get("sure") != "yes":
        fault = "请确认作废不可撤销；please confirm that this can't be undone"
        return render_template("void.html", row=row, reason=reason, fault=fault), 422
    try:
        row = service().voiding.void(principal(), document_id, reason)
    except (UsageError, ConflictError) as e:
        status = 409 if isinstance(e, ConflictError) else 422
        return render_template("void.html", row=row, reason=reason, fault=str(e)), status
    flash(f"{row.number} 已作废；voided")
    return redirect(url_for("web.document", document_id=document_id), 303)


def titles() -> Mapping[str, tuple[str, str]]:
    """Document types with their titles in Chinese and English."""
    manifests = [service().templates.get(name).manifest for name in service().templates.names()]
    return {m.doc_type: (m.title, m.title_en) for m in manifests}


def agency_names() -> Mapping[str, str]:
    """The registry's names by id."""
    return {a.id: a.name for a in service().agencies()}


def state_choices() -> Mapping[str, str]:
    """States as the search offers them."""
    return {state.value: f"{words.zh} {words.en}" for state, words in STATES.items()}


def _date(text: str, faults: list[str]) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        faults.append(f"“{text}”不是日期；not a date")
        return None
