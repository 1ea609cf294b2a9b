"""`docsvc clients`: a key is shown once, works at once, and ends at once."""

from __future__ import annotations

import re

import pytest

from docsvc.domain.access import Permission
from docsvc.domain.errors import UnauthorizedError
from docsvc.usecases.callers import Callers

KEY = re.compile(r"docsvc_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n")


@pytest.fixture
def callers(workspace):
    import datetime as dt

    from docsvc.adapters.db.database import SqlDatabase

    workspace.run("agencies", "list", check=True)
    database = SqlDatabase(f"sqlite:///{workspace.data / 'docsvc.db'}")
    yield Callers(database, lambda: dt.datetime.now(dt.UTC))
    database.close()


def test_a_key_from_the_first_to_the_last(workspace, callers):
    added = workspace.run("clients", "add", "税务系统", "--agency", "demo-market", check=True)
    assert KEY.fullmatch(added.stdout), "the key alone on standard output"
    key = added.stdout.strip()
    principal = callers.authenticate(key)
    assert (principal.name, principal.agency_id) == ("税务系统", "demo-market")
    assert principal.permissions == {Permission.CREATE, Permission.READ}

    again = workspace.run("clients", "add", "税务系统", "--all-agencies")
    assert (again.returncode, again.stdout) == (1, "")

    listed = workspace.run("clients", "list", check=True).stdout
    assert "税务系统" in listed
    assert "active" in listed
    assert key.split("_", 2)[2] not in listed

    workspace.run("clients", "revoke", "税务系统", check=True)
    with pytest.raises(UnauthorizedError):
        callers.authenticate(key)
    assert "revoked" in workspace.run("clients", "list", check=True).stdout
    workspace.run("clients", "revoke", key.split("_")[1], check=True)

    other = workspace.run("clients", "add", "税务系统", "--all-agencies", "--scope", "documents:void", check=True)
    principal = callers.authenticate(other.stdout.strip())
    assert (principal.agency_id, principal.permissions) == (None, {Permission.VOID})


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x"),
        ("add", "x", "--agency", "demo-market", "--all-agencies"),
        ("add", "x", "--agency", "nowhere"),
        ("add", " ", "--all-agencies"),
        ("add", "a\tb", "--all-agencies"),
        ("add", "x", "--all-agencies", "--scope", "everything"),
        ("revoke", "nobody"),
    ],
)
def test_wrong_usage_is_64_and_makes_nothing(workspace, words):
    r = workspace.run("clients", *words)
    assert r.returncode == 64
    assert workspace.run("clients", "list", check=True).stdout == ""
