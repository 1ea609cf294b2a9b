"""Many cases in one table: an empty one to fill in, taking the filled one, and what became of its rows."""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import PurePath
from typing import Final

from flask import abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from docsvc.domain.access import Permission
from docsvc.domain.batch import BatchState, Outcome
from docsvc.domain.errors import KeyReusedError, TableRefusedError, TableTooLargeError, UsageError
from docsvc.usecases.batches import RowPage
from docsvc.web.documents import titles
from docsvc.web.guard import LARGEST, may, pages, principal, service
from docsvc.web.posting import KEY, KEY_LONGEST, fresh_key

FORMATS: Final = {".xlsx": ".xlsx", ".csv": ".csv", ".jsonl": ".jsonl", ".ndjson": ".jsonl"}
A_PAGE: Final = 50  # rows
PIECE: Final = 1 << 16
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST["web.post_batch"] = lambda service: (service.settings.max_batch_mb + 1) << 20


@pages.get("/batches")
@may(Permission.CREATE)
def batches() -> ResponseReturnValue:
    """The form, and one's own batches."""
    return _form()


@pages.get("/batches/sheets/<doc_type>.<kind>")
@may(Permission.CREATE)
def sheet(doc_type: str, kind: str) -> ResponseReturnValue:
    """A table to fill in for one type."""
    if kind not in ("xlsx", "csv"):
        abort(404)
    try:
        data = service().blank_table(f".{kind}", doc_type)
    except UsageError:
        abort(404)
    name = f"{titles()[doc_type][0]}.{kind}"
    media_type = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    return send_file(io.BytesIO(data), media_type, as_attachment=True, download_name=name)


@pages.post("/batches")
@may(Permission.CREATE)
def post_batch() -> ResponseReturnValue:
    """To the batch's page, or back to the form with why the file can't be read."""
    key = request.form.get(KEY, "")[:KEY_LONGEST] or fresh_key()
    file = request.files.get("file")
    suffix = FORMATS.get(PurePath((file.filename if file else None) or "").suffix.lower())
    if file is None or suffix is None:
        return _form("请选择XLSX、CSV或者JSON lines文件；choose a file: XLSX, CSV or JSON lines", key), 422
    limit = service().settings.max_batch_mb << 20
    raw = file.read(limit + 1)
    if len(raw) > limit:
        abort(413)
    try:
        seen = service().batches.post(principal(), key, suffix, raw)
    except TableRefusedError as e:
        return _form(str(e), key), 413 if isinstance(e, TableTooLargeError) else 422
    except KeyReusedError:
        return _form(
            "此前已用这张表单提交过另一个文件，请再提交一次；another file was sent before: send again"
        ), 409
    return redirect(url_for("web.batch", batch_id=seen.batch.id), 303)


@pages.get("/batches/<batch_id>")
@may(Permission.CREATE)
def batch(batch_id: str) -> ResponseReturnValue:
    """How far it is, what is wrong with which row, and the documents."""
    seen = service().batches.one(principal(), batch_id)
    return render_template(
        "batch.html",
        batch=seen.batch,
        counts=seen.counts,
        refused=_rows(batch_id, Outcome.REFUSED, "faults"),
        accepted=_rows(batch_id, Outcome.ACCEPTED, "documents"),
        moving=seen.counts.state is not BatchState.DONE,
    )


@pages.get("/batches/<batch_id>/documents.zip")
@may(Permission.CREATE)
def batch_documents(batch_id: str) -> ResponseReturnValue:
    """All signed files; an event for each."""
    out = service().handing_out
    ids = out.documents(principal(), batch_id)
    with ExitStack() as held:
        held.enter_context(out.place())
        return _file(out.zipped(principal(), ids), "application/zip", "documents.zip", held.pop_all())


@pages.get("/batches/<batch_id>/print.pdf")
@may(Permission.CREATE)
def batch_print(batch_id: str) -> ResponseReturnValue:
    """Their pages in one file; an event for each, but not for a HEAD, which takes nothing away."""
    out = service().handing_out
    ids = out.documents(principal(), batch_id)
    with ExitStack() as held:
        pieces: Iterable[bytes] = ()
        if request.method != "HEAD":
            held.enter_context(out.place())
            pieces = FileWrapper(held.enter_context(out.printed(principal(), ids)), PIECE)
        return _file(pieces, "application/pdf", "print.pdf", held.pop_all())


def _file(pieces: Iterable[bytes], media_type: str, name: str, held: ExitStack) -> Response:
    response = Response(pieces, mimetype=media_type)
    response.call_on_close(held.close)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(fault: str | None = None, key: str | None = None) -> str:
    try:
        found = service().batches.page(principal(), request.args.get("cursor") or None)
    except UsageError:  # a cursor of somebody else's list, from an old address: begin at the newest
        found = service().batches.page(principal())
    return render_template("batches.html", types=titles(), found=found, fault=fault, key=key or fresh_key())


def _rows(batch_id: str, outcome: Outcome, name: str) -> RowPage:
    try:
        return service().batches.rows(principal(), batch_id, outcome, request.args.get(name) or None, A_PAGE)
    except UsageError:  # a cursor of another batch, from an old address: begin at the first row
        return service().batches.rows(principal(), batch_id, outcome, None, A_PAGE)
