"""Faults as RFC 9457 problems: one table from our errors to statuses, and the answer in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Response, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from docsvc.domain import errors
from docsvc.domain.errors import DocsvcError, Finding

MEDIA_TYPE: Final = "application/problem+json"
TYPES: Final = "/docs#problem-"
RETRY_AFTER_S: Final = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its HTTP status, and its title in both languages."""

    status: int
    title: str
    title_en: str


KINDS: Final[Mapping[type[DocsvcError], Kind]] = {
    DocsvcError: Kind(500, "服务内部错误", "Internal error"),
    errors.CaseRefusedError: Kind(422, "案件不符合要求", "The case is refused"),
    errors.SignatureRefusedError: Kind(422, "签名不能接受", "The signature is refused"),
    errors.LinkGoneError: Kind(410, "链接已失效", "The link is not valid any more"),
    errors.RegistryRefusedError: Kind(422, "登记表不符合要求", "The registry is refused"),
    errors.TableRefusedError: Kind(422, "表格无法读取", "The table is refused"),
    errors.TableTooLargeError: Kind(413, "内容过大", "The table is too large"),
    errors.TemplateFaultError: Kind(500, "模板有误", "A template is broken"),
    errors.MissingGlyphError: Kind(500, "字体缺字", "A glyph is missing"),
    errors.ConversionError: Kind(503, "暂时无法生成", "Can't be laid out now"),
    errors.DocumentRefusedError: Kind(500, "文书无法生成", "Can't be laid out"),
    errors.SealError: Kind(500, "无法盖章", "Can't be sealed"),
    errors.KeyAwayError: Kind(503, "印章密钥暂不可用", "A seal's key does not answer"),
    errors.QuotaError: Kind(503, "用印已达限额", "A seal's quota is used up"),
    errors.SealUnusableError: Kind(503, "印章暂不能使用", "A seal can't be used now"),
    errors.StoreError: Kind(503, "存储暂不可用", "The store does not answer"),
    errors.ObjectMissingError: Kind(500, "存储中缺少文件", "A stored file is missing"),
    errors.AlteredError: Kind(500, "存储文件已被改动", "A stored file was altered"),
    errors.DatabaseError: Kind(503, "数据库暂不可用", "The database does not answer"),
    errors.DuplicateError: Kind(409, "已经存在", "There is one already"),
    errors.LogError: Kind(500, "日志有误", "The log contradicts itself"),
    errors.EvidenceError: Kind(409, "证据包尚不可用", "The evidence is not ready"),
    errors.SetupError: Kind(503, "服务尚未配置完成", "The service is not set up"),
    errors.KeyMismatchError: Kind(503, "密钥与证书不符", "A key does not belong to its certificate"),
    errors.UsageError: Kind(400, "请求有误", "The request is wrong"),
    errors.BusyError: Kind(409, "正在处理", "It is being worked on"),
    errors.LeaseLostError: Kind(409, "正在处理", "It is being worked on"),
    errors.QueueError: Kind(503, "消息队列暂不可用", "The broker does not answer"),
    errors.OverloadedError: Kind(503, "同时请求过多", "Too much at once"),
    errors.NotFoundError: Kind(404, "没有找到", "Not found"),
    errors.ForbiddenError: Kind(403, "没有权限", "Not permitted"),
    errors.UnauthorizedError: Kind(401, "未通过身份验证", "Not authenticated"),
    errors.ConflictError: Kind(409, "与当前状态冲突", "Conflicts with the present state"),
    errors.StillRunningError: Kind(409, "同一请求仍在处理", "The same request still runs"),
    errors.KeyReusedError: Kind(422, "Idempotency-Key 已用于其他内容", "The Idempotency-Key is taken"),
}

TITLES: Final[Mapping[int, str]] = {
    400: "请求有误",
    401: "未通过身份验证",
    403: "没有权限",
    404: "没有找到",
    405: "不支持此方法",
    406: "无法提供所要求的格式",
    408: "请求超时",
    409: "与当前状态冲突",
    410: "已失效",
    411: "缺少内容长度",
    412: "前提条件不成立",
    413: "内容过大",
    414: "地址过长",
    415: "不支持的内容类型",
    416: "所求范围不存在",
    417: "无法满足预期",
    422: "内容不合要求",
    428: "缺少前提条件",
    429: "请求过于频繁",
    431: "请求头过大",
    500: "服务内部错误",
    503: "服务暂不可用",
}


class FormError(Exception):
    """A request whose header, parameter or body is not in its form; never leaves the API."""

    def __init__(self, status: int, message: str, message_en: str, pointer: str = "", rule: str = "FORM") -> None:
        self.status = status
        self.findings = (Finding(rule, pointer, message, message_en),)
        super().__init__(message_en)


def problem(
    status: int,
    slug: str,
    title: tuple[str, str],
    detail: tuple[str, str] | None = None,
    findings: Iterable[Finding] = (),
) -> Response:
    """A problem answer. `slug` names its kind in its `type`, an anchor of the readable page."""
    body: dict[str, Any] = {
        "type": f"{TYPES}{slug}",
        "title": title[0],
        "title_en": title[1],
        "status": status,
        "request_id": g.get("request_id"),
    }
    if detail is not None:
        body["detail"], body["detail_en"] = detail
    if listed := [_finding(f) for f in findings]:
        body["errors"] = listed
    return Response(json.dumps(body, ensure_ascii=False).encode(), status, mimetype=MEDIA_TYPE)


def of_error(error: DocsvcError) -> Response:
    """The problem that one of our errors is. From 500 on the cause stays in the log: the request's id finds it."""
    kind = KINDS[type(error)]
    slug = error.kind.replace("_", "-")
    titles = kind.title, kind.title_en
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        response = problem(kind.status, slug, titles)
    elif isinstance(error, errors.CaseRefusedError | errors.RegistryRefusedError):
        count = len(error.findings)
        detail = f"共有{count}处问题，未留下任何记录", f"{count} faults; nothing was kept"
        response = problem(kind.status, slug, titles, detail, error.findings)
    elif isinstance(error, errors.SignatureRefusedError):
        response = problem(kind.status, slug, titles, both_languages(str(error)), error.findings)
    else:
        response = problem(kind.status, slug, titles, both_languages(str(error)))
    if error.retryable or kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="docsvc"'
    return response


def of_form(error: FormError) -> Response:
    """The problem that a request out of form is."""
    (finding,) = error.findings
    titles = TITLES.get(error.status, "请求有误"), HTTPStatus(error.status).phrase
    detail = finding.message, finding.message_en
    response = problem(error.status, _slug(error.status), titles, detail, error.findings)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def of_http(error: HTTPException) -> Response:
    """The problem that Flask's own refusals are: unknown path, method, size, rate."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR.value
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = error.name
    response = problem(status, _slug(status), (TITLES.get(status, "请求未能完成"), phrase))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def both_languages(sentence: str) -> tuple[str, str]:
    """Our sentences are Chinese, a semicolon, English; one that is not so stands for both."""
    chinese, mark, english = sentence.rpartition("；")
    return (chinese, english) if mark and english[:1].strip() and english[0].isascii() else (sentence, sentence)


def all_kinds() -> Sequence[tuple[str, Kind, str]]:
    """Slug, kind and meaning of every problem of our own, for the readable page."""
    return [(e.kind.replace("_", "-"), kind, (e.__doc__ or "").partition("\n")[0]) for e, kind in KINDS.items()]


def _slug(status: int) -> str:
    return f"http-{status}"


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "pointer": finding.pointer,
        "rule": finding.rule,
        "message": finding.message,
        "message_en": finding.message_en,
    }
