"""Calls open to anyone: templates and their schemas, verification of a file, the published log."""

from __future__ import annotations

from typing import Final

from flask import Response, request
from werkzeug.datastructures import FileStorage

from docsvc.api import models
from docsvc.api.problems import FormError
from docsvc.api.route import JSON, Answer, as_json, route, service
from docsvc.domain.errors import NotFoundError

SCHEMA: Final = "application/schema+json"
MULTIPART: Final = "multipart/form-data"
OCTETS: Final = "application/octet-stream"


@route(
    method="GET",
    path="/templates",
    tag="templates",
    summary="可制作的文书类型 — what can be made",
    permission=None,
    answers={200: Answer("文书类型 — document types", {JSON: models.TemplateList})},
)
def templates() -> Response:
    """Each type with its title, version and level."""
    folder = service().templates
    types = [folder.get(name) for name in folder.names()]
    return as_json(
        models.TemplateList(
            templates=[
                models.Template(
                    doc_type=m.doc_type,
                    title=m.title,
                    title_en=m.title_en,
                    version=m.version,
                    level=m.level,
                    legal_nature=m.legal_nature,
                    layouts=t.layout_names,
                    schema_link=f"/api/v1/templates/{m.doc_type}/schema",
                )
                for t in types
                for m in [t.manifest]
            ]
        )
    )


@route(
    method="GET",
    path="/templates/<doc_type>/schema",
    tag="templates",
    summary="案件JSON的结构 — JSON Schema of its case",
    permission=None,
    answers={200: Answer("JSON Schema 2020-12", {SCHEMA: {"type": "object"}})},
    problems=(404,),
)
def schema(doc_type: str) -> Response:
    """The shape that intake checks; the rules of the catalogue come on top."""
    folder = service().templates
    if doc_type not in folder.names():
        raise NotFoundError("没有这种文书；no such document type")
    return as_json(folder.get(doc_type).schema, media_type=SCHEMA)


@route(
    method="POST",
    path="/verifications",
    tag="verification",
    summary="验证PDF — verify a PDF, with its evidence bundle if there is one",
    permission=None,
    anonymous_limit=True,
    body={
        MULTIPART: {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary", "description": "PDF"},
                "evidence": {"type": "string", "format": "binary", "description": "证据包 — evidence bundle (zip)"},
            },
        }
    },
    answers={200: Answer("验证报告 — the report; `indication` is the verdict", {JSON: "report"})},
    problems=(400, 413, 415, 422),
)
def verify() -> Response:
    """The same report as `docsvc verify --json`, whatever the file is; nothing of it is kept."""
    if request.mimetype != MULTIPART:
        raise FormError(415, "内容类型须为 multipart/form-data", "the content type must be multipart/form-data")
    limit = service().settings.max_upload_mb << 20
    request.max_content_length = 2 * limit + (1 << 20)  # the bundle holds the PDF once more
    file, bundle = request.files.get("file"), request.files.get("evidence")
    if file is None:
        raise FormError(422, "须上传PDF（字段 file）", "the PDF is missing (field file)", "/file", "SCHEMA")
    if "evidence" in request.form:  # else whoever forgot to send it as a file would read a report without it
        raise FormError(422, "证据包须作为文件上传", "evidence has to be a file", "/evidence", "SCHEMA")
    pdf = _read(file, limit)
    evidence = None if bundle is None else _read(bundle, limit)
    report = service().outside.verify(pdf, evidence)
    return as_json({"file": file.filename or None, **report.as_json()})


@route(
    method="GET",
    path="/log/checkpoint",
    tag="log",
    summary="最新检查点 — the newest checkpoint (C2SP tlog-checkpoint)",
    permission=None,
    at_root=True,
    answers={200: Answer("签名的树头 — signed tree head", {"text/plain": {"type": "string"}})},
    problems=(404,),
)
def checkpoint() -> Response:
    """Changes as the log grows; each one stays true."""
    response = Response(service().published_log.checkpoint(), mimetype="text/plain")
    response.headers["Cache-Control"] = "no-cache"
    return response


@route(
    method="GET",
    path="/log/tile/<path:rest>",
    tag="log",
    summary="日志的一块 — a tile or entry bundle (C2SP tlog-tiles)",
    permission=None,
    at_root=True,
    answers={200: Answer("内容永不改变 — never changes", {OCTETS: {"type": "string", "format": "binary"}})},
    problems=(404,),
)
def tile(rest: str) -> Response:
    """`<L>/<N>[.p/<W>]`, L is a level or `entries`."""
    response = Response(service().published_log.tile(f"tile/{rest}"), mimetype=OCTETS)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _read(file: FileStorage, limit: int) -> bytes:
    data = file.stream.read(limit + 1)
    if len(data) > limit:
        raise FormError(413, "文件过大", f"the file is larger than {limit >> 20} MiB")
    return data
