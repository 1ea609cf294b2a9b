"""Duties of sequencer and scheduler: no fault ends them, a signal does; when there is something to sequence."""

from __future__ import annotations

import contextlib
import datetime as dt
import signal
import threading
from types import SimpleNamespace

import pytest
import structlog

from docsvc.domain.document import State
from docsvc.domain.errors import BusyError, SealError, StoreError
from docsvc.worker.loops import IN_VAIN, RENEW_REST_S, Duty, Levels, Sequencer, lift_all, stop_on_signals
from tests.support.rows import document_row


def test_a_duty_outlives_its_faults_and_says_them():
    stop, turns = threading.Event(), iter([StoreError("存储不可用"), RuntimeError("a bug"), None, None])
    done = []

    def work():
        fault = next(turns)
        if fault:
            raise fault
        done.append(1)
        if len(done) == 2:
            stop.set()

    with structlog.testing.capture_logs() as said:
        Duty("test", 0.001, work).run(stop)
    assert len(done) == 2
    assert [(s["event"], s["kind"], s["process"]) for s in said] == [
        ("duty_failed", "store", "test"),
        ("duty_failed", "internal", "test"),
    ]


def test_a_duty_that_fails_waits_longer_each_time():
    pauses = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            if len(pauses) == 8:
                self.set()
            return self.is_set()

    turns = iter(range(100))

    def work():
        if next(turns) < 6:
            raise StoreError("away")

    Duty("test", 0.25, work).run(Stop())
    assert pauses == [*sorted(pauses[:6]), 0.25, 0.25]
    assert pauses[0] > 0.25
    assert pauses[5] == 15


class Log:
    """A service whose database has events that wait, or documents that no checkpoint covers."""

    def __init__(self):
        self.events, self.sealed, self.turns, self.fault = [], [], 0, None

    @property
    def database(self):
        return self

    def read(self):
        tx = SimpleNamespace(
            events=SimpleNamespace(unsequenced=lambda n: self.events[:n]),
            documents=SimpleNamespace(
                search=lambda **equal: self.sealed if equal == {"state": State.SEALED} else 0
            ),
        )
        return contextlib.nullcontext(tx)

    def sequence(self):
        self.turns += 1
        if self.fault:
            raise self.fault
        self.events, self.sealed = [], []


def test_the_log_is_written_at_first_and_then_when_something_waits():
    service = Log()
    sequencer = Sequencer(service)
    sequencer.step()
    assert service.turns == 1, "a checkpoint may lie there unpublished"
    sequencer.step()
    assert service.turns == 1
    service.events = ["one"]
    sequencer.step()
    service.sealed = ["document"]
    sequencer.step()
    sequencer.step()
    assert service.turns == 3


def test_after_a_fault_it_is_tried_again_although_nothing_seems_to_wait():
    service = Log()
    sequencer = Sequencer(service)
    sequencer.step()
    service.events, service.fault = ["one"], StoreError("away")
    with pytest.raises(StoreError):
        sequencer.step()
    service.events, service.fault = [], None
    sequencer.step()
    assert service.turns == 3


GAINED, IN_VAIN_ONCE = "gained", "in vain"


class Lifting:
    """A service of which some documents can be lifted."""

    def __init__(self, *outcomes):
        self.outcomes, self.tried = outcomes, 0

    def below_level(self):
        return [document_row(f"测示〔2026〕{n}号") for n in range(len(self.outcomes))]

    @property
    def upgrades(self):
        return self

    def lift(self, _row):
        outcome = self.outcomes[self.tried]
        self.tried += 1
        if isinstance(outcome, Exception):
            raise outcome
        return SimpleNamespace(gained=outcome == GAINED, shortfall=None if outcome == GAINED else outcome)


def test_lifting_goes_on_past_what_is_busy_or_broken():
    service = Lifting(GAINED, BusyError("held"), SealError("broken"), GAINED, IN_VAIN_ONCE, GAINED)
    lift_all(service, threading.Event())
    assert service.tried == 6


def test_lifting_ends_where_the_authority_is_away():
    service = Lifting(*[IN_VAIN_ONCE] * 50)
    lift_all(service, threading.Event())
    assert service.tried == IN_VAIN


def test_lifting_ends_when_asked():
    stop = threading.Event()
    stop.set()
    service = Lifting(GAINED)
    lift_all(service, stop)
    assert service.tried == 0


NOW = dt.datetime(2030, 6, 1, tzinfo=dt.UTC)


class Renewing(Lifting):
    """A service of which some documents are due, some from before, and some were forgotten."""

    def __init__(self, *outcomes, unread=(), forgotten=0):
        super().__init__(*outcomes)
        self.unread, self.looked = list(unread), 0
        self.forgotten = [document_row(f"测示〔2026〕9{n}号") for n in range(forgotten)]

    def unread_renewals(self):
        return [document_row(f"测示〔2026〕8{n}号") for n in range(len(self.unread))]

    def due_renewals(self):
        return super().below_level()

    def below_level(self):
        return []

    def lapsed(self):
        return self.forgotten

    def look(self, _row):
        fault = self.unread[self.looked]
        self.looked += 1
        if fault:
            raise fault
        return document_row("测示〔2026〕8号", renew_before=NOW)

    renew = Lifting.lift


def test_renewal_looks_into_what_is_from_before_and_then_renews_what_is_due():
    service = Renewing(GAINED, IN_VAIN_ONCE, GAINED, unread=[None, BusyError("held"), StoreError("gone"), None])
    with structlog.testing.capture_logs() as said:
        Levels(service, threading.Event()).keep()
    assert (service.looked, service.tried) == (4, 3)
    assert [s["event"] for s in said if s["log_level"] == "warning"] == [
        "document_not_read",
        "document_not_renewed",
    ]


def test_renewal_ends_where_the_authority_gives_nothing():
    service = Renewing(*[IN_VAIN_ONCE] * 50)
    Levels(service, threading.Event()).keep()
    assert service.tried == IN_VAIN


def test_renewals_that_gain_nothing_rest_and_then_are_tried_again():
    """A development PKI of RSA-2048 gives nothing that lasts longer in all of 2030."""
    service, now = Renewing(*[IN_VAIN_ONCE] * 50, forgotten=1), 0.0
    levels = Levels(service, threading.Event(), lambda: now)
    with structlog.testing.capture_logs() as said:
        for minute in range(60):
            now = 60.0 * minute
            levels.keep()
        assert service.tried == IN_VAIN
        assert [s["event"] for s in said].count("time_stamps_lapsed") == 1
        now = RENEW_REST_S
        levels.keep()
    assert service.tried == 2 * IN_VAIN


def test_renewals_that_gain_go_on_in_the_next_pass():
    service = Renewing(*[GAINED] * 4)
    levels = Levels(service, threading.Event(), lambda: 0.0)
    service.outcomes = [GAINED] * 2
    levels.keep()
    service.outcomes = [GAINED] * 4
    service.tried = 0
    levels.keep()
    assert service.tried == 4


def test_what_was_not_renewed_in_time_is_said_aloud():
    with structlog.testing.capture_logs() as said:
        Levels(Renewing(forgotten=2), threading.Event()).keep()
    assert [(s["event"], s["documents"]) for s in said] == [("time_stamps_lapsed", 2)]


def test_looking_ends_when_asked():
    stop = threading.Event()
    stop.set()
    service = Renewing(GAINED, unread=[None])
    Levels(service, stop).keep()
    assert (service.looked, service.tried) == (0, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_ask_to_stop(number):
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = stop_on_signals()
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)
