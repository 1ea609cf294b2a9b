"""Objects as read-only files in a local folder, each appearing whole and durable under its key, or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from docsvc.adapters.stores.keys import checked, checked_prefix, keeps_promise
from docsvc.adapters.stores.probe import probe_local
from docsvc.domain.errors import AlteredError, ObjectMissingError, SetupError, StoreError

TEMPORARY: Final = ".incoming"  # no key begins with a dot


class LocalStore:
    """Write-once files under `folder`.

    A folder can't lock: whoever owns it may delete or replace its files, and `retain_until` binds nobody. probe()
    says so; that an object was altered shows when it is read, since its key is its digest.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder and sweep what dead writers left. Raises SetupError."""
        self.folder = folder
        try:
            (folder / TEMPORARY).mkdir(mode=0o700, parents=True, exist_ok=True)
            _sweep(folder / TEMPORARY)
        except OSError as e:
            raise SetupError(f"存储目录无法使用；the folder of objects can't be used: {e.strerror}") from e

    def put(self, key: str, data: bytes, retain_until: dt.datetime | None = None) -> None:  # noqa: ARG002 - a folder can't lock
        """Store durably and read the digest back. The same again is a success without effect.

        Raises StoreError for other bytes under a taken key, for bytes that their digest key does not promise, and
        where the file system fails.
        """
        path = self.folder / checked(key)
        if not keeps_promise(key, data):
            raise StoreError(f"内容与键中摘要不符；these are not the bytes that {key} promises")
        try:
            if not path.exists():
                self._write(path, data)
            found = _read(path)
            # Also where another writer was first: it may have been killed before it came to this.
            sync_folder(path.parent)
        except OSError as e:
            raise _failed("写入", "written", key, e) from e
        if hashlib.sha256(found).digest() != hashlib.sha256(data).digest():
            raise StoreError(f"该键已存有不同内容；{key} holds other bytes")

    def get(self, key: str) -> bytes:
        """Raises ObjectMissingError, and AlteredError where a file no longer has the digest of its key."""
        path = self.folder / checked(key)
        try:
            data = _read(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ObjectMissingError(f"没有此存储对象；no object {key}") from None
        except OSError as e:
            raise _failed("读取", "read", key, e) from e
        if not keeps_promise(key, data):
            raise AlteredError(f"存储内容已被改动；{key} was altered in the store")
        return data

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix` (a string's beginning, as in S3), sorted."""
        checked_prefix(prefix)
        try:
            yield from _walk(self.folder, "", prefix)
        except OSError as e:
            raise _failed("列出", "listed", prefix, e) from e

    def probe(self) -> Mapping[str, bool]:
        """What this folder really enforces, tried out."""
        return probe_local(self, self.folder)

    def _write(self, path: Path, data: bytes) -> None:
        make_folders(path.parent, self.folder)
        while True:
            with temporary_file(self.folder / TEMPORARY, data) as written:
                try:
                    # A link never overwrites: of many writers exactly one gives the key its bytes.
                    os.link(written, path)
                except FileExistsError:
                    return
                except FileNotFoundError:
                    # Swept before it was locked, by a store that started in this very moment.
                    if written.exists():
                        raise
                else:
                    return


@contextlib.contextmanager
def temporary_file(folder: Path, data: bytes) -> Iterator[Path]:
    """A read-only file in `folder` with these bytes, on disk; gone when the block ends, unless it was renamed."""
    path = folder / f"{os.getpid()}-{secrets.token_hex(8)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # says to a sweep: its writer lives
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, 0o444)
        os.fsync(descriptor)
        yield path
    finally:
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        finally:
            os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring the folder's names to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path, root: Path) -> None:
    """Make what is missing between root and folder; each new name on disk before anything is put below it."""
    if folder != root and not folder.is_dir():
        make_folders(folder.parent, root)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o755)
        sync_folder(folder.parent)


def _sweep(folder: Path) -> None:
    """Remove temporary files that no live writer holds."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _walk(folder: Path, base: str, prefix: str) -> Iterator[str]:
    """Keys below, in the order of their characters: a folder sorts as its name with the slash."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "")
                for entry in entries
                if not entry.name.startswith(".")
            )
    except FileNotFoundError:
        return
    for name in names:
        key = base + name
        if key.startswith(prefix) and not name.endswith("/"):
            yield key
        elif name.endswith("/") and (key.startswith(prefix) or prefix.startswith(key)):
            yield from _walk(folder / name, key, prefix)


def _failed(verb: str, verb_en: str, key: str, error: OSError) -> StoreError:
    why = {errno.ENOSPC: "磁盘已满；the disk is full", errno.EPERM: "不允许；not permitted or no hard links"}
    reason = why.get(error.errno or 0, error.strerror)
    return StoreError(f"存储对象无法{verb}；{key} can't be {verb_en}: {reason}")
