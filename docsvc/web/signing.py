"""Signing: officers see to the signatures of a document; whoever holds a one-time link signs by hand."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any, Final

from flask import flash, redirect, render_template, request, send_file, session, url_for
from flask.typing import ResponseReturnValue

from docsvc.domain.access import Permission
from docsvc.domain.errors import (
    BusyError,
    ConflictError,
    DocsvcError,
    ForbiddenError,
    LinkGoneError,
    SignatureRefusedError,
    UsageError,
)
from docsvc.domain.signature import LINK_MINUTES, Channel, turn
from docsvc.usecases.sign_with_pin import is_theirs
from docsvc.web.errors import status_of
from docsvc.web.guard import LARGEST, close_session, may, pages, principal, service, token

LINK: Final = "link"
PAGE_WIDTH: Final = 1000  # pixels
DRAWN: Final = "data:image/png;base64,"
UNREAD: Final = "请确认已阅读全文；please confirm that you have read it all"
LARGEST["web.sign_here"] = 1_500_000  # the picture, and its strokes
TOLD: Final = (UsageError, ConflictError, ForbiddenError, SignatureRefusedError, BusyError)
COMPLETED_S: Final = 3.0  # so long a page waits for the worker before it says that it is at work


# ---- for officers


@pages.get("/documents/<document_id>/signatures")
@may(Permission.SIGN)
def signing(document_id: str) -> ResponseReturnValue:
    """Whose turn it is, and what can be done about it."""
    return _desk(document_id)


@pages.post("/documents/<document_id>/signatures/<field>/pin")
@may(Permission.SIGN)
def sign_with_pin(document_id: str, field: str) -> ResponseReturnValue:
    """With one's own certificate, which the service keeps."""
    try:
        slot = service().signers.sign(principal(), document_id, field, request.form.get("pin", ""))
    except TOLD as e:
        return _desk(document_id, e)
    return _signed(document_id, slot.field)


@pages.post("/documents/<document_id>/signatures/<field>/link")
@may(Permission.SIGN)
def make_link(document_id: str, field: str) -> ResponseReturnValue:
    """The link and its code, shown this once."""
    channel, minutes = request.form.get("channel", ""), request.form.get("minutes", "")
    try:
        if channel not in list(Channel) or not minutes.isascii() or not minutes.isdigit():
            raise UsageError("请选择送达方式和有效期；choose how it is delivered, and how long it holds")
        link = service().hand_signing.link(principal(), document_id, field, Channel(channel), int(minutes[:6]))
    except TOLD as e:
        return _desk(document_id, e)
    envelope = service().envelopes.look(principal(), document_id)
    slot = next(s for s in envelope.slots if s.field == field)
    picture = service().qr_svg(link.address)
    return render_template("link.html", row=envelope.row, slot=slot, link=link, picture=picture)


@pages.post("/documents/<document_id>/signatures/<field>/refusal")
@may(Permission.SIGN)
def note_refusal(document_id: str, field: str) -> ResponseReturnValue:
    """Why they did not sign, and who stands for it."""
    given = {name: request.form.get(name, "") for name in ("witness", "relation", "recording")}
    try:
        service().refusing.refuse(principal(), document_id, field, request.form.get("reason", ""), **given)
    except TOLD as e:
        return _desk(document_id, e)
    return _signed(document_id, field)


def _signed(document_id: str, field: str) -> ResponseReturnValue:
    slot = service().envelopes.wait(document_id, field, COMPLETED_S)
    name = slot.signatory.name
    flash(f"{name}的签名情况已更新；updated")
    return redirect(url_for("web.signing", document_id=document_id), 303)


def _desk(document_id: str, fault: DocsvcError | None = None) -> ResponseReturnValue:
    envelope = service().envelopes.look(principal(), document_id)
    slot, signer = turn(envelope.slots), service().signers.of(principal())
    page = render_template(
        "signing.html",
        row=envelope.row,
        slots=envelope.slots,
        slot=slot,
        mine=slot is not None and signer is not None and is_theirs(slot, signer),
        enrolled=signer is not None,
        minutes=LINK_MINUTES,
        fault=str(fault) if fault else None,
        given=request.form,
    )
    return page, 200 if fault is None else status_of(fault)


# ---- for whoever holds a link


@pages.get("/sign")
def sign() -> ResponseReturnValue:
    """The token stands in the address's fragment, which no server sees: a script of ours posts it."""
    return render_template("sign.html", who=None)


@pages.post("/sign")
def open_link() -> ResponseReturnValue:
    """Into the signed cookie with it, so that it stands in no address from here on.

    An officer who opens it on their own device hands that over: whoever signs there is not the officer as well.
    """
    link = request.form.get("token", "")[:200]
    service().hand_signing.open(link)
    if officer := token():
        service().accounts.sign_out(officer)
    session.clear()
    session[LINK] = link
    return close_session(url_for("web.sign_document"))


@pages.get("/sign/document")
def sign_document() -> ResponseReturnValue:
    """The pages, what signing means, and the pad."""
    return _pad({})


@pages.get("/sign/pages/<int:number>.png")
def sign_page(number: int) -> ResponseReturnValue:
    """A page of what is to be signed."""
    png = service().hand_signing.page(_token(), number, PAGE_WIDTH)
    return send_file(io.BytesIO(png), "image/png")


@pages.post("/sign/document")
def sign_here() -> ResponseReturnValue:
    """Takes the mark, once."""
    given = request.form
    if given.get("read") != "yes":
        return _pad({"fault": UNREAD, "strokes": given.get("strokes", "")}), 422
    try:
        service().hand_signing.give(_token(), given.get("code", ""), _picture(given.get("picture", "")))
    except LinkGoneError:
        session.pop(LINK, None)
        raise
    except (UsageError, SignatureRefusedError, BusyError) as e:
        return _pad({"fault": str(e), "strokes": given.get("strokes", "")}), 422
    session.pop(LINK, None)
    return redirect(url_for("web.sign_done"), 303)


@pages.get("/sign/done")
def sign_done() -> ResponseReturnValue:
    """Thanks, and what comes next."""
    return render_template("sign_done.html", who=None)


def _pad(said: dict[str, Any]) -> str:
    opened = service().hand_signing.open(_token())
    return render_template("sign_document.html", who=None, opened=opened, **said)


def _token() -> str:
    """Raises LinkGoneError."""
    token = session.get(LINK)
    if not isinstance(token, str):
        raise LinkGoneError("请从收到的链接重新打开；open the link that you were given again")
    return token


def _picture(text: str) -> bytes:
    """Raises UsageError."""
    if not text.startswith(DRAWN):
        raise UsageError("请在签名框内签名；please sign in the box")
    try:
        return base64.b64decode(text.removeprefix(DRAWN), validate=True)
    except binascii.Error as e:
        raise UsageError("签名图像无法读取；the picture can't be read") from e
