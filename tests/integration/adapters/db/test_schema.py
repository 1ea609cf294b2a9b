from __future__ import annotations

import concurrent.futures
import datetime as dt
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from docsvc.adapters.db import schema, tables
from docsvc.adapters.db.database import SqlDatabase
from docsvc.adapters.db.repos import DOCUMENT_FIELDS, _document_values
from docsvc.domain.document import State
from docsvc.domain.errors import SetupError
from tests.support.rows import DOUBT, document_row, log_event

ROOT = Path(__file__).parents[4]
VECTORS = ROOT / "tests/vectors"
SINCE = {"renew_before", "signing"}  # columns of documents that the first version did not have
NOON = dt.datetime(2026, 7, 1, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def empty(empty_url):
    opened = SqlDatabase(empty_url)
    yield opened
    opened.close()


def ready_file(url):
    """SQLite makes no folder by itself."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)


def run(url, *statements, **values):
    """Beside the service, as an operator could."""
    ready_file(url)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement), values)
    engine.dispose()


def look(url, what):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = what(connection)
    engine.dispose()
    return found


def rows_of(url, statement):
    return look(url, lambda c: [tuple(row) for row in c.execute(sa.text(statement))])


def before_migrations(url):
    """A database as docsvc made it before it had migrations, with documents in it."""
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    text = (VECTORS / f"schema_before_migrations.{engine}.sql").read_text()
    run(url, *text.split(";\n")[:-1])
    states = [
        ("waits", State.ACCEPTED, False),
        ("may pass", State.FAILED, True),
        ("hopeless", State.FAILED, False),
        ("signed", State.SEALED, False),
        ("done", State.RECORDED, False),
    ]
    rows = [
        document_row(
            f"测〔2026〕{n}号",
            id=name,
            state=state,
            retryable=retryable,
            attempts=n,
            created_at=NOON + dt.timedelta(minutes=n),
            warnings=(DOUBT,),
        )
        for n, (name, state, retryable) in enumerate(states, 1)
    ]
    # As the repositories of today write them, but for columns that came since.
    made = sa.create_engine(url)
    with made.begin() as connection:
        from docsvc.adapters.db.database import SqlTransaction

        tx = SqlTransaction(connection, writing=True)
        for row in rows:
            values = _document_values({name: getattr(row, name) for name in DOCUMENT_FIELDS if name not in SINCE})
            connection.execute(sa.insert(tables.documents).values(**values, updated_at=row.created_at))
            tx.events.add(log_event(row.id))
        tx.numbers.take("a", "测", 2026)
        tx.log.append([(e.id, e.entry) for e in tx.events.unsequenced(2)])
    made.dispose()
    return rows


def differences(url):
    def compare(connection):
        return compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), tables.metadata
        )

    return look(url, compare)


def shape(url):
    """All that the engine tells of each table, apart from names that it made up itself."""

    def inspect(connection):
        inspector = sa.inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)],
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(
                    str(i["name"]) + str(i["column_names"]) + str(i["unique"]) for i in inspector.get_indexes(name)
                ),
                sorted(str(u["column_names"]) for u in inspector.get_unique_constraints(name)),
                [(f["constrained_columns"], f["referred_table"]) for f in inspector.get_foreign_keys(name)],
            )
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }

    return look(url, inspect)


def test_the_migrations_make_the_tables_that_the_code_expects(url):
    assert differences(url) == []


def test_the_comparison_would_see_a_column_and_an_index_that_are_missing(url):
    run(url, "ALTER TABLE users DROP COLUMN failures", "DROP INDEX ix_documents_issue_date")
    assert sorted(found[0] for found in differences(url)) == ["add_column", "add_index"]


def test_the_first_migration_makes_what_was_there_before_migrations(empty, empty_url, tmp_path, request):
    from alembic import command
    from alembic.config import Config

    ready_file(empty_url)
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    engine = sa.create_engine(empty_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema.REVISIONS[0])
    engine.dispose()
    if empty_url.startswith("sqlite"):
        old = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        old = request.getfixturevalue("postgres_server").create_database()
    before_migrations(old)
    assert shape(empty_url) == shape(old)
    assert empty.pending() == schema.REVISIONS[1:]


def test_upgrading_tells_what_it_did_once(empty):
    assert empty.pending() == schema.REVISIONS
    assert empty.upgrade() == schema.REVISIONS
    assert empty.upgrade() == ()
    assert empty.pending() == ()


def test_revisions_are_a_chain_in_the_order_of_their_names():
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert [s.revision for s in scripts.walk_revisions()][::-1] == list(schema.REVISIONS)
    assert scripts.get_heads() == [schema.REVISIONS[-1]]
    assert all(Path(s.path).stem == s.revision and len(s.revision) <= 32 for s in scripts.walk_revisions())


def test_a_database_from_before_migrations_is_upgraded_without_loss(empty, empty_url):
    rows = before_migrations(empty_url)
    assert empty.pending() == schema.REVISIONS[1:]
    assert empty.upgrade() == schema.REVISIONS[1:]
    assert differences(empty_url) == []
    with empty.read() as tx:
        found = {row.id: row for row in tx.documents.search()}
        assert list(found) == [row.id for row in rows]
        assert found["may pass"].state is State.ACCEPTED
        assert found["hopeless"].state is State.FAILED
        for row in rows:
            assert (found[row.id].number, found[row.id].attempts) == (row.number, row.attempts)
            assert found[row.id].warnings == (DOUBT,)
            assert tx.events.of(row.id)
        assert tx.log.size() == 2
        assert len(tx.events.unsequenced(9)) == 3
        assert tx.jobs.due(NOON, 9) == []
        assert tx.jobs.due(NOON + dt.timedelta(hours=1), 9) == ["waits", "may pass"]
        assert tx.jobs.held() == []
    with empty.begin() as tx:
        assert tx.numbers.take("a", "测", 2026) == 2
        assert tx.jobs.claim("done", "m:1:1", NOON, NOON + dt.timedelta(minutes=1)) == 1
    assert rows_of(empty_url, "SELECT count(*) FROM jobs") == [(len(rows),)]


def test_sqlite_is_upgraded_by_its_first_use(tmp_path):
    url = f"sqlite:///{tmp_path / 'docsvc.db'}"
    before_migrations(url)
    database = SqlDatabase(url)
    with database.read() as tx:
        assert tx.jobs.due(NOON + dt.timedelta(hours=1), 9) == ["waits", "may pass"]
    assert database.upgrade() == ()
    database.close()


@pytest.mark.database
def test_postgresql_is_upgraded_on_command_alone(postgres_url):
    before_migrations(postgres_url)
    database = SqlDatabase(postgres_url)
    for use in (database.begin, database.read):
        with pytest.raises(SetupError, match="docsvc db upgrade"), use():
            pass
    assert rows_of(postgres_url, "SELECT to_regclass('jobs')::text") == [(None,)]
    other = SqlDatabase(postgres_url)
    other.upgrade()
    other.close()
    with database.begin() as tx:  # which needs no restart for it
        assert tx.jobs.held() == []
    database.close()


def test_looking_changes_nothing(empty, empty_url, tmp_path):
    assert empty.pending() == schema.REVISIONS
    if empty_url.startswith("sqlite"):
        assert list(tmp_path.iterdir()) == []
    else:
        assert look(empty_url, lambda c: sa.inspect(c).get_table_names()) == []


@pytest.mark.parametrize("start", ["empty", "before migrations"])
def test_of_upgraders_at_once_one_upgrades(empty_url, start):
    if start == "before migrations":
        before_migrations(empty_url)
    databases = [SqlDatabase(empty_url) for _ in range(6)]
    barrier = threading.Barrier(len(databases))

    def upgrade(database):
        barrier.wait()
        return database.upgrade()

    with concurrent.futures.ThreadPoolExecutor(len(databases)) as pool:
        done = list(pool.map(upgrade, databases))
    for database in databases:
        database.close()
    expected = schema.REVISIONS if start == "empty" else schema.REVISIONS[1:]
    assert sorted(done, key=len) == [()] * (len(databases) - 1) + [expected]
    assert differences(empty_url) == []


def test_processes_at_once_upgrade_once(empty_url):
    before_migrations(empty_url)
    code = """
import sys
from docsvc.adapters.db.database import SqlDatabase
database = SqlDatabase(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(len(database.upgrade()))
with database.read() as tx:
    assert tx.documents.search()
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    counts = sorted(process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0] * 4
    assert counts == ["0\n", "0\n", "0\n", f"{len(schema.REVISIONS) - 1}\n"]


def test_an_upgrade_that_fails_leaves_all_as_it_was(empty, empty_url):
    before_migrations(empty_url)
    run(empty_url, "CREATE TABLE users (mine TEXT)")  # the second migration's fourth table
    before = shape(empty_url), rows_of(empty_url, "SELECT id, state FROM documents ORDER BY id")
    with pytest.raises(SetupError, match="nothing was changed"):
        empty.upgrade()
    assert (shape(empty_url), rows_of(empty_url, "SELECT id, state FROM documents ORDER BY id")) == before
    assert empty.pending() == schema.REVISIONS[1:]
    run(empty_url, "DROP TABLE users")
    assert empty.upgrade() == schema.REVISIONS[1:]


def test_a_schema_newer_than_the_program_is_refused_and_left_alone(url):
    run(url, "UPDATE alembic_version SET version_num = 'r9999_from_the_future'")
    before = shape(url)
    database = SqlDatabase(url)
    for use in (database.upgrade, database.pending, database.begin().__enter__, database.read().__enter__):
        with pytest.raises(SetupError, match=r"r9999_from_the_future.*newer"):
            use()
    database.close()
    assert shape(url) == before
    assert rows_of(url, "SELECT version_num FROM alembic_version") == [("r9999_from_the_future",)]


def test_a_database_that_is_only_partly_ours_is_refused(empty, empty_url):
    run(empty_url, "CREATE TABLE documents (mine TEXT)")
    with pytest.raises(SetupError, match="log_entries"):
        empty.upgrade()
    assert set(shape(empty_url)) == {"documents"}


def test_other_people_s_tables_in_the_database_are_no_hindrance(empty, empty_url):
    run(empty_url, "CREATE TABLE mine (id TEXT)")
    assert empty.upgrade() == schema.REVISIONS
    assert "mine" in shape(empty_url)


@pytest.mark.slow
def test_the_migrations_are_in_the_wheel(tmp_path):
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("no uv to build a wheel with")
    built = subprocess.run(
        [uv, "build", "--wheel", "--offline", "--out-dir", tmp_path, ROOT],
        check=False,
        capture_output=True,
        text=True,
    )
    if built.returncode:
        pytest.skip(f"a wheel can't be built here: {built.stderr[-300:]}")
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in schema.MIGRATIONS.rglob("*.py")}
    assert wanted <= names
    assert len(wanted) >= len(schema.REVISIONS) + 1
