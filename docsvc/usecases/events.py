"""What happened to a document, as an event with its own salt: the same happening always has the same id.

A delivery is the exception, for the same file may be fetched many times, and so is a seal's use, which may fail
and be begun again: each time is an event of its own.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from docsvc.domain.access import Principal
from docsvc.domain.document import DocumentRow
from docsvc.domain.leaf import REPEATED, SALT_BYTES, make_event
from docsvc.domain.merkle import LogEvent


def happened(
    event_type: str, row: DocumentRow, at: dt.datetime, detail: Mapping[str, Any] | None = None
) -> LogEvent:
    """The event that `event_type` has come to the document as `row` now says it is."""
    if event_type in REPEATED:
        event_id = str(uuid.uuid4())
    else:
        event_id = str(uuid.uuid5(uuid.UUID(row.id), f"{event_type}:{row.signed_sha256 or ''}"))
    return make_event(row, id=event_id, type=event_type, at=at, salt=secrets.token_bytes(SALT_BYTES), detail=detail)


def by(principal: Principal | None) -> dict[str, Any]:
    """Who did it, as the opening says it; nothing for the service itself and its command line."""
    if principal is None:
        return {}
    return {"by": {"kind": principal.kind, "id": principal.id, "name": principal.name}}
