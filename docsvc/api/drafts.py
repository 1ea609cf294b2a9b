"""Calls of the workbench: what keepers of templates look over, lay out, compare, publish and retire."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from docsvc.api import draft_models
from docsvc.api.documents import PREFIX, posted, preferred_wait
from docsvc.api.files import BINARY, PDF, PNG
from docsvc.api.open_calls import MULTIPART
from docsvc.api.problems import FormError
from docsvc.api.route import JSON, Answer, Header, as_json, route, service, waits
from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import DocumentType
from docsvc.usecases.intake import MAX_CASE_BYTES
from docsvc.usecases.work_on_drafts import Action, Answered, Request

MAX_TEMPLATE: Final = 4 << 20
MOST_SAMPLES: Final = 20
SAMPLE: Final = re.compile(r"valid-[A-Za-z0-9_-]{1,40}\.json", re.ASCII)
LOOK_S: Final = 0.2
FILE: Final = {"type": "string", "format": "binary"}
PARTS: Final[Mapping[str, Any]] = {
    "template": {**FILE, "description": "template.docx（缺省为现行版本 — default: the one in force）"},
    "schema": {**FILE, "description": "schema.json（缺省为现行版本 — default: the one in force）"},
    "samples": {
        "type": "array",
        "items": FILE,
        "description": "样例案件 valid-….json（缺省为现行版本 — default: those in force）",
    },
}


def _described(action: str, summary: str, **parts: Any) -> dict[str, Any]:
    return {
        "method": "POST",
        "path": f"/templates/<doc_type>/{action}",
        "tag": "workbench",
        "summary": summary,
        "permission": Permission.KEEP,
        "headers": (Header("Prefer", "wait=N：最多等待N秒 — wait up to N seconds for the result (RFC 7240)"),),
        "body": {MULTIPART: {"type": "object", "properties": {**PARTS, **parts}}},
        "answers": {
            200: Answer("已处理 — worked on; `state` says how it went", {JSON: draft_models.Draft}),
            202: Answer("等待处理 — ask its Location", {JSON: draft_models.Draft}, ("Location", "Retry-After")),
        },
        "problems": (400, 404, 409, 413, 415, 422),
    }


@route(**_described("lint", "检查模板草稿 — what is wrong with a draft"))
def lint_draft(principal: Principal, doc_type: str) -> Response:
    """Names, fields, expressions, fonts, legal elements, samples; each with its place."""
    return _hand_in(principal, "lint", doc_type)


@route(**_described("preview", "试排模板草稿 — lay a draft's samples out", case=FILE))
def preview_draft(principal: Principal, doc_type: str) -> Response:
    """PDFs marked as drafts, and page pictures; of the samples, or of `case` alone."""
    return _hand_in(principal, "preview", doc_type)


@route(**_described("diff", "与现行版本比较 — compare a draft with the version in force"))
def diff_draft(principal: Principal, doc_type: str) -> Response:
    """Changed lines and pages of each sample, and the code that publishing asks for."""
    return _hand_in(principal, "diff", doc_type)


@route(
    **_described(
        "publish",
        "发布为下一版 — make a draft the next version",
        accept={"type": "string", "description": "比较结果的同意代码 — the code of the comparison"},
        why={"type": "string", "maxLength": 500},
    )
)
def publish_draft(principal: Principal, doc_type: str) -> Response:
    """Only what has been compared, and passes lint."""
    return _hand_in(principal, "publish", doc_type)


@route(
    method="GET",
    path="/template-drafts/<draft_id>",
    tag="workbench",
    summary="草稿的处理结果 — what came of a draft",
    permission=Permission.KEEP,
    answers={200: Answer("状态和结果 — state and result; kept for a day", {JSON: draft_models.Draft})},
    problems=(404,),
)
def draft(principal: Principal, draft_id: str) -> Response:
    """`waiting`, `done` or `refused`."""
    return as_json(_draft(draft_id, service().drafts.look(principal, draft_id)))


@route(
    method="GET",
    path="/template-drafts/<draft_id>/<file>",
    tag="workbench",
    summary="试排的文件 — a file that was laid out",
    permission=Permission.KEEP,
    answers={200: Answer("样稿 — a PDF marked as a draft, or the picture of a page", {PDF: BINARY, PNG: BINARY})},
    problems=(404,),
)
def draft_file(principal: Principal, draft_id: str, file: str) -> Response:
    """As `proofs` names it."""
    data = service().drafts.made(principal, draft_id, file)
    return Response(data, mimetype=PDF if file.endswith(".pdf") else PNG)


@route(
    method="GET",
    path="/templates/<doc_type>/versions",
    tag="workbench",
    summary="模板的各个版本 — every version of a template",
    permission=Permission.KEEP,
    answers={200: Answer("旧的在前 — oldest first", {JSON: draft_models.VersionList})},
    problems=(404,),
)
def versions(principal: Principal, doc_type: str) -> Response:
    """Who published and who retired them, when and why."""
    return as_json(_versions(principal, doc_type))


@route(
    method="POST",
    path="/templates/<doc_type>/versions/<version>/retire",
    tag="workbench",
    summary="停用一个版本 — make no new document with a version",
    permission=Permission.KEEP,
    body={JSON: draft_models.RetireRequest},
    answers={200: Answer("各个版本 — every version", {JSON: draft_models.VersionList})},
    problems=(400, 404, 409, 413, 415, 422),
)
def retire_version(principal: Principal, doc_type: str, version: str) -> Response:
    """Documents that were made with it keep it."""
    reason = posted(draft_models.RetireRequest, "停用理由不合要求").reason
    service().drafts.retire(principal, doc_type, version, reason)
    return as_json(_versions(principal, doc_type))


def _hand_in(principal: Principal, action: Action, doc_type: str) -> Response:
    if request.mimetype != MULTIPART:
        raise FormError(415, "内容类型须为 multipart/form-data", "the content type must be multipart/form-data")
    request.max_content_length = MAX_TEMPLATE + (MOST_SAMPLES + 2) * MAX_CASE_BYTES
    wanted = Request(
        action,
        doc_type,
        principal.name,
        request.form.get("why", "")[:500],
        request.form.get("accept", ""),
    )
    counter = service().drafts
    try:
        name = counter.hand_in(principal, wanted, _files())
    finally:
        request.close()  # large files lie in the system's temporary folder
    answered = _wait(principal, name)
    response = as_json(_draft(name, answered), 202 if answered.result is None else 200)
    response.headers["Location"] = f"{PREFIX}/template-drafts/{name}"
    if answered.result is None:
        response.headers["Retry-After"] = "1"
    return response


def _files() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    single = {"template": ("template.docx", MAX_TEMPLATE), "schema": ("schema.json", MAX_CASE_BYTES)}
    for part, (name, limit) in {**single, "case": ("case.json", MAX_CASE_BYTES)}.items():
        if (file := request.files.get(part)) is not None:
            files[name] = _read(file.stream, limit, part)
        elif part in request.form:
            raise FormError(422, f"{part} 须作为文件上传", f"{part} has to be a file", f"/{part}", "SCHEMA")
    samples = request.files.getlist("samples")
    if len(samples) > MOST_SAMPLES:
        told = f"样例案件超过{MOST_SAMPLES}个", f"more than {MOST_SAMPLES} samples"
        raise FormError(422, *told, "/samples", "SCHEMA")
    for file in samples:
        if not SAMPLE.fullmatch(file.filename or ""):
            raise FormError(422, "样例须名为 valid-….json", "samples are called valid-….json", "/samples", "SCHEMA")
        files[f"cases/{file.filename}"] = _read(file.stream, MAX_CASE_BYTES, "samples")
    return files


def _read(stream: Any, limit: int, part: str) -> bytes:
    data: bytes = stream.read(limit + 1)
    if len(data) > limit:
        raise FormError(413, f"{part} 过大", f"{part} is larger than {limit} bytes", f"/{part}")
    return data


def _wait(principal: Principal, name: str) -> Answered:
    """The result, if it comes as long as the caller wants to wait and a thread can be spared."""
    answered = service().drafts.look(principal, name)
    seconds = preferred_wait(request.headers.getlist("Prefer"))
    if seconds is None or not waits().acquire(blocking=False):
        return answered
    try:
        end = time.monotonic() + min(seconds, service().settings.max_wait_s)
        while answered.result is None and time.monotonic() < end:
            time.sleep(LOOK_S)
            answered = service().drafts.look(principal, name)
    finally:
        waits().release()
    return answered


def _draft(name: str, answered: Answered) -> draft_models.Draft:
    here = f"{PREFIX}/template-drafts/{name}"
    result = dict(answered.result or {})
    for proof in result.get("proofs", ()):
        proof["pdf"] = f"{here}/{proof['pdf']}"
        proof["pictures"] = [f"{here}/{picture}" for picture in proof["pictures"]]
    state = "waiting" if answered.result is None else "refused" if "error" in result else "done"
    wanted = answered.request
    return draft_models.Draft.model_validate(
        {"id": name, "action": wanted.action, "doc_type": wanted.doc_type, "state": state, **result}
    )


def _versions(principal: Principal, doc_type: str) -> draft_models.VersionList:
    found = service().drafts.versions(principal, doc_type)
    in_force = service().templates.get(doc_type)
    return draft_models.VersionList(versions=[_version(each, in_force) for each in found])


def _version(version: DocumentType, in_force: DocumentType) -> draft_models.Version:
    def remark(said: Any) -> draft_models.VersionRemark | None:
        return None if said is None else draft_models.VersionRemark(by=said.by, at=said.at, why=said.why)

    return draft_models.Version(
        version=version.manifest.version,
        sha256=version.sha256,
        in_force=version.retired is None and version.manifest.version == in_force.manifest.version,
        published=remark(version.published),
        retired=remark(version.retired),
    )
