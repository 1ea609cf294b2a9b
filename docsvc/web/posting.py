"""Posting a new document: a form made from the type's schema, or a case as JSON."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from typing import Any, Final

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from docsvc.domain.access import Permission
from docsvc.domain.errors import CaseRefusedError, Finding, KeyReusedError, StillRunningError, UsageError
from docsvc.usecases.intake import MAX_CASE_BYTES, Acceptance, read_case
from docsvc.web.documents import agency_names, titles
from docsvc.web.form import Field, Form, Typed
from docsvc.web.guard import LARGEST, may, pages, principal, service

LARGEST_FORM: Final = 4 * MAX_CASE_BYTES  # a browser writes nine octets for a Chinese character
KEY: Final = "_key"  # the form's Idempotency-Key: sent twice, it is one document
KEY_LONGEST: Final = 100
TURNS: Final = 40  # for the first of two clicks to end
PAUSE_S: Final = 0.25
LARGEST.update({"web.post": LARGEST_FORM, "web.post_json": LARGEST_FORM})


@pages.get("/new")
@may(Permission.CREATE)
def types() -> ResponseReturnValue:
    """What can be made."""
    return render_template("types.html", types=titles())


@pages.get("/new/<doc_type>")
@may(Permission.CREATE)
def new(doc_type: str) -> ResponseReturnValue:
    """An empty form."""
    form = _form(doc_type)
    typed = form.blank()
    if (own := principal().agency_id) is not None:
        typed["agency"] = own
    return _page(doc_type, form, typed, fresh_key())


@pages.post("/new/<doc_type>")
@may(Permission.CREATE)
def post(doc_type: str) -> ResponseReturnValue:
    """One row more or fewer, or the whole case: then the document's page, or the form with what is wrong."""
    form = _form(doc_type)
    typed = form.gather({name: value for name, value in request.form.items() if name.startswith("/")})
    key = request.form.get(KEY, "")[:KEY_LONGEST] or fresh_key()
    if add := request.form.get("_add"):
        return _page(doc_type, form, form.with_row(typed, add), key)
    if remove := request.form.get("_remove"):
        return _page(doc_type, form, form.without_row(typed, remove), key)
    typed = form.compact(typed)
    raw = json.dumps(form.case(typed), ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        return _accepted(_post_once(key, raw))
    except CaseRefusedError as e:
        return _page(doc_type, form, form.padded(typed), key, e.findings), 422
    except KeyReusedError:
        flash(
            "这张表单此前已经提交并收案，内容又有改动。再次提交将另立一份新文书；"
            "this form was posted before, with other contents: posting it again makes another document"
        )
        return _page(doc_type, form, typed, fresh_key()), 409


@pages.get("/new/json")
@may(Permission.CREATE)
def paste() -> ResponseReturnValue:
    """The page for a case that is JSON already."""
    return render_template("paste.html", text="", key=fresh_key())


@pages.post("/new/json")
@may(Permission.CREATE)
def post_json() -> ResponseReturnValue:
    """A refused case of a known type goes on in its form, with the faults at their places."""
    file = request.files.get("file")
    raw = (file.read() if file else b"") or request.form.get("text", "").encode("utf-8", "surrogatepass")
    key = request.form.get(KEY, "")[:KEY_LONGEST] or fresh_key()
    try:
        return _accepted(_post_once(key, raw))
    except CaseRefusedError as e:
        case = _readable(raw)
        if isinstance(case, dict) and case.get("doc_type") in list(titles()):  # a value that can't be hashed, too
            form = _form(case["doc_type"])
            return _page(case["doc_type"], form, form.padded(form.typed(case)), key, e.findings), 422
        text = raw.decode("utf-8", "replace")
        return render_template("paste.html", text=text, key=key, findings=e.findings), 422
    except KeyReusedError as e:
        text = raw.decode("utf-8", "replace")
        return render_template("paste.html", text=text, key=fresh_key(), fault=str(e)), 409


def _post_once(key: str, raw: bytes) -> Acceptance:
    """Of two clicks on one button the second waits for what the first has made."""
    for _ in range(TURNS):
        try:
            return service().reception.post(principal(), key, raw)
        except StillRunningError:
            time.sleep(PAUSE_S)
    return service().reception.post(principal(), key, raw)


def _accepted(acceptance: Acceptance) -> ResponseReturnValue:
    row = acceptance.row
    if acceptance.new:
        flash(f"已收案，编号 {row.number}；accepted and numbered")
    else:
        flash(f"同样的案件已经收案，没有重复编号：{row.number}；this case was accepted before, as this document")
    return redirect(url_for("web.document", document_id=row.id), 303)


def _form(doc_type: str) -> Form:
    """Raises NotFound for an unknown type."""
    try:
        schema = service().templates.get(doc_type).schema
    except UsageError:
        abort(404)
    own, names = principal().agency_id, agency_names()
    return Form(schema, {"/agency": names if own is None else {own: names.get(own, own)}})


def _page(doc_type: str, form: Form, typed: Typed, key: str, findings: Sequence[Finding] = ()) -> str:
    root = form.fields(typed, findings)
    return render_template(
        "new.html",
        doc_type=doc_type,
        title=titles()[doc_type],
        root=root,
        key=key,
        findings=[(finding, place) for place in root.walk() for finding in place.errors],
        trail=_trails(root),
    )


def _trails(root: Field) -> dict[str, str]:
    """By pointer, how people call a place: "当事人 › 名称（姓名）"; a row by its number."""
    trails: dict[str, str] = {}

    def walk(place: Field, above: tuple[str, ...]) -> None:
        last = place.pointer.rpartition("/")[2]
        name = place.words.zh or (f"第{int(last) + 1}项" if last.isdecimal() else "")
        here = (*above, name) if name else above
        trails[place.pointer] = " › ".join(here)
        for part in place.parts:
            walk(part, here)

    walk(root, ())
    return trails


def _readable(raw: bytes) -> Any:
    try:
        return read_case(raw)
    except CaseRefusedError:
        return None


def fresh_key() -> str:
    """An Idempotency-Key for a form that is not filled in yet."""
    return secrets.token_urlsafe(24)
