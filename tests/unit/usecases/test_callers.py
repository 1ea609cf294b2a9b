"""Keys of systems: what they are made of, and that nothing but their digest is kept."""

from __future__ import annotations

import sqlite3

import pytest

from docsvc.domain.access import Permission
from docsvc.domain.errors import ConflictError, UnauthorizedError, UsageError
from tests.support.portal import Portal


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    yield portal
    portal.close()


def test_a_key_opens_what_it_was_made_for(portal):
    client, key = portal.service.callers.add("  税务系统 ", "demo-market", [Permission.READ])
    principal = portal.service.callers.authenticate(key)
    assert (principal.kind, principal.id, principal.name) == ("client", client.id, "税务系统")
    assert principal.permissions == {Permission.READ}


def test_no_two_keys_are_alike_and_none_is_kept(portal):
    keys = [portal.service.callers.add(f"s{n}", None, [Permission.READ])[1] for n in range(20)]
    assert len({k.split("_", 2)[2] for k in keys}) == 20
    assert {len(k.split("_", 2)[2]) for k in keys} == {43}, "256 bits"
    portal.office.close()
    with sqlite3.connect(portal.office.path) as db:
        dump = "\n".join(db.iterdump())
    db.close()
    assert not any(k.split("_", 2)[2] in dump for k in keys)


def test_one_key_does_not_open_another_client(portal):
    _, one = portal.service.callers.add("one", None, [Permission.READ])
    other, _ = portal.service.callers.add("other", None, [Permission.READ])
    with pytest.raises(UnauthorizedError):
        portal.service.callers.authenticate(f"docsvc_{other.id}_{one.split('_', 2)[2]}")


@pytest.mark.parametrize(
    ("name", "agency", "scopes"),
    [
        ("", None, [Permission.READ]),
        ("x" * 101, None, [Permission.READ]),
        ("x", None, []),
        ("x", "?", [Permission.READ]),
    ],
)
def test_what_makes_no_client(portal, name, agency, scopes):
    with pytest.raises(UsageError):
        portal.service.callers.add(name, agency, scopes)
    assert portal.service.callers.list() == []


def test_a_name_is_free_again_once_its_client_is_revoked(portal):
    portal.service.callers.add("tax", None, [Permission.READ])
    with pytest.raises(ConflictError):
        portal.service.callers.add("tax", None, [Permission.READ])
    first = portal.service.callers.revoke("tax")
    assert first.revoked_at
    assert portal.service.callers.revoke(first.id).revoked_at == first.revoked_at
    portal.service.callers.add("tax", None, [Permission.READ])
    with pytest.raises(UsageError):
        portal.service.callers.revoke("nobody")
