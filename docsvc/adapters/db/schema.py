"""Which version a database's schema has, and bringing it to this one by Alembic's migrations.

A migration is a file of `migrations/versions`; its revision is the file's name, and names sort in order.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from docsvc.domain.errors import SetupError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
REVISIONS: Final = tuple(sorted(path.stem for path in (MIGRATIONS / "versions").glob("r[0-9]*.py")))
# Databases older than the migrations bear no version: they have these tables.
UNVERSIONED: Final = frozenset(
    {"agencies", "counters", "documents", "events", "log_entries", "log_hashes", "log_checkpoints"}
)
VERSION: Final = sa.table("alembic_version", sa.column("version_num", sa.String))

# Alembic's `op` and `context` are names of the whole process: one database after the other.
_migrating = threading.Lock()


def pending(connection: sa.Connection) -> Sequence[str]:
    """Migrations that the database lacks, in order.

    Raises SetupError for a schema that this version does not know, or tables that are only partly ours.
    """
    current = _current(connection)
    return REVISIONS if current is None else REVISIONS[REVISIONS.index(current) + 1 :]


def upgrade(connection: sa.Connection) -> Sequence[str]:
    """Run what is pending in the transaction that `connection` has open; the names of what ran, in order.

    Whoever calls has locked other upgraders out. Raises as `pending` does.
    """
    from alembic import command
    from alembic.config import Config

    missing = pending(connection)
    if not missing:
        return ()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _migrating:
        if missing != REVISIONS and not sa.inspect(connection).has_table(VERSION.name):
            command.stamp(config, REVISIONS[0])
        command.upgrade(config, "head")
    return missing


def _current(connection: sa.Connection) -> str | None:
    """The newest migration that the database has; None for a new one."""
    tables = set(sa.inspect(connection).get_table_names())
    version = connection.scalar(sa.select(VERSION.c.version_num)) if VERSION.name in tables else None
    if version is None:
        if not tables & UNVERSIONED:
            return None
        if tables >= UNVERSIONED:
            return REVISIONS[0]
        lacking = ", ".join(sorted(UNVERSIONED - tables))
        raise SetupError(f"数据库中的表不完整；the database has only some of our tables, it lacks {lacking}")
    if version not in REVISIONS:
        raise SetupError(
            f"数据库结构（{version}）比本程序新，请升级程序；"
            f"the database's schema ({version}) is newer than this program ({REVISIONS[-1]}): use the newer program"
        )
    return str(version)
