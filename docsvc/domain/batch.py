"""Batches: a file of many cases that somebody posted, what became of each of its rows, and how far it is."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import State
from docsvc.domain.errors import Finding
from docsvc.domain.table import Row


class BatchState(enum.StrEnum):
    """How far a batch is; it follows from its rows and their documents."""

    READING = "reading"  # rows wait to be taken in
    ISSUING = "issuing"  # each row is a document or refused; documents are being made
    DONE = "done"  # nothing more comes by itself


class Outcome(enum.StrEnum):
    """What became of a row."""

    WAITING = "waiting"
    ACCEPTED = "accepted"  # it has a document, of its own or of the same facts posted before
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Batch:
    """A posted file. Of the file itself only the digest is kept, and each row's case until it is taken in.

    `agency_id` is what the owner may post for (None: every agency), as it was when they posted.
    """

    id: str
    owner_kind: str
    owner_id: str
    owner_name: str
    agency_id: str | None
    key: str  # the owner's Idempotency-Key
    sha256: str
    format: str  # .jsonl, .csv or .xlsx
    total: int
    created_at: dt.datetime
    taken_at: dt.datetime | None = None  # when the last row was taken in

    @property
    def poster(self) -> Principal:
        """Whoever posted it, with what each row is taken in by."""
        kind: Any = self.owner_kind
        return Principal(kind, self.owner_id, self.owner_name, self.agency_id, frozenset({Permission.CREATE}))


@dataclass(frozen=True, slots=True)
class RowFault:
    """A finding and the column that it means; both None in a file without columns."""

    rule: str
    pointer: str
    message: str
    message_en: str
    column: str | None = None
    path: str | None = None

    @classmethod
    def of(cls, row: Row, finding: Finding) -> RowFault:
        place = row.place(finding.pointer)
        column, path = (place.column, place.path or None) if place else (None, None)
        return cls(finding.rule, finding.pointer, finding.message, finding.message_en, column, path)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row as the database holds it; `document` names the one that it has: id, number, state."""

    number: int
    outcome: Outcome
    new: bool | None = None  # False: the same facts had a document already
    document: tuple[str, str, State] | None = None
    faults: Sequence[RowFault] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of a batch came to what; `states` are those of the accepted rows' documents."""

    waiting: int = 0
    accepted: int = 0
    refused: int = 0
    states: Mapping[State, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.waiting + self.accepted + self.refused

    @property
    def making(self) -> int:
        """Rows whose document is neither recorded nor at an end without it."""
        return self.accepted - sum(self.states.get(state, 0) for state in ENDS)

    @property
    def state(self) -> BatchState:
        if self.waiting:
            return BatchState.READING
        return BatchState.ISSUING if self.making else BatchState.DONE

    @property
    def progress(self) -> float:
        """From 0 to 1: half of a row's way is to be taken in, the other half to be made."""
        behind = self.waiting + self.making / 2
        return 1 - behind / self.total if self.total else 1.0


ENDS = frozenset({State.RECORDED, State.FAILED, State.VOIDED})
