"""The two processes that look at the database again and again: sequencer and scheduler."""

from __future__ import annotations

import datetime as dt
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docsvc.bootstrap import Service, open_process
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import BusyError, DocsvcError
from docsvc.telemetry import logger

if TYPE_CHECKING:
    from docsvc.usecases.upgrade import Lifted

LONGEST_PAUSE_S: Final = 15
EXPIRE_EVERY_S: Final = 3600
LIFTED: Final = ("document_lifted", "document_not_lifted")
RENEWED: Final = ("document_renewed", "document_not_renewed")
RENEW_REST_S: Final = 3600  # an authority has no new certificate, and a broken file is no better, in a minute
IN_VAIN: Final = 3  # so many in a row that gained nothing: the authority is still away


@dataclass(frozen=True, slots=True)
class Duty:
    """What is to be done every so many seconds; a fault is logged, and the next time comes later and later."""

    name: str
    every_s: float
    do: Callable[[], object]

    def run(self, stop: threading.Event) -> None:
        """At once, and again until `stop` is set."""
        pause = self.every_s
        while not stop.is_set():
            later = min(max(pause, 0.5) * 2, max(LONGEST_PAUSE_S, self.every_s))
            pause = self.every_s if self.once() else later
            stop.wait(pause)

    def once(self) -> bool:
        """Was it done? A fault of it is logged."""
        log = logger(process=self.name)
        try:
            self.do()
        except DocsvcError as e:
            log.warning("duty_failed", kind=e.kind, error=str(e))
        except Exception:
            log.exception("duty_failed", kind="internal")
        else:
            return True
        return False


def run_sequencer() -> None:
    """Put events into the log as they come, until SIGTERM or SIGINT; then once more."""
    stop = stop_on_signals()
    with open_process() as service:
        duty = Duty("sequencer", service.settings.sequence_every_s, Sequencer(service).step)
        duty.run(stop)
        duty.once()


class Sequencer:
    """Sequences while something waits, and at first, and after a fault: a checkpoint may lie there unpublished."""

    def __init__(self, service: Service) -> None:
        self._service, self._behind = service, True

    def step(self) -> None:
        if self._behind or self._waiting():
            self._behind = True
            self._service.sequence()
            self._behind = False

    def _waiting(self) -> bool:
        with self._service.database.read() as tx:
            return bool(tx.events.unsequenced(1)) or bool(tx.documents.search(state=State.SEALED))


def run_scheduler() -> None:
    """Sweep, take batches in, lift documents to their level and forget what is old, until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    with open_process() as service:
        settings = service.settings
        session = dt.timedelta(hours=settings.session_hours)
        idle = dt.timedelta(minutes=settings.session_idle_minutes)
        duties = (
            Duty("scheduler.free", settings.sweep_every_s, service.sweep.free),
            Duty("scheduler.send", settings.sweep_every_s, service.sweep.send),
            Duty("scheduler.expire", EXPIRE_EVERY_S, lambda: service.sweep.expire(session, idle)),
            # Of their own pace: thousands of cases take minutes, an authority that is away lets each document wait.
            Duty("scheduler.batches", settings.sweep_every_s, lambda: service.taking_in.run(stop.is_set)),
            Duty("scheduler.upgrade", settings.upgrade_every_s, Levels(service, stop).keep),
        )
        service.queue  # noqa: B018 - built once, before several threads ask for it
        service.database, service.templates  # noqa: B018
        threads = [threading.Thread(target=duty.run, args=(stop,), name=duty.name) for duty in duties]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Levels:
    """Lifts what is below its level and renews what weakens; renewals rest once a pass gained nothing, for their
    lead is long, and each vain one costs an authority a time-stamp and the log a line.
    """

    def __init__(
        self, service: Service, stop: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service, self._stop, self._clock = service, stop, clock
        self._rests_until = clock()

    def keep(self) -> None:
        lift_all(self._service, self._stop)
        if self._clock() >= self._rests_until and not renew_all(self._service, self._stop):
            self._rests_until = self._clock() + RENEW_REST_S


def lift_all(service: Service, stop: threading.Event) -> None:
    """Lift what is below its level."""
    if below := service.below_level():  # only then are keys needed
        _go_through(below, LIFTED, service.upgrades.lift, stop)


def renew_all(service: Service, stop: threading.Event) -> int:
    """Renew what weakens within the lead time; files from before are looked into first, once. How many of both."""
    log = logger(process="scheduler")
    gained = 0
    for row in service.unread_renewals():
        if stop.is_set():
            return gained
        try:
            gained += service.upgrades.look(row).renew_before is not None
        except BusyError:
            continue
        except DocsvcError as e:
            log.warning("document_not_read", document=row.id, kind=e.kind, error=str(e))
    if lapsed := service.lapsed():
        log.error("time_stamps_lapsed", documents=len(lapsed), first=lapsed[0].id)
    if due := service.due_renewals():
        gained += _go_through(due, RENEWED, service.upgrades.renew, stop)
    return gained


def _go_through(
    rows: Sequence[DocumentRow], names: tuple[str, str], do: Callable[[DocumentRow], Lifted], stop: threading.Event
) -> int:
    """How many gained; `names` are those of the log lines for what did and what did not."""
    log, (done, not_done) = logger(process="scheduler"), names
    rows = random.sample(rows, len(rows))  # one that gains nothing must not stand before all the others for ever
    gained = in_vain = 0
    for row in rows:
        if stop.is_set() or in_vain >= IN_VAIN:
            break
        try:
            outcome = do(row)
        except BusyError:
            continue
        except DocsvcError as e:
            log.warning(not_done, document=row.id, kind=e.kind, error=str(e))
            in_vain += 1
            continue
        in_vain = 0 if outcome.gained else in_vain + 1
        gained += outcome.gained
        if outcome.gained:
            log.info(done, document=row.id)
        elif outcome.shortfall:
            log.warning(not_done, document=row.id, kind="authority", error=outcome.shortfall)
    return gained


def stop_on_signals() -> threading.Event:
    """Set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
