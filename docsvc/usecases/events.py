"""What happened to a document, as an event with its own salt: the same happening always has the same id."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from docsvc.domain.document import DocumentRow
from docsvc.domain.leaf import SALT_BYTES, make_event
from docsvc.domain.merkle import LogEvent


def happened(
    event_type: str, row: DocumentRow, at: dt.datetime, detail: Mapping[str, Any] | None = None
) -> LogEvent:
    """The event that `event_type` has come to the document as `row` now says it is."""
    name = f"{event_type}:{row.signed_sha256 or ''}"
    event_id = str(uuid.uuid5(uuid.UUID(row.id), name))
    return make_event(row, id=event_id, type=event_type, at=at, salt=secrets.token_bytes(SALT_BYTES), detail=detail)
