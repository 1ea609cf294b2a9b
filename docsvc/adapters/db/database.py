"""Opening transactions on SQLite or PostgreSQL, and putting the engine's faults into words fit to be shown."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from docsvc.adapters.db import schema
from docsvc.adapters.db.batch_repo import SqlBatchRepo
from docsvc.adapters.db.caller_repo import SqlClientRepo, SqlSessionRepo, SqlUserRepo
from docsvc.adapters.db.job_repo import SqlJobRepo, SqlPostingRepo
from docsvc.adapters.db.log_repo import SqlLogRepo
from docsvc.adapters.db.repos import SqlAgencyRepo, SqlDocumentRepo, SqlEventRepo, SqlNumberRepo
from docsvc.adapters.db.seal_repo import SqlSealUseRepo
from docsvc.adapters.db.signature_repo import SqlSignatureRepo, SqlSignerRepo
from docsvc.domain.errors import DatabaseError, DocsvcError, SetupError

LOCK_WAIT_S: Final = 60
SQLITE_NEEDS: Final = (3, 35)  # RETURNING
# Names of PostgreSQL's advisory locks, "docs" in ASCII and a number: one database, one meaning each.
SCHEMA_LOCK: Final = 0x646F6373_00000001
LOG_LOCK: Final = 0x646F6373_00000002


class SqlTransaction:
    """One open transaction and the tables seen through it."""

    def __init__(self, connection: sa.Connection, *, writing: bool) -> None:
        self._connection = connection
        self.agencies = SqlAgencyRepo(connection)
        self.numbers = SqlNumberRepo(connection)
        self.documents = SqlDocumentRepo(connection)
        self.events = SqlEventRepo(connection)
        self.log = SqlLogRepo(connection)
        self.jobs = SqlJobRepo(connection)
        self.postings = SqlPostingRepo(connection)
        self.batches = SqlBatchRepo(connection)
        self.seal_uses = SqlSealUseRepo(connection)
        self.clients = SqlClientRepo(connection)
        self.users = SqlUserRepo(connection, writing=writing)
        self.sessions = SqlSessionRepo(connection)
        self.signatures = SqlSignatureRepo(connection)
        self.signers = SqlSignerRepo(connection, writing=writing)

    def lock_log(self) -> None:
        """Until the end of the transaction no other process sequences."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOG_LOCK)))
        # On SQLite BEGIN IMMEDIATE already holds every other writer off.


class SqlDatabase:
    """A database by its SQLAlchemy URL: `sqlite:///PATH`, or `postgresql://…` (through psycopg 3).

    Nothing is opened before the first transaction. That one upgrades the schema of an SQLite file; on PostgreSQL,
    which several machines share, it only looks. Safe between threads and across a fork: a child opens connections
    of its own.
    """

    def __init__(self, url: str) -> None:
        """Raises SetupError for a URL that names neither engine."""
        self._url = _parse(url)
        # A password may stand in the query as well.
        self._shown = self._url.set(query={}).render_as_string(hide_password=True)
        if self._is_sqlite:
            self._engine, self._reading = _sqlite(self._url), _sqlite(self._url, reading=True)
            _dispose_after_fork(self._reading)
        else:
            self._engine = _postgresql(self._url)
            self._reading = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._ready = False
        self._first_use = threading.Lock()
        _dispose_after_fork(self._engine)

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction that may write: commits when the block ends well, else rolls back.

        Raises SetupError where the database can't be opened at all or its schema is not this version's,
        DatabaseError (to be tried again) where it was lost or stayed locked, DocsvcError where it refused a
        statement.
        """
        self._prepare()
        with self._in_words(), self._engine.begin() as connection:
            yield SqlTransaction(connection, writing=True)

    @contextlib.contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction that only reads, one consistent state from its first statement on; holds no writer up.

        A write in it is refused with DocsvcError. Raises as `begin` does.
        """
        self._prepare()
        with self._in_words(), self._reading.begin() as connection:
            yield SqlTransaction(connection, writing=False)

    def upgrade(self) -> Sequence[str]:
        """Bring the schema to this version, all of it or nothing; the migrations that ran, in order.

        Raises SetupError where the database can't be opened or upgraded, or its schema is newer than this version.
        """
        with self._first_use:
            done = self._upgrade() if self._pending() else ()
            self._ready = True
            return done

    def pending(self) -> Sequence[str]:
        """The migrations that `upgrade` would run. Raises SetupError as that does; makes no SQLite file."""
        if self._is_sqlite and not Path(str(self._url.database)).exists():
            return schema.REVISIONS
        return self._pending()

    def close(self) -> None:
        self._engine.dispose()
        self._reading.dispose()

    def _prepare(self) -> None:
        """Once a process: the schema is this version's, or on SQLite is made so."""
        with self._first_use:
            if self._ready:
                return
            if pending := self._pending():
                if not self._is_sqlite:
                    raise SetupError(
                        "数据库结构尚未升级，请运行 docsvc db upgrade；"
                        f"the database's schema is behind ({', '.join(pending)}): run `docsvc db upgrade`"
                    )
                self._upgrade()
            self._ready = True

    def _pending(self) -> Sequence[str]:
        try:
            if self._is_sqlite:
                _create_private(Path(str(self._url.database)))
                _switch_to_wal(self._engine)
            with self._reading.begin() as connection:
                return schema.pending(connection)
        except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as e:
            raise SetupError(f"数据库无法打开；the database can't be opened: {self._shown} ({_why(e)})") from e

    def _upgrade(self) -> Sequence[str]:
        """Several processes may come at once: one upgrades, the others wait and find it done."""
        try:
            with self._engine.begin() as connection:
                if not self._is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))
                return schema.upgrade(connection)
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as e:
            raise SetupError(
                f"数据库结构升级失败，未作任何改动；the schema of {self._shown} could not be upgraded,"
                f" nothing was changed ({_why(e)})"
            ) from e

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        """The engine's faults as errors of our tree; the engine's own text stays in the cause."""
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, sqlite3.Error) as e:
            # sqlite3's own come from opening a connection, where SQLAlchemy does not wrap them.
            if _refused_as_read_only(e):
                raise DocsvcError(f"数据库只读；the database is open for reading only ({_why(e)})") from e
            raise DatabaseError(
                f"数据库暂不可用，请稍后重试；the database is not available now: {self._shown} ({_why(e)})"
            ) from e
        except sa.exc.SQLAlchemyError as e:
            raise DocsvcError(f"数据库拒绝了这次操作；the database refused the operation ({_why(e)})") from e


def _parse(url: str) -> sa.URL:
    """Raises SetupError that never repeats the text: it may hold a password."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise SetupError("数据库地址无法识别；the database URL is not readable") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if parsed.database in (None, "", ":memory:") or parsed.query:
                raise SetupError("SQLite须给出文件路径；SQLite needs the path of a file, as sqlite:///PATH")
            if sqlite3.sqlite_version_info < SQLITE_NEEDS:
                raise SetupError(f"SQLite版本过低；SQLite {sqlite3.sqlite_version} is too old, 3.35 is needed")
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise SetupError(f"不支持的数据库{other}；use sqlite:///PATH or postgresql://…, not {other}")


def _sqlite(url: sa.URL, *, reading: bool = False) -> sa.Engine:
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # they are personal data
        max_overflow=-1,  # writers queue at the file's lock, not at the pool
        connect_args={"timeout": LOCK_WAIT_S, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", f"query_only = {int(reading)}"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # The driver leaves transactions to us (isolation_level None). The write lock is taken at once: a
        # transaction that reads first and upgrades later fails with SQLITE_BUSY, whatever the time-out.
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=5,
        max_overflow=15,
        pool_timeout=LOCK_WAIT_S,
        pool_pre_ping=True,  # a server that was restarted costs nobody a failed transaction
        isolation_level="READ COMMITTED",  # what the counters' upsert is written for, whatever the server's default
        connect_args={
            "connect_timeout": 10,
            "application_name": "docsvc",
            # A machine that lost its power closes nothing: this end notices within a minute that the server's is
            # gone, and the server that ours is, so that the locks of its transaction end.
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
            "options": f"-c lock_timeout={LOCK_WAIT_S}s -c tcp_keepalives_idle=30"
            " -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
        },
    )


def _create_private(path: Path) -> None:
    """An empty file that only its owner can read; SQLite gives its WAL the same mode. No effect where it stands."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _switch_to_wal(engine: sa.Engine) -> None:
    """Into write-ahead logging, a property of the file.

    The switch needs the file alone, and SQLite gives up at once instead of waiting as it does elsewhere.
    """
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        connection = engine.raw_connection()
        try:
            (mode,) = connection.cursor().execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as e:
            locked = e.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not locked or time.monotonic() > deadline:
                raise
        else:
            if mode == "wal":
                return
            raise OSError("this file system can't hold a write-ahead log (network share?)")
        finally:
            connection.close()
        time.sleep(0.02)


def _dispose_after_fork(engine: sa.Engine) -> None:
    """Two processes must never talk over one connection: a forked child forgets its parent's, unclosed."""
    weak = weakref.ref(engine)

    def forget() -> None:
        if (inherited := weak()) is not None:
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


def _refused_as_read_only(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY


def _why(error: BaseException) -> str:
    """The kind of fault, without the driver's text: that may hold rows, addresses or what a caller sent."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
