import sqlite3
import stat

import pytest

from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.errors import SetupError


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:wr0ng-s3cret@h/d",
        "oracle://",
        "sqlite:///x?mode=ro",
    ],
)
def test_a_url_that_can_not_serve_is_a_fault_of_setup(url):
    with pytest.raises(SetupError) as raised:
        SqlDatabase(url)
    assert "wr0ng-s3cret" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_goes_through_psycopg_3_whatever_the_url_says(scheme):
    database = SqlDatabase(f"{scheme}://u:p@127.0.0.1/d")
    assert database._engine.dialect.driver == "psycopg"
    database.close()


def test_nothing_is_opened_before_the_first_transaction(tmp_path):
    SqlDatabase(f"sqlite:///{tmp_path / 'sub' / 'x.db'}").close()
    assert list(tmp_path.iterdir()) == []


def test_the_file_and_its_journal_are_the_owner_s_alone(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'sub' / 'x.db'}")
    with database.begin() as tx:
        tx.numbers.take("a", "b", 2026)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "sub").iterdir()}
    database.close()
    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == 0o700


def test_each_connection_is_durable_and_checks_references(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'x.db'}")
    with database.begin() as tx:
        pragmas = {
            name: tx._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}


def test_a_transaction_has_the_write_lock_from_its_first_moment(tmp_path):
    path = tmp_path / "x.db"
    database = SqlDatabase(f"sqlite:///{path}")
    with database.begin():
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    database.close()


def test_a_file_that_is_no_database_is_a_fault_of_setup(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"something else entirely" * 100)
    database = SqlDatabase(f"sqlite:///{path}")
    with pytest.raises(SetupError), database.begin():
        pass
    database.close()
    assert path.read_bytes() == b"something else entirely" * 100


def test_a_folder_that_can_not_be_is_a_fault_of_setup(tmp_path):
    (tmp_path / "file").touch()
    database = SqlDatabase(f"sqlite:///{tmp_path / 'file' / 'x.db'}")
    with pytest.raises(SetupError), database.begin():
        pass
    database.close()


def test_a_fault_of_setup_can_be_mended_without_a_restart(tmp_path):
    (tmp_path / "file").touch()
    database = SqlDatabase(f"sqlite:///{tmp_path / 'file' / 'x.db'}")
    with pytest.raises(SetupError), database.begin():
        pass
    (tmp_path / "file").unlink()
    with database.begin() as tx:
        assert tx.numbers.take("a", "b", 2026) == 1
    database.close()
