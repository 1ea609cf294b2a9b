"""The HTTP API for systems: thin, each call one use case; HTTP words live here and not below."""

from __future__ import annotations

import threading

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from docsvc.api import batches, documents, drafts, files, health, open_calls, signatures, spec
from docsvc.api.problems import FormError, of_error, of_form, of_http, problem
from docsvc.api.route import EXTENSION, WAITS, Route, View, identify, route_of
from docsvc.bootstrap import Service
from docsvc.domain.errors import DocsvcError
from docsvc.telemetry import logger

__all__ = ["concerns", "counted_as_anonymous", "never_limited", "protect", "register", "unmatched"]

VIEWS: tuple[View, ...] = (
    documents.post,
    documents.search,
    documents.one,
    documents.events,
    documents.void,
    signatures.signatures,
    signatures.prepare_signature,
    signatures.give_signature,
    signatures.signature_link,
    signatures.refuse_signature,
    files.content,
    files.docx,
    files.evidence,
    files.sm2,
    files.preview,
    batches.post_batch,
    batches.batch_list,
    batches.batch,
    batches.batch_rows,
    batches.batch_documents,
    batches.batch_print,
    open_calls.templates,
    open_calls.schema,
    drafts.lint_draft,
    drafts.preview_draft,
    drafts.diff_draft,
    drafts.publish_draft,
    drafts.draft,
    drafts.draft_file,
    drafts.versions,
    drafts.retire_version,
    open_calls.verify,
    open_calls.checkpoint,
    open_calls.tile,
    health.healthz,
    health.readyz,
    health.metrics,
    spec.openapi,
    spec.docs,
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ROOT_PATHS = frozenset(route_of(view).path for view in VIEWS if route_of(view).at_root)


def register(app: Flask, service: Service) -> None:
    """Add the API to an application; `service` answers it."""
    app.extensions[EXTENSION] = service
    app.extensions[WAITS] = threading.BoundedSemaphore(max(1, service.settings.web_threads // 2))
    app.extensions[spec.ROUTES] = [route_of(view) for view in VIEWS]
    health.install(app, service)

    @app.before_request
    def _identify() -> None:
        if concerns(request.path):
            identify()

    for blueprint in (
        Blueprint("api", __name__, url_prefix=spec.PREFIX, template_folder="templates"),
        Blueprint("root", __name__, template_folder="templates"),
    ):
        for view in VIEWS:
            described = route_of(view)
            if blueprint.name == "api" or described.at_root:
                blueprint.add_url_rule(described.path, view.__name__, view, methods=[described.method])
        blueprint.register_error_handler(DocsvcError, _told)
        blueprint.register_error_handler(FormError, of_form)
        blueprint.register_error_handler(HTTPException, of_http)
        blueprint.register_error_handler(Exception, _unforeseen)
        blueprint.after_request(protect)
        app.register_blueprint(blueprint)


def concerns(path: str) -> bool:
    """Is this the API's path, matched or not? All others are pages."""
    return path.startswith(("/api/", "/log/")) or path in ROOT_PATHS


def unmatched(error: HTTPException) -> Response:
    """The answer where no route of the API was found."""
    return protect(of_http(error))


def never_limited() -> bool:
    """Is this a probe, which may ask as often as it likes?"""
    described = _described()
    return described is not None and described.unlimited


def counted_as_anonymous() -> bool:
    """Does this call count as nobody's in particular, whoever makes it?"""
    described = _described()
    return described is not None and described.anonymous_limit


def protect(response: Response) -> Response:
    """Headers of every answer of the API, where it has not set its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _described() -> Route | None:
    if request.blueprint not in {"api", "root"} or request.endpoint is None:
        return None
    name = request.endpoint.rpartition(".")[2]
    return next((route_of(view) for view in VIEWS if view.__name__ == name), None)


def _told(error: DocsvcError) -> Response:
    response = of_error(error)
    g.fault = error.kind
    if response.status_code >= 500:  # noqa: PLR2004 - the statuses that are our fault
        logger().error("api_fault", kind=error.kind, endpoint=request.endpoint, exc_info=error)
    return response


def _unforeseen(error: Exception) -> Response:
    g.fault = "internal"
    logger().error("api_fault", kind="internal", endpoint=request.endpoint, exc_info=error)
    return problem(500, "internal", ("服务内部错误", "Internal error"))
