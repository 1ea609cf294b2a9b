"""What operators see of unfinished work, and letting it be tried again."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.document import State
from docsvc.domain.errors import BusyError, ConflictError, NotFoundError, QueueError
from docsvc.usecases.jobs import Jobs
from docsvc.usecases.lease import Leases
from tests.support.rows import document_row

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


class World:
    """Processes and broker in one."""

    me = "operator"

    def __init__(self):
        self.sent, self.away = [], False

    def dead(self, _holder):
        return False

    def send(self, document_id):
        if self.away:
            raise QueueError("away")
        self.sent.append(document_id)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def jobs(database, world):
    return Jobs(database, Leases(database, world, lambda: NOW, 60), world, lambda: NOW)


def added(database, n, state, **fields):
    row = document_row(f"测示〔2026〕{n}号", state=state, created_at=NOW - dt.timedelta(hours=n), **fields)
    with database.begin() as tx:
        tx.documents.add(row)
        tx.jobs.add(row.id, NOW)
        if state not in (State.ACCEPTED, State.RENDERING):
            tx.jobs.release(row.id, tx.jobs.claim(row.id, "worker", NOW, NOW), None)
    return row


def failed(database, n):
    return added(database, n, State.FAILED, attempts=6, reason="the office was away", retryable=True)


def due(database):
    with database.read() as tx:
        return tx.jobs.due(NOW, 10)


def found(database, row):
    with database.read() as tx:
        return tx.documents.find(id=row.id)


def test_unfinished_work_is_listed_oldest_first_with_who_is_at_it(database, jobs):
    waiting, made = added(database, 1, State.ACCEPTED), added(database, 2, State.RENDERING)
    gone = failed(database, 3)
    for n, state in enumerate((State.SEALED, State.RECORDED, State.VOIDED), 4):
        added(database, n, state)
    with database.begin() as tx:
        tx.jobs.claim(made.id, "worker", NOW, NOW + dt.timedelta(seconds=60))
    listed = jobs.open()
    assert [(j.row.id, j.holder) for j in listed] == [(gone.id, None), (made.id, "worker"), (waiting.id, None)]
    assert listed[0].age == dt.timedelta(hours=3)
    assert [j.row.id for j in jobs.open(failed=True)] == [gone.id]


@pytest.mark.parametrize("by", ["id", "number"])
def test_a_failed_document_is_tried_again_from_the_first_attempt_on(database, jobs, world, by):
    row = failed(database, 1)
    assert due(database) == []
    assert jobs.retry(getattr(row, by)).state is State.ACCEPTED
    assert due(database) == [row.id] == world.sent
    after = found(database, row)
    assert (after.attempts, after.reason, after.retryable) == (0, None, False)


def test_a_broker_that_is_away_is_the_sweeper_s_business(database, jobs, world):
    row = failed(database, 1)
    world.away = True
    jobs.retry(row.id)
    assert due(database) == [row.id]


def test_what_somebody_makes_now_is_left_alone(database, jobs):
    row = added(database, 1, State.RENDERING)
    with database.begin() as tx:
        tx.jobs.claim(row.id, "worker", NOW, NOW + dt.timedelta(seconds=60))
    with pytest.raises(BusyError):
        jobs.retry(row.id)
    assert found(database, row).state is State.RENDERING


def test_retrying_all_passes_over_one_that_another_operator_was_quicker_with(database, world):
    """It is being made already when its turn comes: that must not keep the others from being tried."""
    first, second, third = (failed(database, n) for n in (3, 2, 1))

    class Quicker(World):
        def send(self, document_id):
            super().send(document_id)
            if document_id == first.id:
                with database.begin() as tx:
                    tx.documents.update(second.id, state=State.RENDERING)
                    tx.jobs.claim(second.id, "worker", NOW, NOW + dt.timedelta(seconds=60))

    broker = Quicker()
    jobs = Jobs(database, Leases(database, world, lambda: NOW, 60), broker, lambda: NOW)
    assert [row.id for row in jobs.retry_failed()] == [first.id, third.id]
    assert broker.sent == [first.id, third.id]


@pytest.mark.parametrize("state", [State.SEALED, State.RECORDED, State.VOIDED])
def test_what_is_made_or_void_is_not_tried_again(database, jobs, world, state):
    row = added(database, 1, state)
    with pytest.raises(ConflictError):
        jobs.retry(row.id)
    assert found(database, row).state is state
    assert due(database) == [] == world.sent
    with database.read() as tx:
        assert not tx.jobs.held()


def test_nobody_s_document(jobs):
    with pytest.raises(NotFoundError):
        jobs.retry("测示〔2026〕404号")


def test_all_that_failed(database, jobs, world):
    rows = [failed(database, n) for n in (3, 2, 1)]
    added(database, 9, State.ACCEPTED)
    assert [r.id for r in jobs.retry_failed()] == [r.id for r in rows] == world.sent
    assert jobs.open(failed=True) == []
