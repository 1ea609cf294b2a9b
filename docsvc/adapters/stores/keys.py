"""Which object keys exist, and what a key says about the bytes under it."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from docsvc.domain.errors import StoreError

# Segments as digests and C2SP tile paths (`x001/234.p/5`) have them. None starts with a dot: no `..`, none hidden.
KEY: Final = re.compile(r"(?=.{1,512}\Z)[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*", re.ASCII)
PREFIX: Final = re.compile(r"|(?=.{1,512}\Z)(?:[a-z0-9_-][a-z0-9._-]*/)*(?:[a-z0-9_-][a-z0-9._-]*)?", re.ASCII)
DIGEST_KEY: Final = re.compile(r"sha256/([0-9a-f]{2})/([0-9a-f]{62})")


def checked(key: str) -> str:
    """The key. Raises StoreError for one that is not in the grammar."""
    if not KEY.fullmatch(key):
        raise StoreError(f"存储键不合规；not an object key: {key!r}")
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix. Raises StoreError for one that no key can have."""
    if not PREFIX.fullmatch(prefix):
        raise StoreError(f"存储键前缀不合规；not a prefix of object keys: {prefix!r}")
    return prefix


def promised_digest(key: str) -> str | None:
    """The SHA-256 that bytes under `key` must have; None where the key promises none. Raises StoreError for a key
    under `sha256/` that is no digest.
    """
    if match := DIGEST_KEY.fullmatch(key):
        return match[1] + match[2]
    if key.startswith("sha256/"):
        raise StoreError(f"存储键不是摘要；not a digest's key: {key!r}")
    return None


def keeps_promise(key: str, data: bytes) -> bool:
    """Are these the bytes that the key promises?"""
    promised = promised_digest(key)
    return promised is None or hashlib.sha256(data).hexdigest() == promised
