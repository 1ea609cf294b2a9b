"""For anyone with a document in hand: verifying a file, and the state behind the code on the paper."""

from __future__ import annotations

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from docsvc.domain.document import State
from docsvc.domain.errors import NotFoundError
from docsvc.web.guard import LARGEST, pages, service

# The PDF, and a bundle that is at most about as large.
LARGEST["web.check"] = lambda service: (2 * service.settings.max_upload_mb + 1) << 20


@pages.get("/verify")
def verify() -> ResponseReturnValue:
    """The form."""
    return render_template("verify.html")


@pages.post("/verify")
def check() -> ResponseReturnValue:
    """The report on a file; nothing of it is kept."""
    pdf, bundle = _sent("file"), _sent("evidence")
    if pdf is None:
        return render_template("verify.html", fault="请选择要验证的PDF文件；choose the PDF to verify"), 422
    report = service().outside.verify(pdf, bundle)
    return render_template("report.html", report=report, name=_name("file"), with_bundle=bundle is not None)


@pages.get("/d/<document_id>")
def public(document_id: str) -> ResponseReturnValue:
    """What the code on a document leads to: its state, the party's name masked."""
    try:
        found = service().search.public(document_id)
    except NotFoundError:
        return render_template("not_issued.html"), 404
    if found.state is State.FAILED:  # a number was taken, nothing was issued
        return render_template("not_issued.html"), 404
    return render_template("public.html", found=found)


def _sent(name: str) -> bytes | None:
    """The file's octets; None where none was chosen. Aborts with 413 where it is larger than the setting."""
    limit = service().settings.max_upload_mb << 20
    file: FileStorage | None = request.files.get(name)
    data = file.stream.read(limit + 1) if file else b""
    if len(data) > limit:
        abort(413)
    return data or None


def _name(field: str) -> str:
    """As the sender calls the file, fit to be shown."""
    file: FileStorage | None = request.files.get(field)
    name = (file.filename if file else None) or ""
    return "".join(c if c.isprintable() else "�" for c in name)[-120:]
