"""Cursors of paged answers: a place in one question's rows that nobody else can make up or carry elsewhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from docsvc.domain.errors import UsageError

TAG_BYTES: Final = 16  # of the HMAC


def sealed(key: bytes, place: str, asked: bytes) -> str:
    """The cursor of a place in the answer to `asked`."""
    return base64.urlsafe_b64encode(_tag(key, place.encode(), asked) + place.encode()).rstrip(b"=").decode()


def opened(key: bytes, cursor: str, asked: bytes) -> str:
    """The place. Raises UsageError for a cursor that is bent, or of another question."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    tag, place = data[:TAG_BYTES], data[TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(key, place, asked)):
        raise UsageError("游标无效，或不属于这次查询；the cursor is not of this search: start without one")
    return place.decode()


def _tag(key: bytes, place: bytes, asked: bytes) -> bytes:
    return hmac.new(key, b"cursor\0" + asked + b"\0" + place, hashlib.sha256).digest()[:TAG_BYTES]
