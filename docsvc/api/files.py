"""Calls that hand files out: preconditions, ranges, digests and names as RFC 9110, 9530, 6266 and 8187 say."""

from __future__ import annotations

import base64
import urllib.parse
from typing import Final

from flask import Response, request
from werkzeug.http import parse_range_header

from docsvc.api import models
from docsvc.api.problems import TITLES, problem
from docsvc.api.route import Answer, Header, route, service
from docsvc.domain.access import Permission, Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.usecases.deliver import DOCX, File, Kind

PDF: Final = "application/pdf"
ZIP: Final = "application/zip"
PNG: Final = "image/png"
BINARY: Final = {"type": "string", "format": "binary"}
SENT: Final = ("ETag", "Repr-Digest", "Content-Disposition", "Accept-Ranges")
CONDITIONS: Final = (
    Header("If-None-Match", "已有的ETag：未变则304 — 304 where it is still this one"),
    Header("If-Match", "预期的ETag：不同则412 — 412 where it is another one"),
    Header("Range", "bytes=…，一段 — one range (RFC 9110, 14)"),
    Header("If-Range", "ETag：不同则给全部 — the whole file where it is another one"),
)


def _answers(media_type: str) -> dict[int, Answer]:
    return {
        200: Answer("文件 — the file", {media_type: BINARY}, SENT),
        206: Answer("文件的一段 — a part of it", {media_type: BINARY}, (*SENT, "Content-Range")),
        304: Answer("未变 — not modified; no delivery is written down", {}, ("ETag",)),
    }


PROBLEMS: Final = (404, 409, 412, 416)


@route(
    method="GET",
    path="/documents/<document_id>/content",
    tag="files",
    summary="已盖章的PDF — the signed PDF",
    permission=Permission.READ,
    headers=CONDITIONS,
    answers=_answers(PDF),
    problems=PROBLEMS,
)
def content(principal: Principal, document_id: str) -> Response:
    """Every download is an event of the log."""
    return _hand_out(principal, document_id, "content")


@route(
    method="GET",
    path="/documents/<document_id>/docx",
    tag="files",
    summary="填好的Word文件 — the filled Word file",
    permission=Permission.READ,
    headers=CONDITIONS,
    answers=_answers(DOCX),
    problems=PROBLEMS,
)
def docx(principal: Principal, document_id: str) -> Response:
    """What the PDF was laid out from; every download is an event."""
    return _hand_out(principal, document_id, "docx")


@route(
    method="GET",
    path="/documents/<document_id>/sm2",
    tag="files",
    summary="国密SM2签名的副本，不是PAdES — the copy sealed with SM2, which is no PAdES; 404 where none was made",
    permission=Permission.READ,
    headers=CONDITIONS,
    answers=_answers(PDF),
    problems=PROBLEMS,
)
def sm2(principal: Principal, document_id: str) -> Response:
    """Beside the document of record, where the service was set to make it; every download is an event."""
    return _hand_out(principal, document_id, "sm2")


@route(
    method="GET",
    path="/documents/<document_id>/evidence",
    tag="files",
    summary="证据包 — evidence bundle: all that an offline check needs",
    permission=Permission.READ,
    headers=CONDITIONS,
    answers=_answers(ZIP),
    problems=PROBLEMS,
)
def evidence(principal: Principal, document_id: str) -> Response:
    """For `docsvc verify --evidence`, years later and without this service; every download is an event."""
    return _hand_out(principal, document_id, "evidence")


@route(
    method="GET",
    path="/documents/<document_id>/preview/<int:page>.png",
    tag="files",
    summary="页面图像 — picture of a page, from 1",
    permission=Permission.READ,
    query=models.PreviewQuery,
    headers=CONDITIONS[:1],
    answers={
        200: Answer("图像 — the picture", {PNG: BINARY}, ("ETag",)),
        304: Answer("未变 — not modified", {}, ("ETag",)),
    },
    problems=(400, 404, 409),
)
def preview(principal: Principal, document_id: str, page: int, query: models.PreviewQuery) -> Response:
    """For the eye: no download, no event, no legal effect."""
    row = service().search.one(principal, document_id).row
    etag = sha256_hex(f"{row.signed_sha256} {page} {query.width}".encode()) if row.signed_sha256 else None
    if etag is not None and request.if_none_match.contains_weak(etag):
        response = Response(status=304)
    else:
        response = Response(service().delivery.preview(principal, document_id, page, query.width), mimetype=PNG)
    if etag is not None:
        response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"  # kept, and asked for again each time
    return response


def _hand_out(principal: Principal, document_id: str, kind: Kind) -> Response:
    file = service().delivery.look(principal, document_id, kind)
    if request.if_match and file.sha256 not in request.if_match:
        return problem(412, "http-412", (TITLES[412], "Precondition Failed"))
    if request.if_none_match.contains_weak(file.sha256):
        response = Response(status=304)
        response.set_etag(file.sha256)
        response.headers["Cache-Control"] = "private, no-store"
        return response
    part = _wanted_range(file)
    if part is not None and part.start >= len(file.data):
        response = problem(416, "http-416", (TITLES[416], "Range Not Satisfiable"))
        response.headers["Content-Range"] = f"bytes */{len(file.data)}"
        return response
    if request.method != "HEAD":
        service().delivery.went_out(principal, document_id, kind, file)
    return _sent(file, part)


def _sent(file: File, part: range | None) -> Response:
    data = file.data if part is None else file.data[part.start : part.stop]
    response = Response(data, 200 if part is None else 206, mimetype=file.media_type)
    if part is not None:
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(file.data)}"
    response.set_etag(file.sha256)
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = _disposition(file.name)
    response.headers["Cache-Control"] = "private, no-store"  # personal data: no browser keeps a copy
    return response


def _wanted_range(file: File) -> range | None:
    """The one range that is asked for; None: the whole. Several at once, or what can't be read, count as none."""
    if request.method != "GET":
        return None
    asked = parse_range_header(request.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range", f'"{file.sha256}"').strip() != f'"{file.sha256}"':
        return None  # a date or a weak tag never matches (RFC 9110, 13.1.5)
    start, stop = asked.ranges[0]
    if start < 0:
        start = max(len(file.data) + start, 0)
    return range(start, min(stop or len(file.data), len(file.data)))


def _disposition(name: str) -> str:
    """RFC 6266 with RFC 8187: the Chinese name, and a plain one for whoever can't read it."""
    plain = f"document{name[name.index('.') :]}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"
