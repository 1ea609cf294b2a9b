"""The sweeper: what is due is sent, what is held is not, the dead let go, and nothing is lost with the broker."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from docsvc.domain.access import Session
from docsvc.domain.batch import Batch
from docsvc.domain.custody import SealUse, UseState
from docsvc.domain.document import State
from docsvc.domain.errors import QueueError
from docsvc.domain.job import Posting
from docsvc.usecases.sweep import BATCH, Sweep
from tests.support.rows import document_row

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
RESEND_S = 30


class World:
    """Clock, processes and broker in one."""

    def __init__(self):
        self.now, self.gone, self.sent, self.room = NOW, set(), [], 1000
        self.taken = None  # how many of those sent the workers have taken; None: all

    me = "sweeper"

    def clock(self):
        return self.now

    def dead(self, holder):
        return holder in self.gone

    def send(self, document_id):
        if self.room == 0:
            raise QueueError("away")
        self.room -= 1
        self.sent.append(document_id)

    def waiting(self):
        return 0 if self.taken is None else len(self.sent) - self.taken


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sweep(database, world):
    return Sweep(database, world, world, world.clock, RESEND_S)


def added(database, count, due_at=NOW):
    rows = [document_row(f"测示〔2026〕{uuid.uuid4()}号") for _ in range(count)]
    with database.begin() as tx:
        for n, row in enumerate(rows):
            tx.documents.add(row)
            tx.jobs.add(row.id, due_at + dt.timedelta(seconds=n))
    return [row.id for row in rows]


def after(world, seconds):
    world.now = NOW + dt.timedelta(seconds=seconds)


def test_what_is_due_is_sent_once_in_a_while(database, sweep, world):
    ids = added(database, 3)
    after(world, 1)
    assert sweep.send() == 2
    assert world.sent == ids[:2]
    assert sweep.send() == 0
    after(world, 2)
    assert sweep.send() == 1
    after(world, RESEND_S + 1)  # the first two were lost: due again
    assert sweep.send() == 2
    assert world.sent[:3] == ids
    assert sorted(world.sent[3:]) == sorted(ids[:2])


def test_a_broker_that_is_away_leaves_them_due(database, sweep, world):
    ids = added(database, 5, NOW - dt.timedelta(minutes=1))
    world.room = 2
    with pytest.raises(QueueError):
        sweep.send()
    assert world.sent == ids[:2]
    world.room = 100
    assert sweep.send() == 3
    assert sorted(world.sent) == sorted(ids)


def test_a_long_backlog_does_not_pile_up_in_the_broker(database, sweep, world):
    """Ids sent again and again while the first ones still wait would stand before every new document."""
    ids = added(database, BATCH + 50, NOW - dt.timedelta(hours=1))
    world.taken = 0
    for minute in range(10):
        after(world, 60 * minute)
        sweep.send()
    assert len(world.sent) == BATCH
    world.taken = 30  # as many as the workers took are sent
    assert sweep.send() == 30
    world.taken = None  # the broker has lost all of them
    for minute in range(10, 13):
        after(world, 60 * minute)
        sweep.send()
    assert set(world.sent) == set(ids)


def test_what_is_held_is_not_sent_until_its_lease_has_run_out(database, sweep, world):
    (document_id,) = added(database, 1)
    with database.begin() as tx:
        tx.jobs.claim(document_id, "worker", NOW, NOW + dt.timedelta(seconds=60))
    assert sweep.free() == 0
    after(world, 59)
    assert sweep.send() == 0
    after(world, 60)
    assert sweep.send() == 1


def test_a_dead_holder_lets_go_and_its_job_is_due_now(database, sweep, world):
    dead, alive, done = added(database, 3, NOW + dt.timedelta(minutes=5))
    with database.begin() as tx:
        token = tx.jobs.claim(done, "lifter", NOW, NOW + dt.timedelta(seconds=60))
        tx.jobs.release(done, token, None)
        for document_id, holder in ((dead, "gone"), (alive, "worker"), (done, "gone")):
            tx.jobs.claim(document_id, holder, NOW, NOW + dt.timedelta(seconds=60))
    world.gone = {"gone"}
    assert sweep.free() == 2
    assert sweep.send() == 1
    assert world.sent == [dead], "what had nothing to do still has nothing to do"
    with database.read() as tx:
        assert [job.document_id for job in tx.jobs.held()] == [alive]


@pytest.mark.parametrize(
    ("state", "becomes"), [(State.RECORDED, UseState.FAILED), (State.RENDERING, UseState.BEGUN)]
)
def test_what_a_dead_holder_began_on_a_made_document_is_settled(database, sweep, world, state, becomes):
    """The copy of a made document is due to nobody; one that is being made is settled by whoever goes on."""
    (document_id,) = added(database, 1)
    use = SealUse("u-1", "SEAL-1", "demo", document_id, "c", "sm2", {}, "u", NOW)
    with database.begin() as tx:
        tx.documents.update(document_id, state=state)
        tx.jobs.claim(document_id, "gone", NOW, NOW + dt.timedelta(seconds=60))
        tx.seal_uses.add(use)
    world.gone = {"gone"}
    assert sweep.free() == 1
    with database.read() as tx:
        (found,) = tx.seal_uses.list("SEAL-1", None, None)
    assert found.state is becomes


def test_old_keys_and_sessions_are_forgotten(database, sweep):
    hour = dt.timedelta(hours=1)

    def posting(key, age):
        return Posting("client", key, "0" * 64, None, NOW + hour, NOW - age)

    def session(token, age, idle):
        return Session(token * 64, user.id, NOW - age, NOW - idle)

    user = _user()
    with database.begin() as tx:
        tx.users.add(user)
        tx.postings.open(posting("old", 25 * hour))
        tx.postings.open(posting("young", 23 * hour))
        tx.sessions.add(session("a", 13 * hour, 0 * hour))
        tx.sessions.add(session("b", 2 * hour, 1.5 * hour))
        tx.sessions.add(session("c", 2 * hour, 0.5 * hour))
    assert sweep.expire(12 * hour, hour) == 3
    with database.begin() as tx:
        assert tx.sessions.find("c" * 64)
        assert tx.postings.open(posting("young", 0 * hour)) is not None
        assert tx.postings.open(posting("old", 0 * hour)) is None


def test_what_became_of_a_batch_is_forgotten_after_its_time(sweep, database):
    def batch(name, days):
        taken = NOW - dt.timedelta(days=days)
        return Batch(name, "client", "c", "系统", None, name, "a" * 64, ".csv", 0, taken, taken)

    with database.begin() as tx:
        tx.batches.add(batch("old", 91), [])
        tx.batches.add(batch("young", 89), [])
    assert sweep.expire(dt.timedelta(hours=12), dt.timedelta(hours=1)) == 1
    with database.read() as tx:
        assert tx.batches.find(id="old") is None
        assert tx.batches.find(id="young")


def _user():
    from docsvc.domain.access import Role, User

    return User(str(uuid.uuid4()), "clerk", "-", Role.OFFICER, None, NOW)
