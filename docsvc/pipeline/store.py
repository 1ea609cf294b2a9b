"""The stage that stores: an artifact goes under the key of its digest and counts once it was read back."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import StoreError
from docsvc.ports import ObjectStore

SHA256_HEX: Final = re.compile(r"[0-9a-f]{64}")


def object_key(sha256: str) -> str:
    """`sha256/ab/cdef…` from 64 lower-case hexadecimal digits: no folder grows beyond reason."""
    if not SHA256_HEX.fullmatch(sha256):
        raise ValueError("a digest is 64 lower-case hexadecimal digits")
    return f"sha256/{sha256[:2]}/{sha256[2:]}"


def store(data: bytes, objects: ObjectStore, retain_until: dt.datetime | None = None) -> str:
    """The key that `data` is now kept under, locked until `retain_until` where the store can lock.

    Raises StoreError where the store refuses, or hands back anything but these bytes. A second time is a success
    without effect.
    """
    if retain_until is not None and retain_until.tzinfo is None:
        raise ValueError("a lock ends at an instant: retain_until needs a time zone")
    if not data:
        raise StoreError("拒绝存储空文件；an empty file is not stored")
    key = object_key(sha256_hex(data))
    objects.put(key, data, retain_until)
    if objects.get(key) != data:
        raise StoreError(f"存储读回的内容与写入不符；the store handed back other bytes than were put under {key}")
    return key
