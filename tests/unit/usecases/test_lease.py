"""Leases on documents: one living holder at a time, the dead and the late taken over, the old token worthless."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.errors import BusyError, DatabaseError, LeaseLostError
from docsvc.usecases.lease import Leases
from tests.support.rows import document_row

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LEASE_S = 60


class Someone:
    """Processes of a machine on which `gone` are no more."""

    def __init__(self, me):
        self.me, self.gone = me, set()

    def dead(self, holder):
        return holder in self.gone


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def pass_s(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def row(database):
    row = document_row()
    with database.begin() as tx:
        tx.documents.add(row)
        tx.jobs.add(row.id, NOW)
    return row


@pytest.fixture
def one(database, clock):
    return Leases(database, Someone("one"), clock, LEASE_S)


@pytest.fixture
def other(database, clock):
    return Leases(database, Someone("other"), clock, LEASE_S)


def due(database, now):
    with database.read() as tx:
        return tx.jobs.due(now, 10)


def test_one_holder_at_a_time(one, other, row):
    with one.hold(row.id):
        with pytest.raises(BusyError), other.hold(row.id):
            pytest.fail("two hold it")
        with pytest.raises(BusyError), one.hold(row.id):
            pytest.fail("the same process holds it twice")
    with other.hold(row.id):
        pass


def test_a_dead_holder_is_taken_over_at_once_and_its_token_is_worthless(database, one, other, row):
    with database.begin() as tx:
        token = one.claim(tx, row.id)
    other.processes.gone.add("one")
    with other.hold(row.id) as newer:
        assert newer > token
        with pytest.raises(LeaseLostError), database.begin() as tx:
            tx.jobs.fence(row.id, token)
        with database.begin() as tx:
            tx.jobs.fence(row.id, newer)


def test_a_silent_holder_is_taken_over_when_its_lease_has_run_out(one, other, row, clock):
    with one.hold(row.id):
        clock.pass_s(LEASE_S - 1)
        with pytest.raises(BusyError), other.hold(row.id):
            pytest.fail("too early")
        clock.pass_s(1)
        with other.hold(row.id):
            pass
    # And the end of the first one's block, which lost it, disturbs nobody.
    with other.hold(row.id):
        pass


def test_when_the_job_is_due_stays_as_it_was(database, one, row):
    with one.hold(row.id):
        assert due(database, NOW) == []
    assert due(database, NOW) == [row.id]
    with database.begin() as tx:
        tx.jobs.release(row.id, one.claim(tx, row.id), None)
    with one.hold(row.id):
        pass
    assert due(database, NOW) == []


def test_a_fault_in_the_block_lets_go_as_well(one, other, row):
    with pytest.raises(ZeroDivisionError), one.hold(row.id):
        raise ZeroDivisionError
    with other.hold(row.id):
        pass


def test_a_database_that_is_away_at_the_end_hides_no_fault_of_the_block(one, row):
    class Away:
        def begin(self):
            raise DatabaseError("away")

    def lose_it():
        object.__setattr__(one, "database", Away())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), one.hold(row.id):
        lose_it()


def test_a_process_gives_back_what_it_held_when_the_database_went_away(database, one, other, row):
    with database.begin() as tx:
        token = one.claim(tx, row.id)
    other.abandon(row.id)  # another one's lease is not touched
    with database.begin() as tx:
        tx.jobs.fence(row.id, token)
    one.abandon(row.id)
    one.abandon(row.id)
    assert due(database, NOW) == [row.id]
    with one.hold(row.id):
        pass
