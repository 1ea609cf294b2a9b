"""Calls about documents: post a case, search, look at one, its history, void it."""

from __future__ import annotations

import re
import urllib.parse
from typing import Final, TypeVar

from flask import Response, request
from pydantic import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header

from docsvc.api import models
from docsvc.api.problems import FormError
from docsvc.api.route import JSON, Answer, Header, as_json, route, service, waits
from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import DocumentFilter, DocumentRow, State
from docsvc.domain.scan import scan_address
from docsvc.usecases.find import LogPlace
from docsvc.usecases.intake import MAX_CASE_BYTES, read_json

M = TypeVar("M", bound=models.Model)

PREFIX: Final = "/api/v1"
MAX_FORM_BYTES: Final = 10_000
VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")
QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\]){1,255})"')  # an sf-string (RFC 9651, 3.3.3)
WAIT: Final = re.compile(r'\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?', re.IGNORECASE | re.ASCII)  # RFC 7240, 4.3

IDEMPOTENCY: Final = Header(
    "Idempotency-Key",
    "同一次提交使用同一个值：重复发送不会产生第二份文书 — the same value for the same case, however often "
    "it is sent; kept for a day at least",
    required=True,
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)
ONE = Answer("文书 — the document", {JSON: models.Document})


@route(
    method="POST",
    path="/documents",
    tag="documents",
    summary="提交案件，制作文书 — post a case",
    permission=Permission.CREATE,
    headers=(
        IDEMPOTENCY,
        Header("Prefer", "wait=N：最多等待N秒 — wait up to N seconds for the finished document (RFC 7240)"),
    ),
    query=models.PostQuery,
    body={JSON: "case"},
    answers={
        201: Answer(
            "已登记入日志 — made, sealed and recorded", {JSON: models.Document}, ("Location", "Preference-Applied")
        ),
        202: Answer(
            "已受理，或者待签名 — accepted, or waiting for signatures; ask its Location for what becomes of it",
            {JSON: models.Document},
            ("Location", "Preference-Applied", "Retry-After"),
        ),
    },
    problems=(400, 409, 413, 415, 422),
)
def post(principal: Principal, query: models.PostQuery) -> Response:
    """Case JSON in, a numbered document out."""
    key = idempotency_key(request.headers.get("Idempotency-Key"))
    raw = json_body(MAX_CASE_BYTES)
    acceptance = service().reception.post(principal, key, raw, query.layout, query.signing)
    row, applied = acceptance.row, None
    seconds = preferred_wait(request.headers.getlist("Prefer"))
    if seconds is not None and waits().acquire(blocking=False):
        try:
            applied = min(seconds, int(service().settings.max_wait_s))
            row = service().reception.wait(row.id, applied)
        finally:
            waits().release()
    response = as_json(_document(row, service().search.place(row)), 201 if row.state is State.RECORDED else 202)
    response.headers["Location"] = _base(row)
    if applied is not None:
        response.headers["Preference-Applied"] = f"wait={applied}"
    if row.state not in (State.RECORDED, State.FAILED, State.VOIDED, State.AWAITING_SIGNATURES):
        response.headers["Retry-After"] = "1"
    return response


@route(
    method="GET",
    path="/documents",
    tag="documents",
    summary="查找文书 — search",
    permission=Permission.READ,
    query=models.DocumentQuery,
    answers={200: Answer("一页文书，新的在前 — a page, newest first", {JSON: models.DocumentPage}, ("Link",))},
    problems=(400,),
)
def search(principal: Principal, query: models.DocumentQuery) -> Response:
    """Documents that the caller may see."""
    wanted = DocumentFilter(
        agency_id=query.agency,
        doc_type=query.type,
        state=query.state,
        number=query.number or None,
        party=query.party or None,
        issued_from=query.date_from,
        issued_to=query.date_to,
    )
    page = service().search.page(principal, wanted, query.cursor, query.limit)
    response = as_json(models.DocumentPage(documents=[_summary(row) for row in page.rows], next=page.next))
    if page.next:
        rest = {k: v for k, v in request.args.items() if k != "cursor"}
        following = urllib.parse.urlencode({**rest, "cursor": page.next})
        response.headers["Link"] = f'<{PREFIX}/documents?{following}>; rel="next"'
    return response


@route(
    method="GET",
    path="/documents/<document_id>",
    tag="documents",
    summary="查看一份文书 — one document",
    permission=Permission.READ,
    answers={200: ONE},
    problems=(404,),
)
def one(principal: Principal, document_id: str) -> Response:
    """Its state and everything known of it."""
    found = service().search.one(principal, document_id)
    return as_json(_document(found.row, found.log))


@route(
    method="GET",
    path="/documents/<document_id>/events",
    tag="documents",
    summary="一份文书的全部经过 — the whole history",
    permission=Permission.READ,
    answers={200: Answer("按先后排列 — in order", {JSON: models.History})},
    problems=(404,),
)
def events(principal: Principal, document_id: str) -> Response:
    """Everything that happened to it, deliveries included."""
    told = [
        models.Event(
            at=e.at,
            type=e.type,
            by=None if e.by is None else models.Actor.model_validate(e.by),
            detail=dict(e.detail),
            log_index=e.log_index,
        )
        for e in service().search.history(principal, document_id)
    ]
    return as_json(models.History(events=told))


@route(
    method="POST",
    path="/documents/<document_id>/void",
    tag="documents",
    summary="作废 — void, with a reason; the number is kept",
    permission=Permission.VOID,
    body={JSON: models.VoidRequest},
    answers={200: Answer("已作废的文书 — the document, voided", {JSON: models.Document})},
    problems=(400, 404, 409, 413, 415, 422),
)
def void(principal: Principal, document_id: str) -> Response:
    """For good. Said again with the same reason it is the same answer."""
    wanted = posted(models.VoidRequest, "作废理由不合要求")
    row = service().voiding.void(principal, document_id, wanted.reason)
    return as_json(_document(row, service().search.place(row)))


def idempotency_key(value: str | None) -> str:
    """The key, bare or as a quoted string. Raises FormError (400)."""
    text = (value or "").strip()
    if text.startswith('"'):
        quoted = QUOTED.fullmatch(text)
        text = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else ""
    if not VISIBLE.fullmatch(text):
        raise FormError(
            400,
            "须有 Idempotency-Key 请求头：1至255个可见ASCII字符",
            "the header Idempotency-Key is required: 1 to 255 visible ASCII characters",
            rule="IDEMPOTENCY-KEY",
        )
    return text


def posted(model: type[M], fault_told: str, limit: int = MAX_FORM_BYTES) -> M:
    """The JSON body as a model. Raises FormError."""
    body = json_body(limit)
    try:
        data = read_json(body)
    except ValueError as e:
        raise FormError(422, "不是有效的JSON", f"no valid JSON: {e}", "", "SCHEMA") from e
    try:
        return model.model_validate(data)
    except ValidationError as e:
        fault = e.errors(include_url=False, include_input=False, include_context=False)[0]
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in fault["loc"])
        raise FormError(422, fault_told, f"{pointer or '/'}: {fault['msg']}", pointer, "SCHEMA") from e


def json_body(limit: int) -> bytes:
    """The body as it came. Raises FormError (415), and 413 where it is longer than `limit` octets."""
    media_type, options = parse_options_header(request.headers.get("Content-Type", ""))
    if media_type.lower() != JSON or options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise FormError(415, "内容类型须为 application/json", "the content type must be application/json")
    return whole_body(limit)


def whole_body(limit: int) -> bytes:
    """The body as it came, of whatever type. Raises FormError (415) where it is compressed, and 413."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FormError(415, "不支持压缩的内容", "a compressed body is not taken")
    request.max_content_length = limit + 1  # a chunked body ends there without a word: one octet more tells
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def preferred_wait(values: list[str]) -> int | None:
    """Seconds of the first `wait` preference (RFC 7240, 4.3); None where there is none that can be read."""
    for preference in ",".join(values).split(","):
        if m := WAIT.fullmatch(preference):
            return int(m[1])
    return None


def _base(row: DocumentRow) -> str:
    return f"{PREFIX}/documents/{row.id}"


def _around(row: DocumentRow) -> models.Around:
    manifest = service().templates.get(row.doc_type).manifest
    return models.Around(
        title=(manifest.title, manifest.title_en),
        template=service().versions.name(row),
        scan=scan_address(service().settings.public, row.id),
        base=_base(row),
    )


def _document(row: DocumentRow, log: LogPlace | None) -> models.Document:
    return models.document(row, _around(row), log)


def _summary(row: DocumentRow) -> models.Summary:
    return models.summary(row, _around(row))
