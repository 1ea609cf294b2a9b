"""One id at the worker: whatever happens, the process goes on."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
import structlog.testing

from docsvc.adapters.queue.celery_queue import _Work
from docsvc.domain.document import State
from docsvc.domain.errors import (
    BusyError,
    ConversionError,
    DatabaseError,
    LeaseLostError,
    NotFoundError,
    SetupError,
)
from docsvc.worker import documents
from docsvc.worker.documents import PAUSES_S, make, warn


class Production:
    """Does one thing after the other; the service around it, too."""

    def __init__(self, *outcomes):
        self.outcomes, self.turns, self.abandoned, self.copied = list(outcomes), 0, [], []

    production = leases = completion = property(lambda self: self)

    def concerns(self, _document_id):
        return False

    def abandon(self, document_id):
        self.abandoned.append((self.turns, document_id))

    def copy_in_sm2(self, row):
        self.copied.append(row.state)

    def produce(self, _document_id):
        self.turns += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return SimpleNamespace(state=outcome)


@pytest.fixture
def slept(monkeypatch):
    pauses = []
    monkeypatch.setattr(documents.time, "sleep", pauses.append)
    return pauses


@pytest.mark.parametrize(
    "outcome",
    [
        State.SEALED,
        BusyError("held"),
        LeaseLostError("lost"),
        ConversionError("too slow"),
        NotFoundError("gone"),
        ValueError("a bug"),
    ],
    ids=lambda o: type(o).__name__,
)
def test_one_turn_and_nothing_is_raised(slept, outcome):
    production = Production(outcome, AssertionError("once is enough"))
    make(production, "0" * 36)
    assert production.turns == 1
    assert not slept
    assert not production.abandoned


@pytest.mark.parametrize(
    ("state", "goes_on"), [(State.AWAITING_SIGNATURES, 0), (State.RENDERING, 1)], ids=["next", "last"]
)
def test_a_signature_is_completed_and_after_the_last_the_document_made(slept, state, goes_on):
    production = Production(State.SEALED)
    production.concerns = lambda _document_id: True
    production.advance = lambda _document_id: SimpleNamespace(state=state)
    make(production, "0" * 36)
    assert production.turns == goes_on
    assert not slept


@pytest.mark.parametrize("state", State)
def test_an_sm2_copy_is_thought_of_for_what_is_made_alone(state):
    production = Production(state)
    make(production, "0" * 36)
    assert production.copied == ([state] if state in {State.SEALED, State.RECORDED} else [])


def test_a_database_that_is_away_is_waited_for(slept):
    production = Production(DatabaseError("away"), DatabaseError("away"), State.SEALED)
    make(production, "0" * 36)
    assert production.turns == 3
    assert slept == list(PAUSES_S[:2])
    assert production.abandoned == [(1, "0" * 36), (2, "0" * 36)], "the lease of the turn that was cut off"


def test_and_not_for_ever(slept):
    production = Production(*[DatabaseError("away")] * 10)
    make(production, "0" * 36)
    assert production.turns == len(PAUSES_S) + 1
    assert slept == list(PAUSES_S)


def test_a_lease_that_ends_before_the_work_is_refused_at_the_start(monkeypatch):
    monkeypatch.setenv("DOCSVC_LEASE_S", "120")
    monkeypatch.setenv("DOCSVC_TASK_LIMIT_S", "120")
    try:
        with pytest.raises(SetupError, match="DOCSVC_LEASE_S"):
            documents.run_worker()
    finally:
        structlog.reset_defaults()


def test_a_process_that_can_not_work_says_why():
    """A key or a font that went after the start: the log names it, as the manual says."""

    @contextlib.contextmanager
    def without_key():
        raise SetupError("no key here")
        yield

    with structlog.testing.capture_logs() as lines:
        _Work(without_key, warn).do("0" * 36)
        warn("message_is_no_id")
    assert [(line["event"], line["exc_info"]) for line in lines] == [
        ("worker_cannot_work", True),
        ("message_is_no_id", False),
    ]
