"""Who is looking at a page: the session's cookie, what they may, forms that only our own pages can send."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from docsvc.bootstrap import Service
from docsvc.domain.access import Permission, Principal
from docsvc.domain.errors import UnauthorizedError

pages = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
"""Every page. The modules of this package add theirs to it."""

csrf = CSRFProtect()
View = Callable[..., ResponseReturnValue]

SMALL_FORM: Final = 100_000  # octets
MOST_IN_MEMORY: Final = 10_000_000  # of a form beside its files
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
A_YEAR: Final = "max-age=31536000"
OK: Final = 200


def service() -> Service:
    """The service behind the pages."""
    found: Service = current_app.extensions["docsvc"]
    return found


def guard(app: Flask, service: Service) -> None:
    """Cookies, form tokens and headers of the pages; nothing of the API's."""
    secure = is_secure(service)
    app.extensions["docsvc"] = service
    app.secret_key = service.web_key
    app.config.update(
        # Flask's own signed cookie carries the form token and notices; who is signed in stands in the other one.
        SESSION_COOKIE_NAME="__Host-docsvc-form" if secure else "docsvc-form",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_CHECK_DEFAULT=False,  # cookies count for pages alone: they ask for the token themselves, below
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, and our pages send none
        WTF_CSRF_TIME_LIMIT=int(service.settings.session_hours * 3600),
    )
    csrf.init_app(app)


def is_secure(service: Service) -> bool:
    """Do people reach the service by https?"""
    return service.settings.public.startswith("https://")


@pages.before_request
def limit_and_check() -> None:
    """Small requests only, and no form that another site's page sends."""
    largest = LARGEST.get(request.endpoint or "", SMALL_FORM)
    request.max_content_length = largest(service()) if callable(largest) else largest
    request.max_form_memory_size = min(request.max_content_length, MOST_IN_MEMORY)
    csrf.protect()  # reads the form


LARGEST: Final[dict[str, int | Callable[[Service], int]]] = {}
"""Octets that the endpoints take which take more than a small form; their modules say so here."""


@pages.after_request
def add_headers(response: Response) -> Response:
    """The same on every page, errors included; static files, whose address changes with them, may be kept."""
    if request.endpoint == "web.static" and response.status_code == OK:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"  # pages and files are about people
    return protect(response)


def protect(response: Response) -> Response:
    """Headers of a page, where it has not set its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if is_secure(service()):
        response.headers.setdefault("Strict-Transport-Security", A_YEAR)
    return response


# ---- the session


def cookie_name() -> str:
    """Of the session; where there is https, one that no other host can set."""
    return "__Host-docsvc" if is_secure(service()) else "docsvc"


def token() -> str | None:
    """The session's token, as the browser sent it."""
    return request.cookies.get(cookie_name())


def someone() -> Principal | None:
    """Who is signed in; None for anyone else. Asked once a request."""
    if "principal" not in g:
        sent = token()
        g.principal = service().accounts.who(sent) if sent else None
    found: Principal | None = g.principal
    return found


def principal() -> Principal:
    """Who is signed in. Raises UnauthorizedError."""
    found = someone()
    if found is None:
        raise UnauthorizedError("请先登录；please sign in")
    return found


def signed_in(view: View) -> View:
    """For those who are signed in; others are asked to, and come back to where they wanted to go."""

    @functools.wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if someone() is None:
            return ask_to_sign_in()
        return view(**arguments)

    return guarded


def may(permission: Permission) -> Callable[[View], View]:
    """For those who are signed in and have the permission. The use cases ask again: this is for a kinder answer."""

    def wrap(view: View) -> View:
        @signed_in
        @functools.wraps(view)
        def guarded(**arguments: Any) -> ResponseReturnValue:
            principal().require(permission)
            return view(**arguments)

        return guarded

    return wrap


def ask_to_sign_in() -> ResponseReturnValue:
    """To the sign-in page, and back to this address afterwards if it can be asked for again."""
    if "HX-Request" in request.headers:  # a part of a page can't be replaced by another page: load it whole
        return Response(status=401, headers={"HX-Refresh": "true"})
    wanted = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else ""
    return redirect(url_for("web.sign_in") + (f"?next={quote(wanted)}" if wanted not in ("", "/") else ""), 303)


def open_session(token: str, to: str) -> Response:
    """Go to our own path `to`, signed in."""
    response = redirect(to, 303)
    response.set_cookie(cookie_name(), token, httponly=True, secure=is_secure(service()), samesite="Lax", path="/")
    return response


def close_session(to: str) -> Response:
    """Go to our own path `to`, signed out."""
    response = redirect(to, 303)
    response.delete_cookie(cookie_name(), httponly=True, secure=is_secure(service()), samesite="Lax", path="/")
    return response


def own_path(text: str) -> str:
    """`text` where it is a path of ours, else "/": nobody is sent elsewhere after signing in."""
    ours = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if ours else "/"
