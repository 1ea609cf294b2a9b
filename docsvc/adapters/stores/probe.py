"""What a store really enforces, found by trying; several servers accept lock headers and enforce nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from docsvc.adapters.stores.bucket import Bucket, TakenError
from docsvc.domain.errors import StoreError
from docsvc.ports import ObjectStore

LOCK_FOR: Final = dt.timedelta(minutes=2)
OLD: Final = dt.timedelta(minutes=10)  # no probe runs that long


def probe_local(store: ObjectStore, folder: Path) -> Mapping[str, bool]:
    """Facts by the names of `probe_bucket`, tried on two files. Leaves nothing behind."""
    data = secrets.token_bytes(64)
    digest = hashlib.sha256(data).hexdigest()
    key, digest_key = f"probe/{secrets.token_hex(16)}", f"sha256/{digest[:2]}/{digest[2:]}"
    path = folder / key
    try:
        store.put(key, data)
        facts = {
            "write_once": _refused(store, key, data + b"!") and store.get(key) == data,
            "checksum": _refused(store, digest_key, data + b"!"),
            "versioning": False,
        }
        path.unlink()
        return facts | {"locked": path.exists(), "lock_kept": False}
    finally:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another probe is running
            path.parent.rmdir()


def probe_bucket(bucket: Bucket, now: dt.datetime) -> Mapping[str, bool]:
    """Facts by name, each tried on an object of its own under `probe/`:

    `write_once`: a second put under a key is refused; `checksum`: an upload whose bytes do not have the digest sent
    with it is refused; `versioning`: what was overwritten or deleted can still be read; `locked`: a locked version
    can't be deleted; `lock_kept`: nor can its lock be shortened.

    Removes all that no lock forbids, and what earlier probes had to leave locked. Raises StoreError, SetupError
    where the store is away.
    """
    _sweep(bucket, now)
    stem = f"probe/{int(now.timestamp())}-{secrets.token_hex(8)}"
    facts: dict[str, bool] = {}
    try:
        facts["write_once"] = _write_once(bucket, f"{stem}-once")
        facts["checksum"] = _checksum(bucket, f"{stem}-checksum")
        facts["versioning"] = _versioning(bucket, f"{stem}-versions")
        facts |= _lock(bucket, f"{stem}-lock", now + LOCK_FOR)
    finally:
        _remove(bucket, stem)
    return facts


def _refused(store: ObjectStore, key: str, data: bytes) -> bool:
    try:
        store.put(key, data)
    except StoreError:
        return True
    return False


def _write_once(bucket: Bucket, key: str) -> bool:
    bucket.write(key, b"first", once=True)
    try:
        bucket.write(key, b"second", once=True)
    except TakenError:
        return bucket.read(key) == b"first"
    return False


def _checksum(bucket: Bucket, key: str) -> bool:
    try:
        bucket.write(key, b"what arrived", sha256=hashlib.sha256(b"what was sent").digest())
    except StoreError:
        return not list(bucket.keys(key))
    return False


def _versioning(bucket: Bucket, key: str) -> bool:
    first = bucket.write(key, b"first")
    second = bucket.write(key, b"second")
    if first is None or first == second:
        return False
    bucket.delete(key)
    try:
        return bucket.read(key, first) == b"first" and bucket.read(key, second) == b"second"
    except StoreError:
        return False


def _lock(bucket: Bucket, key: str, until: dt.datetime) -> dict[str, bool]:
    try:
        version = bucket.write(key, b"locked", retain_until=until)
    except StoreError:
        return {"locked": False, "lock_kept": False}
    with contextlib.suppress(StoreError):
        bucket.retain(key, version, until - LOCK_FOR / 2)
    with contextlib.suppress(StoreError):
        bucket.delete(key, version)
    try:
        left = bucket.stored(key, version)
    except StoreError:
        return {"locked": False, "lock_kept": False}
    return {"locked": True, "lock_kept": left.retained_until is not None and left.retained_until >= until}


def _sweep(bucket: Bucket, now: dt.datetime) -> None:
    """Remove what earlier probes could not; another's running now is left alone."""
    for key in {key for key, _ in bucket.versions("probe/")}:
        made = key.removeprefix("probe/").partition("-")[0]
        if made.isdigit() and int(made) < (now - OLD).timestamp():
            _remove(bucket, key)


def _remove(bucket: Bucket, prefix: str) -> None:
    for key, version in list(_versions(bucket, prefix)):
        with contextlib.suppress(StoreError):  # locked: the next probe's sweep
            bucket.delete(key, version)


def _versions(bucket: Bucket, prefix: str) -> Iterator[tuple[str, str]]:
    with contextlib.suppress(StoreError):  # cleaning up must not hide why the probe broke off
        yield from bucket.versions(prefix)
