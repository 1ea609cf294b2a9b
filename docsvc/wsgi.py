"""The web application of one process: the API and the pages under one roof."""

from __future__ import annotations

import atexit
import re
import threading
import time
import uuid
from contextlib import ExitStack
from typing import Final

import structlog
from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from docsvc import api, web
from docsvc.api.health import REGISTRY
from docsvc.bootstrap import Service, open_process
from docsvc.telemetry import logger
from docsvc.web.errors import page
from docsvc.web.guard import protect, someone

TOO_MANY: Final = 429
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
FORM_MEMORY: Final = 4_000_000  # a case pasted into a page's form, percent-encoded by nobody, held in memory


def create_app() -> Flask:
    """The application on the service of this process, which ends with the process."""
    closing = ExitStack()
    atexit.register(closing.close)
    service = closing.enter_context(open_process())
    threading.Thread(target=service.warm, name="warm-up", daemon=True).start()
    return build_app(service)


def build_app(service: Service) -> Flask:
    """The application on a service that somebody else closes."""
    settings = service.settings
    app = Flask("docsvc.wsgi", static_folder=None)
    app.url_map.merge_slashes = False  # `//` is another path, and leads nowhere
    app.config["MAX_CONTENT_LENGTH"] = (2 * settings.max_upload_mb + 1) << 20
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_MEMORY
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]  # as Flask's documentation says
    app.before_request(_begin)
    limiter = _limiter(service)
    app.extensions["docsvc.limiter"] = limiter
    api.register(app, service)
    web.register(app, service)
    limiter.init_app(app)  # asks who calls, so after those who find that out
    app.register_error_handler(HTTPException, _unmatched)

    @app.after_request
    def _end(response: Response) -> Response:
        seconds = time.monotonic() - g.begun
        response.headers["X-Request-Id"] = g.request_id
        if settings.public.startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if response.status_code == TOO_MANY and (refused := limiter.current_limit) is not None:
            response.headers["Retry-After"] = str(max(1, round(refused.reset_at - time.time())))
        app.extensions[REGISTRY].count(response, seconds)
        principal = g.get("principal")
        logger().info(
            "http_request",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else None,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            caller=principal.id if principal else None,
        )
        return response

    return app


def _begin() -> None:
    g.begun = time.monotonic()
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _limiter(service: Service) -> Limiter:
    """Who is known has the wide limit, everyone else the narrow one by address; the log is for everybody."""
    settings = service.settings

    def narrow() -> bool:
        if api.concerns(request.path):
            known = g.get("principal") is not None or request.path.startswith(("/log/", "/api/v1/log/"))
            return api.counted_as_anonymous() or not known
        return someone() is None

    def whose() -> str:
        principal = g.get("principal")
        who = f"{principal.kind}:{principal.id}" if principal else f"address:{get_remote_address()}"
        return f"{who}:{'narrow' if narrow() else 'wide'}"

    limiter = Limiter(
        whose,
        application_limits=[lambda: settings.rate_limit_anonymous if narrow() else settings.rate_limit],
        storage_uri=settings.rate_limit_storage.get_secret_value(),
        in_memory_fallback_enabled=True,  # a store of counters that is down stops nobody
        strategy="moving-window",
    )

    @limiter.request_filter
    def _free() -> bool:
        return api.never_limited() or request.endpoint == "web.static"

    return limiter


def _unmatched(error: HTTPException) -> ResponseReturnValue:
    """No route was found: a problem at the API's paths, a page elsewhere."""
    if api.concerns(request.path):
        return api.unmatched(error)
    return protect(page(error.code or 500, None, error.get_headers()))
