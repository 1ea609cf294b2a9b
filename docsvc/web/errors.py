"""Faults as pages of the same look: what happened, what to do, and the request's id for whoever is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from docsvc.domain.errors import (
    AlteredError,
    BusyError,
    ConflictError,
    DocsvcError,
    ForbiddenError,
    LinkGoneError,
    NotFoundError,
    SignatureRefusedError,
    UnauthorizedError,
    UsageError,
)
from docsvc.telemetry import logger
from docsvc.web.guard import ask_to_sign_in, pages
from docsvc.web.words import Words

TITLES: Final = {
    400: Words("请求无法处理", "The request can't be read"),
    403: Words("没有此项权限", "Not permitted"),
    404: Words("没有这个页面或者文书", "There is no such page or document"),
    405: Words("此处不能这样操作", "This can't be done here"),
    409: Words("现在还不能这样操作", "This can't be done now"),
    410: Words("链接已失效", "The link is not valid any more"),
    413: Words("内容过大", "Too large"),
    429: Words("操作过于频繁", "Too many requests"),
    500: Words("系统出错", "Something went wrong"),
    503: Words("系统暂不可用", "Not available now"),
}
ADVICE: Final = {
    400: Words(
        "表单可能已经过期。请返回上一页，刷新后再试。", "The form may have expired: go back, reload, try again."
    ),
    403: Words("如需此项权限，请联系管理员。", "Ask the administrator if you need to do this."),
    404: Words("请核对地址或者文号。", "Check the address or the number."),
    410: Words("请向执法人员索取新的链接。", "Ask the officers for a new link."),
    413: Words("请减小文件或者内容后再试。", "Send less at once."),
    429: Words("请稍候一分钟再试。", "Wait a minute, then try again."),
    500: Words(
        "请稍后再试；仍不成功的，请将编号告知运维人员。", "Try again later; else tell the operator the id below."
    ),
    503: Words("请稍后再试。", "Try again in a little while."),
}
ALTERED: Final = "存储的文件已被改动，不予提供；the stored file was altered: nobody gets it"
SERVER_FAULT: Final = 500
STATUSES: Final[Mapping[type[DocsvcError], int]] = {  # the first that fits
    UnauthorizedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    LinkGoneError: 410,
    ConflictError: 409,
    BusyError: 409,
    SignatureRefusedError: 422,
    UsageError: 400,
}


def status_of(fault: DocsvcError) -> int:
    """The HTTP status that a fault of the core is shown with."""
    for kind, status in STATUSES.items():
        if isinstance(fault, kind):
            return status
    return 503 if fault.retryable else 500


@pages.errorhandler(DocsvcError)
def tell_fault(fault: DocsvcError) -> ResponseReturnValue:
    """A fault of the core in its own sentence; from 500 on that may name servers, so it stays in the log, but who
    asks for a file that was altered is told so.
    """
    status = status_of(fault)
    if status == 401:  # noqa: PLR2004 - the status that leads to the sign-in page
        return ask_to_sign_in()
    if status >= SERVER_FAULT:
        logger().error("page_fault", kind=fault.kind, endpoint=request.endpoint, exc_info=fault)
        return page(status, ALTERED if isinstance(fault, AlteredError) else None)
    return page(status, str(fault))


@pages.errorhandler(HTTPException)
def tell_http(error: HTTPException) -> ResponseReturnValue:
    """What Flask itself refuses."""
    if error.response is not None:
        return error.response
    return page(error.code or SERVER_FAULT, None, error.get_headers())


@pages.errorhandler(Exception)
def tell_unforeseen(error: Exception) -> ResponseReturnValue:
    """A fault of ours: nothing of it is shown."""
    logger().error("page_fault", kind="internal", endpoint=request.endpoint, exc_info=error)
    return tell_http(InternalServerError())


def page(status: int, sentence: str | None, headers: object = ()) -> Response:
    """The page; for a part of a page that was to be refreshed, nothing: what is there stays."""
    title = TITLES.get(status, TITLES[SERVER_FAULT] if status >= SERVER_FAULT else TITLES[400])
    body = render_template(
        "error.html",
        status=status,
        title=title,
        sentence=sentence,
        advice=ADVICE.get(status),
        request_id=g.get("request_id"),
    )
    response = Response(body, status, content_type="text/html; charset=utf-8")
    for name, value in dict(headers).items():  # type: ignore[call-overload] # pairs, as werkzeug has them
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    if "HX-Request" in request.headers:
        response.headers["HX-Reswap"] = "none"
    return response
