"""Who may work on a document: one live process at a time, by a lock that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docsvc.domain.errors import BusyError, DatabaseError, SetupError

DOCUMENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


class FileLease:
    """Leases as `flock` locks, a file a document under `folder`, for processes of one machine.

    The kernel lets go when the holder dies, however it dies. A file that such a holder leaves behind is taken
    over by the next one, or swept when another FileLease starts.
    """

    def __init__(self, folder: Path) -> None:
        """Raises SetupError where the folder can't be made."""
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as e:
            raise SetupError(f"锁目录无法建立；the folder of locks can't be made: {e.strerror}") from e
        for path in folder.glob("*.lock"):
            self._release(path, self._try(path))

    @contextlib.contextmanager
    def hold(self, document_id: str) -> Iterator[None]:
        """Raises BusyError while another live process (or thread) holds it."""
        path = self._folder / f"{_checked(document_id)}.lock"
        descriptor = self._try(path)
        if descriptor is None:
            raise _busy(document_id)
        _forked.guard(descriptor)
        holder = os.getpid()
        try:
            yield
        finally:
            if os.getpid() == holder:  # and not a child that was forked inside the block
                _forked.forget(descriptor)
                self._release(path, descriptor)

    def _try(self, path: Path) -> int | None:
        """A descriptor that holds the lock of the file which stands at `path`, or None."""
        while True:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as e:
                raise SetupError(f"锁文件无法打开；the lock file can't be opened: {e.strerror}") from e
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError as e:
                os.close(descriptor)
                raise SetupError(f"此文件系统不支持锁；no locks on this file system: {e.strerror}") from e
            # Between open and flock the last holder may have removed the file: then this lock guards a name that
            # nobody will open again.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False)):
                    return descriptor
            os.close(descriptor)

    def _release(self, path: Path, descriptor: int | None) -> None:
        if descriptor is None:
            return
        # Removed while still locked: whoever opened it before sees another (or no) file at the name and tries anew.
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


class PostgresLease:
    """Leases as session advisory locks of PostgreSQL, for processes of many machines.

    Each held lease is a connection of its own; when the holder dies the server ends its session and the lock with
    it (a vanished machine is noticed by TCP keep-alive within half a minute). Needs real sessions: no pooler that
    shares them between transactions.
    """

    def __init__(self, url: str) -> None:
        """`url` as for the database. Raises SetupError where it is none of PostgreSQL."""
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise SetupError("此锁需要PostgreSQL地址；this lease needs a postgresql:// URL")
        self._conninfo = f"postgresql://{rest}"

    @contextlib.contextmanager
    def hold(self, document_id: str) -> Iterator[None]:
        """Raises BusyError while another live session holds it, DatabaseError where the server is away."""
        import psycopg

        key = _advisory_key(_checked(document_id))
        try:
            session = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=10,
                application_name="docsvc lease",
                # The server has to notice a holder that vanished without a word.
                options="-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
            )
        except psycopg.Error as e:
            raise DatabaseError("锁服务器连接不上；the server that keeps the leases can't be reached") from e
        with contextlib.closing(session):
            try:
                row = session.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
            except psycopg.Error as e:
                raise DatabaseError("锁服务器中断；the server that keeps the leases broke off") from e
            if row != (True,):
                raise _busy(document_id)
            _forked.guard(descriptor := session.fileno())
            holder = os.getpid()
            try:
                yield
            finally:
                if os.getpid() == holder:  # and not a child that was forked inside the block
                    _forked.forget(descriptor)
                    # Closing would do, but only once the server has noticed; the next holder need not wait.
                    with contextlib.suppress(psycopg.Error):
                        session.execute("SELECT pg_advisory_unlock(%s)", (key,))


class _Forked:
    """Descriptors of held leases, taken away from forked children.

    A child that inherits one would keep the lease alive after its parent's death.
    """

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._lock = threading.Lock()
        os.register_at_fork(
            before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._drop
        )

    def guard(self, descriptor: int) -> None:
        with self._lock:
            self._held.add(descriptor)

    def forget(self, descriptor: int) -> None:
        with self._lock:
            self._held.discard(descriptor)

    def _drop(self) -> None:
        # Replaced, not closed: a library that later closes "its" number must not hit a file opened since.
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for descriptor in self._held:
            os.dup2(nowhere, descriptor, inheritable=False)
        os.close(nowhere)
        self._held.clear()
        self._lock.release()


_forked = _Forked()


def _checked(document_id: str) -> str:
    """Raises ValueError for what could leave the folder as a file name."""
    if not DOCUMENT_ID.fullmatch(document_id):
        raise ValueError(f"not a document id: {document_id!r}")
    return document_id


def _advisory_key(document_id: str) -> int:
    """64 bits of a digest, signed as PostgreSQL has them; apart from the database's own advisory locks."""
    digest = hashlib.sha256(b"docsvc lease\0" + document_id.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _busy(document_id: str) -> BusyError:
    return BusyError(f"文书正由另一进程处理；another process is working on document {document_id}")
