"""Objects in a bucket of any S3: put conditionally, locked, and read back."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator, Mapping
from typing import Final

from docsvc.adapters.stores.bucket import Bucket, S3Target, Stored, TakenError
from docsvc.adapters.stores.keys import checked, checked_prefix, keeps_promise
from docsvc.adapters.stores.probe import probe_bucket
from docsvc.domain.errors import AlteredError, StoreError

# Two conditional puts met: the store asks one of them to come again.
AGAIN: Final = frozenset({"ConditionalRequestConflict", "OperationAborted"})
ATTEMPTS: Final = 8


class S3Store:
    """Write-once objects, locked until their date where the bucket has object lock.

    The lock holds at the S3 port only: who reaches the disks behind it can replace bytes. What is read is
    therefore checked against its key.
    """

    def __init__(self, target: S3Target) -> None:
        """Connects on first use."""
        self._bucket = Bucket(target)

    def put(self, key: str, data: bytes, retain_until: dt.datetime | None = None) -> None:
        """Store, read back, and see to it that the lock is there. The same again is a success without effect
        (a longer lock counts, a shorter one does not).

        Raises StoreError for other bytes under a taken key, for bytes that their digest key does not promise,
        where a lock was asked for and the store has none, and where the store is away.
        """
        if not keeps_promise(checked(key), data):
            raise StoreError(f"内容与键中摘要不符；these are not the bytes that {key} promises")
        lock = retain_until if retain_until is not None and retain_until > dt.datetime.now(dt.UTC) else None
        version = None
        with contextlib.suppress(TakenError):
            version = self._put_once(key, data, lock)
        found = self._bucket.stored(key, version)
        if found.data != data:
            raise StoreError(
                f"该键已存有不同内容；{key} holds other bytes"
                if version is None
                else f"存储读回的内容与写入不符；{key} reads back otherwise than it was written"
            )
        if lock is not None and not _locked(found, lock):
            self._bucket.retain(key, found.version, lock)
            if not _locked(self._bucket.stored(key, found.version), lock):
                raise StoreError(f"存储未执行对象锁定；the store took {key} but did not lock it")

    def _put_once(self, key: str, data: bytes, retain_until: dt.datetime | None) -> str | None:
        for attempt in range(ATTEMPTS):
            try:
                return self._bucket.write(key, data, once=True, retain_until=retain_until)
            except StoreError as e:
                if getattr(e.__cause__, "code", None) not in AGAIN or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.02 * 2**attempt)
        raise AssertionError("the loop returns or raises")

    def get(self, key: str) -> bytes:
        """Raises ObjectMissingError, and AlteredError where the bytes are not those that the key promises."""
        data = self._bucket.read(checked(key))
        if not keeps_promise(key, data):
            raise AlteredError(f"存储内容已被改动；{key} was altered in the store")
        return data

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix`, sorted."""
        return self._bucket.keys(checked_prefix(prefix))

    def probe(self) -> Mapping[str, bool]:
        """What this bucket really enforces, tried out."""
        return probe_bucket(self._bucket, dt.datetime.now(dt.UTC))


def _locked(found: Stored, until: dt.datetime) -> bool:
    return found.retained_until is not None and found.retained_until >= until
