"""The OpenAPI 3.1 description, made from the routes themselves, and its readable page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

from flask import Response, current_app, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from docsvc import __version__
from docsvc.api import draft_models, models, signature_models
from docsvc.api.problems import MEDIA_TYPE, TITLES, all_kinds
from docsvc.api.route import JSON, Answer, Route, as_json, route, service
from docsvc.bootstrap import Service

ROUTES: Final = "docsvc.routes"
SPEC: Final = "docsvc.openapi"
PREFIX: Final = "/api/v1"
REF: Final = "#/components/schemas/{model}"
PART: Final = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")

TAGS: Final = (
    ("documents", "文书 — documents: post, find, look, void"),
    ("signatures", "签名 — signatures of those who sign beside the agency"),
    ("batches", "批次 — batches: many cases in one file"),
    ("files", "文件 — files: signed PDF, Word, evidence, pictures"),
    ("templates", "文书类型 — document types and their case JSON"),
    ("workbench", "模板工作台 — for keepers of templates: drafts and versions"),
    ("verification", "验证 — verification, open to anyone"),
    ("log", "日志 — the log, open to anyone"),
    ("service", "服务 — the service itself"),
)
PARTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "document_id": {"type": "string", "description": "文书标识 — id of the document", "format": "uuid"},
    "field": {"type": "string", "description": "签名栏 — signature field", "examples": ["Party"]},
    "batch_id": {"type": "string", "description": "批次标识 — id of the batch", "format": "uuid"},
    "page": {"type": "integer", "minimum": 1, "description": "页码 — page, from 1"},
    "doc_type": {"type": "string", "description": "文书类型 — document type", "examples": ["advice"]},
    "version": {"type": "string", "description": "版本 — version", "examples": ["2"]},
    "draft_id": {"type": "string", "description": "草稿标识 — id of a draft", "pattern": "^[0-9a-f]{32}$"},
    "file": {"type": "string", "description": "文件名 — as the result names it"},
    "rest": {"type": "string", "description": "`<L>/<N>[.p/<W>]`", "examples": ["0/000.p/7", "entries/000"]},
}
RESPONSE_HEADERS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "Location": (
        "所立文书或者批次的地址 — where the document or batch is",
        {"type": "string", "format": "uri-reference"},
    ),
    "Preference-Applied": ("实际等待上限 — the wait that was granted (RFC 7240)", {"type": "string"}),
    "Retry-After": ("建议多少秒后再问 — seconds after which to ask again", {"type": "integer"}),
    "Link": ('下一页 — rel="next" (RFC 8288)', {"type": "string"}),
    "ETag": ("文件的SHA-256 — strong, of the whole file", {"type": "string"}),
    "Repr-Digest": ("整个文件的摘要 — sha-256 of the whole file (RFC 9530)", {"type": "string"}),
    "Content-Disposition": ("文件名 — the file's name (RFC 6266)", {"type": "string"}),
    "Accept-Ranges": ("bytes", {"type": "string"}),
    "Content-Range": ("所给的一段 — the range that is sent", {"type": "string"}),
    "WWW-Authenticate": ("Bearer", {"type": "string"}),
    "X-Request-Id": ("请求编号：询问时请提供 — of this request, to ask about it", {"type": "string"}),
}
MODELS: Final[tuple[type[BaseModel], ...]] = (
    models.Document,
    models.DocumentPage,
    models.History,
    models.VoidRequest,
    models.Batch,
    models.BatchPage,
    models.BatchRowPage,
    models.TemplateList,
    *signature_models.MODELS,
    draft_models.Draft,
    draft_models.VersionList,
    draft_models.RetireRequest,
    models.Alive,
    models.Ready,
    models.Problem,
)


@route(
    method="GET",
    path="/openapi.json",
    tag="service",
    summary="本接口的OpenAPI描述 — this description",
    permission=None,
    at_root=True,
    answers={200: Answer("OpenAPI 3.1", {JSON: {"type": "object"}})},
)
def openapi() -> Response:
    """Made once a process."""
    response = as_json(spec())
    response.headers["Cache-Control"] = "no-cache"
    return response


@route(
    method="GET",
    path="/docs",
    tag="service",
    summary="可读的接口说明 — the description as a page",
    permission=None,
    at_root=True,
    answers={200: Answer("HTML", {"text/html": {"type": "string"}})},
)
def docs() -> Response:
    """Calls by subject, and every kind of problem."""
    page = render_template("docs.html", spec=spec(), tags=TAGS, calls=_calls(spec()), kinds=all_kinds())
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


def spec() -> Mapping[str, Any]:
    """The description of this process's API."""
    known: dict[str, Any] | None = current_app.extensions.get(SPEC)
    if known is None:
        known = current_app.extensions[SPEC] = describe(current_app.extensions[ROUTES], service())
    return known


def describe(routes: Iterable[Route], service: Service) -> dict[str, Any]:
    """An OpenAPI 3.1 document of these routes."""
    schemas, examples = _case_schemas(service)
    paths: dict[str, dict[str, Any]] = {}
    for r in routes:
        for prefix in (PREFIX, "") if r.at_root else (PREFIX,):
            path = PART.sub(r"{\g<name>}", prefix + r.path)
            paths.setdefault(path, {})[r.method.lower()] = _operation(r, prefix, examples)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "柔性执法文书服务 — docsvc",
            "version": __version__,
            "description": "案件JSON制成盖章的公文，存证并登记入日志。\n\n"
            "Case JSON becomes a sealed official document, stored and recorded in a log that anyone can check.",
        },
        "servers": [{"url": service.settings.public}],
        "tags": [{"name": name, "description": text} for name, text in TAGS],
        "paths": paths,
        "components": {
            "schemas": {**_model_schemas(), **schemas},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "API密钥 — an API key, made by `docsvc clients add`: docsvc_<id>_<secret>",
                }
            },
        },
    }


def _operation(r: Route, prefix: str, examples: Mapping[str, Any]) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", PART.sub(r"\g<name>", r.path)).strip("_")
    operation: dict[str, Any] = {
        "operationId": f"{r.method.lower()}_{name}" + ("" if prefix else "_at_root"),
        "tags": [r.tag],
        "summary": r.summary,
        "parameters": _parameters(r),
        "responses": _responses(r),
        "security": [{"key": []}] if r.permission else [],
    }
    if r.permission:
        operation["description"] = f"需要权限 — needs the scope `{r.permission}`"
    if r.body:
        content = {media: {"schema": _schema_of(shape)} for media, shape in r.body.items()}
        if r.body.get(JSON) == "case":
            content[JSON]["examples"] = {name: {"value": value} for name, value in examples.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(r: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for m in PART.finditer(r.path):
        schema = dict(PARTS[m["name"]])
        found.append(
            {
                "name": m["name"],
                "in": "path",
                "required": True,
                "description": schema.pop("description"),
                "schema": schema,
            }
        )
    found += [
        {
            "name": header.name,
            "in": "header",
            "required": header.required,
            "description": header.description,
            "schema": dict(header.schema),
        }
        for header in r.headers
    ]
    if r.query is not None:
        described = r.query.model_json_schema(ref_template=REF)
        for name, property_ in described["properties"].items():
            schema = _present(property_)
            parameter = {"name": name, "in": "query", "required": False, "schema": schema}
            if text := schema.pop("description", None):
                parameter["description"] = text
            found.append(parameter)
    return found


def _present(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter is there or not; none is `null`."""
    plain = {k: v for k, v in schema.items() if k not in {"anyOf", "title"} and not (k == "default" and v is None)}
    options = [o for o in schema.get("anyOf", ()) if o.get("type") != "null"]
    return {**plain, **options[0]} if len(options) == 1 else plain


def _responses(r: Route) -> dict[str, Any]:
    responses = {}
    for status, answer in r.answers.items():
        headers = {name: _header(name) for name in (*answer.headers, "X-Request-Id")}
        responses[str(status)] = {"description": answer.description, "headers": headers}
        if answer.content:
            responses[str(status)]["content"] = {
                media: {"schema": _schema_of(shape)} for media, shape in answer.content.items()
            }
    always = [500, 503]
    always += [] if r.unlimited else [429]
    always += [401, 403] if r.permission else []
    for status in sorted({*r.problems, *always} - set(r.answers)):
        names = ["X-Request-Id"]
        names += ["Retry-After"] if status in {429, 503} else []
        names += ["WWW-Authenticate"] if status == HTTPStatus.UNAUTHORIZED else []
        names += ["Content-Range"] if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE else []
        responses[str(status)] = {
            "description": f"{TITLES[status]} — {HTTPStatus(status).phrase}",
            "headers": {name: _header(name) for name in names},
            "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}},
        }
    return responses


def _header(name: str) -> dict[str, Any]:
    description, schema = RESPONSE_HEADERS[name]
    return {"description": description, "schema": dict(schema)}


def _schema_of(shape: Any) -> Mapping[str, Any]:
    if isinstance(shape, str):
        return {"$ref": REF.format(model=shape)}
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return {"$ref": REF.format(model=shape.__name__)}
    described: Mapping[str, Any] = shape
    return described


def _model_schemas() -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], Literal["serialization"]]] = [(m, "serialization") for m in MODELS]
    _, described = models_json_schema(wanted, ref_template=REF)
    found: dict[str, Any] = dict(described["$defs"])
    query = models.DocumentQuery.model_json_schema(ref_template=REF)
    found |= query.get("$defs", {})
    report = dict(models.report_schema())
    return {**found, **report.pop("$defs"), "report": report}


def _case_schemas(service: Service) -> tuple[dict[str, Any], dict[str, Any]]:
    """The case of each type as schemas of their own names, their union, and an example of each."""
    schemas: dict[str, Any] = {}
    examples = {}
    names = service.templates.names()
    for doc_type in names:
        own = dict(service.templates.get(doc_type).schema)
        for key in ("$schema", "$id"):
            own.pop(key, None)
        for name, definition in dict(own.pop("$defs", {})).items():
            schemas[f"{doc_type}.{name}"] = _renamed(definition, doc_type)
        schemas[doc_type] = _renamed(own, doc_type)
        if (example := service.sample_case(doc_type)) is not None:
            examples[doc_type] = example
    schemas["case"] = {
        "oneOf": [{"$ref": REF.format(model=doc_type)} for doc_type in names],
        "discriminator": {
            "propertyName": "doc_type",
            "mapping": {doc_type: REF.format(model=doc_type) for doc_type in names},
        },
    }
    return schemas, examples


def _renamed(value: Any, doc_type: str) -> Any:
    """A copy whose references to `#/$defs/…` lead to the components."""
    if isinstance(value, Mapping):
        return {
            k: REF.format(model=f"{doc_type}.{v.removeprefix('#/$defs/')}")
            if k == "$ref" and isinstance(v, str)
            else _renamed(v, doc_type)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_renamed(item, doc_type) for item in value]
    return value


def _calls(described: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, for the page; what stands at the root as well is shown once."""
    calls: dict[str, list[dict[str, Any]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if not operation["operationId"].endswith("_at_root"):
                calls.setdefault(operation["tags"][0], []).append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "scope": operation.get("description", "").partition("`")[2].rstrip("`"),
                        **operation,
                    }
                )
    return calls
