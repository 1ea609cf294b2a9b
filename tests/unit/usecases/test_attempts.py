"""Attempts at a document: faults that pass and that do not, attempts that died without a word, lost leases."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from docsvc.adapters.db.database import SqlDatabase
from docsvc.adapters.stores.local import LocalStore
from docsvc.domain.custody import Quota
from docsvc.domain.document import State
from docsvc.domain.errors import (
    BusyError,
    ConversionError,
    LeaseLostError,
    NotFoundError,
    StoreError,
    TemplateFaultError,
)
from docsvc.domain.job import BACKOFF_S, MAX_ATTEMPTS
from docsvc.usecases.custody import Custody, WatchedKeys
from docsvc.usecases.intake import Intake
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import CUT_OFF, Production
from tests.support.cases import CHECK, FOLDER, laws, registry, sample

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LEASE_S = 60


class World:
    """Clock, fonts, codes, keys, processes and a filler that always does the same wrong thing, in one."""

    development = True

    def __init__(self):
        self.now, self.me, self.gone, self.fault = NOW, "worker-1", set(), lambda: None

    def clock(self):
        return self.now

    def undrawable(self, _text):
        return []

    def dead(self, holder):
        return holder in self.gone

    def all_of(self, _design):
        return [self]

    key_id = bytes(4)

    def sign(self, _message):
        return bytes(64)

    def png(self, _text):
        return b"png"

    def fill(self, *_):
        self.fault()
        raise AssertionError("the fault was expected to be raised")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def database(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'test.db'}")
    with database.begin() as tx:
        tx.agencies.save(registry().values())
    yield database
    database.close()


@pytest.fixture
def production(database, world, tmp_path):
    roles = ("filler", "codes", "scan_signer")
    fields = {f.name: None for f in dataclasses.fields(Production)} | dict.fromkeys(roles, world)
    return Production(
        **fields
        | {
            "database": database,
            "templates": FOLDER,
            "objects": LocalStore(tmp_path / "objects"),
            "public_url": "https://docs.example",
            "leases": Leases(database, world, world.clock, LEASE_S),
            "clock": world.clock,
            "custody": Custody(WatchedKeys(world), lambda _seal: Quota(), ZoneInfo("Asia/Shanghai"), world.clock),
        }
    )


@pytest.fixture
def row(database, world):
    zone = ZoneInfo("Asia/Shanghai")
    return Intake(database, FOLDER, CHECK, world, laws(), zone, world.clock).accept(sample("advice")).row


def raising(error):
    def fault():
        raise error

    return fault


def found(database, row):
    with database.read() as tx:
        return tx.documents.find(id=row.id)


def due(database, at):
    with database.read() as tx:
        return bool(tx.jobs.due(at, 10))


def nobody_holds_it(database):
    with database.read() as tx:
        return not tx.jobs.held()


def test_a_fault_that_may_pass_is_put_off_longer_and_longer_and_then_given_up(database, production, world, row):
    world.fault = raising(ConversionError("排版超时；too slow"))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(ConversionError):
            production.produce(row.id)
        after = found(database, row)
        assert (after.attempts, after.reason, after.retryable) == (attempt, "排版超时；too slow", True)
        assert nobody_holds_it(database)
        if attempt < MAX_ATTEMPTS:
            pause = BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]
            assert after.state is State.ACCEPTED
            assert not due(database, world.now + dt.timedelta(seconds=pause - 1))
            assert due(database, world.now + dt.timedelta(seconds=pause))
    assert found(database, row).state is State.FAILED
    assert not due(database, NOW + dt.timedelta(days=365))
    assert production.produce(row.id).state is State.FAILED, "an old message does not begin it anew"
    assert found(database, row).attempts == MAX_ATTEMPTS


def test_a_fault_that_stays_is_told_at_once(database, production, world, row):
    world.fault = raising(TemplateFaultError("模板有误；the template is broken"))
    with pytest.raises(TemplateFaultError):
        production.produce(row.id)
    after = found(database, row)
    assert (after.state, after.attempts, after.retryable) == (State.FAILED, 1, False)
    assert after.reason == "模板有误；the template is broken"
    assert not due(database, NOW + dt.timedelta(days=365))
    assert nobody_holds_it(database)


def test_a_fault_of_our_own_shows_no_more_than_its_kind(database, production, world, row):
    world.fault = raising(KeyError("张三 330902199001011234"))
    with pytest.raises(KeyError):
        production.produce(row.id)
    after = found(database, row)
    assert (after.state, after.retryable) == (State.ACCEPTED, True)
    assert "KeyError" in after.reason
    assert "张三" not in after.reason


def test_attempts_that_died_without_a_word_count(database, production, world, row):
    class Killed(BaseException):
        pass

    world.fault = raising(Killed())
    for attempt in range(1, MAX_ATTEMPTS + 1):
        world.me = f"worker-{attempt}"
        with pytest.raises(Killed):
            production.produce(row.id)
        assert found(database, row).state is State.RENDERING
        world.gone.add(world.me)
    world.me = "worker-last"
    after = production.produce(row.id)
    assert (after.state, after.reason, after.retryable) == (State.FAILED, CUT_OFF, True)
    assert after.attempts == MAX_ATTEMPTS
    assert nobody_holds_it(database)
    assert not due(database, NOW + dt.timedelta(days=365))


def test_only_one_makes_it(database, production, world, row):
    def meanwhile():
        world.me = "worker-2"
        with pytest.raises(BusyError):
            production.produce(row.id)
        raise StoreError("away")

    world.fault = meanwhile
    with pytest.raises(StoreError):
        production.produce(row.id)
    assert found(database, row).attempts == 1


def test_who_lost_the_lease_writes_nothing(database, production, world, row):
    def taken_over():
        world.me = "worker-2"
        world.now += dt.timedelta(seconds=LEASE_S)
        with database.begin() as tx:
            production.leases.claim(tx, row.id)
            tx.documents.update(row.id, reason="the other one's word")
        raise ConversionError("too late")

    world.fault = taken_over
    with pytest.raises(LeaseLostError):
        production.produce(row.id)
    after = found(database, row)
    assert (after.state, after.reason) == (State.RENDERING, "the other one's word")
    with database.read() as tx:
        assert [job.holder for job in tx.jobs.held()] == ["worker-2"]


@pytest.mark.parametrize("state", [State.SEALED, State.RECORDED, State.VOIDED, State.FAILED])
def test_what_needs_no_work_is_left_as_it_is_and_its_job_closed(database, production, row, state):
    with database.begin() as tx:
        tx.documents.update(row.id, state=state)
    assert due(database, NOW)
    assert production.produce(row.id).state is state
    assert found(database, row).attempts == 0
    assert not due(database, NOW + dt.timedelta(days=365))
    assert nobody_holds_it(database)


def test_no_such_document(production):
    with pytest.raises(NotFoundError):
        production.produce("0" * 36)
