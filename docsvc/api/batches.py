"""Calls about batches: post a file of many cases, see how far it is and what became of each row."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

from flask import Response, request
from werkzeug.http import parse_options_header
from werkzeug.wsgi import FileWrapper

from docsvc.api import models
from docsvc.api.documents import IDEMPOTENCY, PREFIX, idempotency_key, whole_body
from docsvc.api.files import BINARY, PDF, ZIP
from docsvc.api.problems import FormError, both_languages
from docsvc.api.route import JSON, Answer, as_json, route, service
from docsvc.domain.access import Permission, Principal
from docsvc.domain.batch import BatchRow, BatchState, RowFault
from docsvc.domain.document import State
from docsvc.usecases.batches import Seen

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Final = {
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "text/csv": ".csv",
    XLSX: ".xlsx",
}
TEXT: Final = {"type": "string"}
ASK_AGAIN_S: Final = "2"
PIECE: Final = 1 << 16


@route(
    method="POST",
    path="/batches",
    tag="batches",
    summary="提交一个文件中的多个案件 — post many cases in one file",
    permission=Permission.CREATE,
    headers=(IDEMPOTENCY,),
    body={
        "application/x-ndjson": TEXT,
        "application/jsonl": TEXT,
        "text/csv": TEXT,
        XLSX: BINARY,
    },
    answers={
        202: Answer(
            "已收下，逐行收案 — kept; its rows are taken in one by one, ask its Location",
            {JSON: models.Batch},
            ("Location", "Retry-After"),
        ),
    },
    problems=(400, 413, 415, 422),
)
def post_batch(principal: Principal) -> Response:
    """The file is the body: JSON lines, or a table of which each row names its type in the column doc_type."""
    key = idempotency_key(request.headers.get("Idempotency-Key"))
    media_type, _ = parse_options_header(request.headers.get("Content-Type", ""))
    suffix = FORMATS.get(media_type.lower())
    if suffix is None:
        known = ", ".join(FORMATS)
        raise FormError(415, f"内容类型须为下列之一：{known}", f"the content type must be one of: {known}")
    raw = whole_body(service().settings.max_batch_mb << 20)
    response = _one(service().batches.post(principal, key, suffix, raw), 202)
    response.headers["Location"] = response.get_json()["links"]["self"]
    return response


@route(
    method="GET",
    path="/batches",
    tag="batches",
    summary="自己的批次 — the caller's own batches",
    permission=Permission.READ,
    query=models.BatchQuery,
    answers={200: Answer("一页批次，新的在前 — a page, newest first", {JSON: models.BatchPage}, ("Link",))},
    problems=(400,),
)
def batch_list(principal: Principal, query: models.BatchQuery) -> Response:
    """Nobody sees another caller's."""
    page = service().batches.page(principal, query.cursor, query.limit)
    answer = models.BatchPage(batches=[_batch(seen) for seen in page.batches], next=page.next)
    return _linked(as_json(answer), page.next)


@route(
    method="GET",
    path="/batches/<batch_id>",
    tag="batches",
    summary="一个批次的进度 — how far one is",
    permission=Permission.READ,
    answers={200: Answer("批次 — the batch", {JSON: models.Batch}, ("Retry-After",))},
    problems=(404,),
)
def batch(principal: Principal, batch_id: str) -> Response:
    """State, counts and addresses."""
    return _one(service().batches.one(principal, batch_id), 200)


@route(
    method="GET",
    path="/batches/<batch_id>/rows",
    tag="batches",
    summary="每一行的结果 — what became of each row",
    permission=Permission.READ,
    query=models.BatchRowQuery,
    answers={200: Answer("一页，按文件中的次序 — a page, in order", {JSON: models.BatchRowPage}, ("Link",))},
    problems=(400, 404),
)
def batch_rows(principal: Principal, batch_id: str, query: models.BatchRowQuery) -> Response:
    """With the document of a row, or everything that is wrong with it by row and column."""
    page = service().batches.rows(principal, batch_id, query.outcome, query.cursor, query.limit)
    answer = models.BatchRowPage(rows=[_row(row) for row in page.rows], next=page.next)
    return _linked(as_json(answer), page.next)


@route(
    method="GET",
    path="/batches/<batch_id>/documents.zip",
    tag="batches",
    summary="全部已盖章的PDF — all signed PDFs of a batch",
    permission=Permission.READ,
    answers={200: Answer("压缩包 — the zip", {ZIP: BINARY}, ("Content-Disposition",))},
    problems=(404, 409),
)
def batch_documents(principal: Principal, batch_id: str) -> Response:
    """Once it is done; those in force, each under its number, each an event of the log when it leaves."""
    out = service().handing_out
    ids = out.documents(principal, batch_id)
    with ExitStack() as held:
        held.enter_context(out.place())
        return _file(out.zipped(principal, ids), ZIP, "documents.zip", held.pop_all())


@route(
    method="GET",
    path="/batches/<batch_id>/print.pdf",
    tag="batches",
    summary="打印用合并件 — their pages in one PDF, without signatures",
    permission=Permission.READ,
    answers={200: Answer("合并件 — the print copy", {PDF: BINARY}, ("Content-Disposition",))},
    problems=(404, 409),
)
def batch_print(principal: Principal, batch_id: str) -> Response:
    """Once it is done; seals are drawn into the pages. Each document in it is an event of the log."""
    out = service().handing_out
    ids = out.documents(principal, batch_id)
    with ExitStack() as held:
        pieces: Iterable[bytes] = ()
        if request.method != "HEAD":
            held.enter_context(out.place())
            pieces = FileWrapper(held.enter_context(out.printed(principal, ids)), PIECE)
        return _file(pieces, PDF, "print.pdf", held.pop_all())


def _file(pieces: Iterable[bytes], media_type: str, name: str, held: ExitStack) -> Response:
    """`held` is let go when the last piece went out, or the caller did."""
    response = Response(pieces, mimetype=media_type)
    response.call_on_close(held.close)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _one(seen: Seen, status: int) -> Response:
    response = as_json(_batch(seen), status)
    if seen.counts.state is not BatchState.DONE:
        response.headers["Retry-After"] = ASK_AGAIN_S
    return response


def _linked(response: Response, following: str | None) -> Response:
    if following:
        rest = {k: v for k, v in request.args.items() if k != "cursor"}
        query = urllib.parse.urlencode({**rest, "cursor": following})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def _batch(seen: Seen) -> models.Batch:
    counts, base = seen.counts, f"{PREFIX}/batches/{seen.batch.id}"
    return models.Batch(
        id=seen.batch.id,
        state=counts.state,
        format=seen.batch.format.removeprefix("."),
        sha256=seen.batch.sha256,
        created_at=seen.batch.created_at,
        progress=round(counts.progress, 3),
        counts=models.BatchCounts(
            total=counts.total,
            waiting=counts.waiting,
            refused=counts.refused,
            accepted=counts.accepted,
            making=counts.making,
            **{state: counts.states.get(State(state), 0) for state in ("recorded", "failed", "voided")},
        ),
        links=models.BatchLinks(
            self=base, rows=f"{base}/rows", documents=f"{base}/documents.zip", print=f"{base}/print.pdf"
        ),
    )


def _row(row: BatchRow) -> models.BatchRow:
    document = None
    if row.document is not None:
        document_id, number, state = row.document
        link = f"{PREFIX}/documents/{document_id}"
        document = models.RowDocument(id=document_id, number=number, state=state, link=link)
    errors = [_error(row.number, fault) for fault in row.faults]
    return models.BatchRow(row=row.number, outcome=row.outcome, new=row.new, document=document, errors=errors)


def _error(number: int, fault: RowFault) -> models.RowError:
    said = fault.message, fault.message_en
    if fault.message == fault.message_en:  # a sentence of ours with both languages in it
        said = both_languages(fault.message)
    return models.RowError(
        pointer=fault.pointer,
        rule=fault.rule,
        message=said[0],
        message_en=said[1],
        row=number,
        column=fault.column,
        path=fault.path,
    )
