from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import threading

import pytest

from docsvc.adapters.db import tables
from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.access import Client, Permission, Role, Session, User
from docsvc.domain.errors import ConflictError, DocsvcError, NotFoundError, UsageError

NOON = dt.datetime(2026, 7, 1, 4, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def client(id="c-1", name="市监系统", **fields):
    values = {
        "key_sha256": "a" * 64,
        "agency_id": "demo-market",
        "scopes": frozenset({Permission.READ, Permission.CREATE}),
        "created_at": NOON,
    }
    return Client(id=id, name=name, **values | fields)


def user(id="u-1", name="王明", **fields):
    values = {"password_hash": "$argon2id$x", "role": Role.OFFICER, "agency_id": "demo-market", "created_at": NOON}
    return User(id=id, name=name, **values | fields)


# Clients


def test_clients_come_back_as_they_went_in(database):
    one, other = client(), client("c-2", "audit", agency_id=None, scopes=frozenset())
    with database.begin() as tx:
        tx.clients.add(one)
        tx.clients.add(other)
    with database.read() as tx:
        assert tx.clients.find(id="c-1") == one
        assert tx.clients.find(name="audit") == other
        assert tx.clients.find(id="c-1", name="audit") is None
        assert tx.clients.find(name="a\0") is None
        assert tx.clients.list() == [other, one]
        with pytest.raises(UsageError):
            tx.clients.find()


def test_a_client_s_name_is_free_again_once_it_is_revoked(database):
    with database.begin() as tx:
        tx.clients.add(client())
        with pytest.raises(ConflictError, match="市监系统"):
            tx.clients.add(client("c-2"))
        tx.clients.revoke("c-1", NOON + HOUR)
        tx.clients.revoke("c-1", NOON + 2 * HOUR)
        assert tx.clients.find(id="c-1") == client(revoked_at=NOON + HOUR)
        assert tx.clients.find(name="市监系统") == client(revoked_at=NOON + HOUR)
        tx.clients.add(client("c-2"))
        assert tx.clients.find(name="市监系统") == client("c-2")
        with pytest.raises(NotFoundError):
            tx.clients.revoke("nobody", NOON)
    with database.read() as tx:
        assert [c.id for c in tx.clients.list()] == ["c-1", "c-2"]


# Users


def test_users_come_back_as_they_went_in(database):
    one, other = user(), user("u-2", "auditor", role=Role.AUDITOR, agency_id=None, locked_until=NOON, failures=3)
    with database.begin() as tx:
        tx.users.add(one)
        tx.users.add(other)
        assert tx.users.find(name="王明") == one
    with database.read() as tx:
        assert tx.users.find(id="u-2") == other
        assert tx.users.find(name="nobody") is None
        assert tx.users.find(name="\0") is None
        assert tx.users.list() == [other, one]
        with pytest.raises(UsageError):
            tx.users.find()


def test_a_user_s_name_is_taken_for_good(database):
    with database.begin() as tx:
        tx.users.add(user())
        tx.users.update("u-1", disabled_at=NOON)
        with pytest.raises(ConflictError, match="王明"):
            tx.users.add(user("u-2"))
        assert [u.id for u in tx.users.list()] == ["u-1"]


def test_a_user_is_changed_but_stays_the_same_user(database):
    with database.begin() as tx:
        tx.users.add(user())
        changed = {
            "failures": 2,
            "locked_until": NOON,
            "role": Role.ADMINISTRATOR,
            "agency_id": None,
            "password_hash": "$y",
        }
        tx.users.update("u-1", **changed)
        assert tx.users.find(id="u-1") == dataclasses.replace(user(), **changed)
        for fixed in ("id", "name", "created_at", "nonsense"):
            with pytest.raises(ValueError, match=fixed):
                tx.users.update("u-1", **{fixed: "x"})
        with pytest.raises(NotFoundError):
            tx.users.update("nobody", failures=0)


def test_tries_that_come_at_once_are_counted_one_by_one(url):
    tries = 12
    database = SqlDatabase(url)
    with database.begin() as tx:
        tx.users.add(user())
    start = threading.Barrier(tries)

    def wrong_password(_):
        start.wait()
        with database.begin() as tx:
            found = tx.users.find(name="王明")
            tx.users.update(found.id, failures=found.failures + 1)
        return found.failures

    with concurrent.futures.ThreadPoolExecutor(tries) as pool:
        assert sorted(pool.map(wrong_password, range(tries))) == list(range(tries))
    database.close()


# Sessions


@pytest.fixture
def signed_in(database):
    """Three sessions of two users, an hour apart."""
    found = [Session(str(n) * 64, f"u-{min(n, 2)}", NOON + n * HOUR, NOON + (n + 1) * HOUR) for n in (1, 2, 3)]
    with database.begin() as tx:
        tx.users.add(user("u-1", "a"))
        tx.users.add(user("u-2", "b"))
        for each in found:
            tx.sessions.add(each)
    return found


def there(database, sessions):
    with database.read() as tx:
        return [tx.sessions.find(s.token_sha256) is not None for s in sessions]


def test_sessions_are_found_touched_and_removed(database, signed_in):
    first, second, _ = signed_in
    with database.begin() as tx:
        tx.sessions.touch(first.token_sha256, NOON + 9 * HOUR)
        tx.sessions.touch(second.token_sha256, NOON)  # two requests at once, the earlier one comes last
        tx.sessions.touch("f" * 64, NOON)
    with database.read() as tx:
        assert tx.sessions.find(first.token_sha256) == dataclasses.replace(first, seen_at=NOON + 9 * HOUR)
        assert tx.sessions.find(second.token_sha256) == second
        assert tx.sessions.find("f" * 64) is None
    with database.begin() as tx:
        tx.sessions.remove(token_sha256=second.token_sha256)
    assert there(database, signed_in) == [True, False, True]
    with database.begin() as tx:
        tx.sessions.add(second)
        tx.sessions.remove(user_id="u-2")
        with pytest.raises(UsageError):
            tx.sessions.remove()
    assert there(database, signed_in) == [True, False, False]


def test_sessions_that_are_old_or_idle_end(database, signed_in):
    with database.begin() as tx:
        assert tx.sessions.expire(NOON, NOON) == 0
        assert tx.sessions.expire(NOON + 2 * HOUR, NOON) == 1
    assert there(database, signed_in) == [False, True, True]
    with database.begin() as tx:
        assert tx.sessions.expire(NOON, NOON + 4 * HOUR) == 1
    assert there(database, signed_in) == [False, False, True]


def test_a_session_is_somebody_s(database):
    with pytest.raises(DocsvcError), database.begin() as tx:
        tx.sessions.add(Session("a" * 64, "nobody", NOON, NOON))


def test_the_columns_are_the_fields():
    for table, kind in ((tables.clients, Client), (tables.users, User), (tables.sessions, Session)):
        assert {c.name for c in table.columns} == {f.name for f in dataclasses.fields(kind)}
