"""Uses of seals on both engines: counted one after the other, settled, found again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import uuid

import pytest

from docsvc.domain.custody import SealUse, UseState
from tests.support.registry_office import document_row

NOON = dt.datetime(2026, 11, 25, 4, tzinfo=dt.UTC)


@pytest.fixture
def row(database):
    made = document_row(1)
    with database.begin() as tx:
        tx.documents.add(made)
    return made


def use_of(row, seal_id="SEAL-1", minutes=0):
    return SealUse(
        id=str(uuid.uuid4()),
        seal_id=seal_id,
        agency_id=row.agency_id,
        document_id=row.id,
        certificate_sha256="cc" * 32,
        door="pkcs11",
        asked_by={"kind": "client", "id": "1", "name": "办案系统"},
        unsigned_sha256="dd" * 32,
        begun_at=NOON + dt.timedelta(minutes=minutes),
    )


def test_a_use_is_found_as_it_was_written(database, row):
    one, other = use_of(row), use_of(row, "SEAL-2")
    with database.begin() as tx:
        tx.seal_uses.lock(["SEAL-2", "SEAL-1"])
        tx.seal_uses.add(one)
        tx.seal_uses.add(other)
    with database.read() as tx:
        assert list(tx.seal_uses.list("SEAL-1", None, None)) == [one]
        assert list(tx.seal_uses.list("SEAL-2", NOON, NOON + dt.timedelta(minutes=1))) == [other]
        assert list(tx.seal_uses.list("SEAL-1", None, NOON)) == []
        assert tx.seal_uses.count("SEAL-1", NOON) == 1
        assert tx.seal_uses.count("SEAL-1", NOON + dt.timedelta(seconds=1)) == 0


def test_from_begun_to_kept(database, row):
    use = use_of(row)
    signed = "ee" * 32
    with database.begin() as tx:
        tx.seal_uses.add(use)
        tx.seal_uses.sign(row.id, signed, {"SEAL-1": "ab" * 32, "SEAL-2": "cd" * 32})
        assert tx.seal_uses.keep(row.id, "ff" * 32, NOON) == []  # another file's
        (kept,) = tx.seal_uses.keep(row.id, signed, NOON)
        tx.seal_uses.fail(row.id, "too late", NOON)
        assert list(tx.seal_uses.list("SEAL-1", None, None)) == [kept]
    assert kept == dataclasses.replace(
        use, state=UseState.KEPT, signed_sha256=signed, settled_at=NOON, certificate_sha256="ab" * 32
    )


@pytest.mark.parametrize("signed", [False, True])
def test_what_came_to_nothing_stays_with_its_reason(database, row, signed):
    with database.begin() as tx:
        tx.seal_uses.add(use_of(row))
        if signed:
            tx.seal_uses.sign(row.id, "ee" * 32, {})
        tx.seal_uses.fail(row.id, "令牌没有响应", NOON)
        (failed,) = tx.seal_uses.list("SEAL-1", None, None)
        assert (failed.state, failed.reason, failed.settled_at) == (UseState.FAILED, "令牌没有响应", NOON)
        assert tx.seal_uses.count("SEAL-1", NOON) == 1  # the key may have been operated


def test_of_many_at_once_each_counts_those_before(database, row):
    """The limit is 5, and 12 come at the same time."""
    begun = []

    def begin(n):
        with database.begin() as tx:
            tx.seal_uses.lock(["SEAL-1", "SEAL-2"] if n % 2 else ["SEAL-2", "SEAL-1"])
            if tx.seal_uses.count("SEAL-1", NOON) < 5:
                tx.seal_uses.add(use_of(row))
                begun.append(n)

    threads = [threading.Thread(target=begin, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 5
    with database.read() as tx:
        assert tx.seal_uses.count("SEAL-1", NOON) == 5
