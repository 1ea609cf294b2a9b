"""What every page template may name beside what its view hands it."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import url_for

from docsvc.domain.access import Permission, Principal
from docsvc.domain.errors import DocsvcError
from docsvc.web import words
from docsvc.web.documents import state_choices
from docsvc.web.guard import pages, service, someone

STATIC: Final = Path(__file__).parent / "static"


@pages.app_context_processor
def vocabulary() -> dict[str, Any]:
    """`who` is signed in, the service's words, moments in its time zone, addresses of static files."""
    zone = ZoneInfo(service().settings.timezone)

    def moment(at: dt.datetime) -> str:
        return words.moment(at, zone)

    def second(at: dt.datetime | None) -> str:
        return words.moment_to_second(at, zone)

    return {
        "who": _someone(),
        "words": words,
        "Permission": Permission,
        "states": state_choices(),
        "moment": moment,
        "second": second,
        "static": static,
    }


def _someone() -> Principal | None:
    """Nobody, where the database can't be asked: the page that says so has to be drawn too."""
    try:
        return someone()
    except DocsvcError:
        return None


def static(name: str) -> str:
    """The address of a static file; it changes with the file, so browsers may keep it."""
    return url_for("web.static", filename=name, v=stamp(name))


@functools.cache
def stamp(name: str) -> str:
    """The beginning of the file's SHA-256."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
