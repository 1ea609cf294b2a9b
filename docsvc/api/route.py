"""A call of the API: its path, who may make it, what it takes and answers, said once beside the code."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from flask import Response, current_app, g, request
from pydantic import BaseModel, ValidationError

from docsvc.api.problems import FormError
from docsvc.bootstrap import Service
from docsvc.domain.access import Permission, Principal
from docsvc.domain.errors import UnauthorizedError

EXTENSION: Final = "docsvc"
WAITS: Final = "docsvc.waits"
JSON: Final = "application/json"

View = Callable[..., Response]
Q = TypeVar("Q", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """One status of a call: what it means and what comes with it."""

    description: str
    content: Mapping[str, Any] = field(default_factory=dict)  # media type to a pydantic model or a JSON Schema
    headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """A request header that a call looks at."""

    name: str
    description: str
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Route:
    """A call. `permission` None: open to anyone. `at_root`: stands without /api/v1 as well."""

    method: str
    path: str
    tag: str
    summary: str
    permission: Permission | None
    answers: Mapping[int, Answer]
    problems: Sequence[int] = ()
    query: type[BaseModel] | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Sequence[Header] = ()
    at_root: bool = False
    anonymous_limit: bool = False  # counted as a call of nobody in particular, whoever makes it
    unlimited: bool = False  # a probe: never refused for asking often


def route(**facts: Any) -> Callable[[View], View]:
    """Describe a view. It is called with `principal` where a permission is needed, `query` where one is described,
    and the parts of its path.
    """
    described = Route(**facts)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(**parts: Any) -> Response:
            if described.permission is not None:
                parts["principal"] = caller(described.permission)
            if described.query is not None:
                parts["query"] = read_query(described.query)
            return view(**parts)

        checked.route = described  # type: ignore[attr-defined]  # read by the spec and the registration
        return checked

    return decorate


def route_of(view: View) -> Route:
    """What `route` said of it."""
    return cast("Route", view.route)  # type: ignore[attr-defined]  # set by `route`


def service() -> Service:
    """The service of this process."""
    return cast("Service", current_app.extensions[EXTENSION])


def waits() -> threading.BoundedSemaphore:
    """Permits to keep a thread waiting; one that gets none is answered at once."""
    return cast("threading.BoundedSemaphore", current_app.extensions[WAITS])


def identify() -> None:
    """Before each request: who calls, if a key says so. A wrong key is told to whoever asks for a permission."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return
    try:
        g.principal = service().callers.authenticate(key.strip())
    except UnauthorizedError as e:
        g.refusal = e


def caller(permission: Permission) -> Principal:
    """Who calls. Raises UnauthorizedError where nobody is known, ForbiddenError without the permission."""
    if refusal := g.get("refusal"):
        raise cast("UnauthorizedError", refusal)
    principal: Principal | None = g.get("principal")
    if principal is None or principal.kind != "client":  # a browser's session counts at the pages alone
        raise UnauthorizedError("需要API密钥；an API key is needed: Authorization: Bearer docsvc_…")
    principal.require(permission)
    return principal


def read_query(model: type[Q]) -> Q:
    """The query string as `model`. Raises FormError (400) for what does not fit."""
    given = request.args.to_dict(flat=False)
    twice = [name for name, values in given.items() if len(values) > 1]
    if twice:
        raise FormError(400, f"参数{twice[0]}重复", f"{twice[0]} stands twice", f"/{twice[0]}", "QUERY")
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as e:
        fault = e.errors(include_url=False, include_input=False, include_context=False)[0]
        name = "/".join(map(str, fault["loc"]))
        raise FormError(400, f"参数{name}不合要求", f"{name}: {fault['msg']}", f"/{name}", "QUERY") from e


def as_json(value: BaseModel | Mapping[str, Any], status: int = 200, media_type: str = JSON) -> Response:
    """A JSON answer."""
    text = (
        value.model_dump_json(by_alias=True)
        if isinstance(value, BaseModel)
        else json.dumps(value, ensure_ascii=False)
    )
    response = Response(text.encode(), status, mimetype=media_type)
    response.headers["Cache-Control"] = "no-store"
    return response
