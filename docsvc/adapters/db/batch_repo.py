"""Rows of batches: posted files, and the outcome of each of their rows, over one open connection."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from docsvc.adapters.db.repos import insert, storable
from docsvc.adapters.db.tables import batch_rows, batches, documents
from docsvc.domain.batch import Batch, BatchRow, Counts, Outcome, RowFault
from docsvc.domain.document import State
from docsvc.domain.errors import ConflictError, Finding
from docsvc.domain.table import Place, Row

BATCH_FIELDS: Final = [batches.c[f.name] for f in dataclasses.fields(Batch)]
AT_ONCE: Final = 500  # rows in one statement
TOO_DEEP: Final = Finding("SCHEMA", "", "嵌套过深", "nested too deeply")
TAKEN: Final[Mapping[str, Any]] = {"case_json": None, "places": None}  # a row that is taken in keeps neither


class SqlBatchRepo:
    """Batches and their rows."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, batch: Batch, rows: Iterable[Row]) -> bool:
        """False where the owner's key has a batch already; then nothing was added."""
        values = {f.name: getattr(batch, f.name) for f in dataclasses.fields(batch)}
        statement = insert(self._connection, batches).values(**values).on_conflict_do_nothing()
        if self._connection.execute(statement.returning(batches.c.id)).first() is None:
            return False
        rest = iter(rows)
        while some := list(islice(rest, AT_ONCE)):
            self._connection.execute(sa.insert(batch_rows), [_row_values(batch.id, row) for row in some])
        return True

    def find(self, *, id: str | None = None, key: tuple[str, str] | None = None) -> Batch | None:
        """By its id, or by (owner's id, Idempotency-Key)."""
        if not storable(id, *(key or ())):
            return None
        which = (
            batches.c.id == id if key is None else sa.and_(batches.c.owner_id == key[0], batches.c.key == key[1])
        )
        row = self._connection.execute(sa.select(*BATCH_FIELDS).where(which)).mappings().first()
        return None if row is None else Batch(**row)

    def page(self, owner_id: str, before: tuple[dt.datetime, str] | None, limit: int) -> Sequence[Batch]:
        """An owner's, newest first; `before` is (created_at, id) of the last one of the page before."""
        b = batches.c
        query = sa.select(*BATCH_FIELDS).where(b.owner_id == owner_id)
        if before is not None:
            mark = sa.tuple_(sa.literal(before[0], b.created_at.type), sa.literal(before[1], b.id.type))
            query = query.where(sa.tuple_(b.created_at, b.id) < mark)
        query = query.order_by(b.created_at.desc(), b.id.desc()).limit(limit)
        return [Batch(**row) for row in self._connection.execute(query).mappings()]

    def counts(self, batch_id: str) -> Counts:
        """How many rows came to what."""
        r = batch_rows.c
        query = (
            sa.select(r.outcome, documents.c.state, sa.func.count())
            .select_from(batch_rows.outerjoin(documents))
            .where(r.batch_id == batch_id)
            .group_by(r.outcome, documents.c.state)
        )
        found = {(outcome, state): int(count) for outcome, state, count in self._connection.execute(query)}
        by = {o: sum(n for (outcome, _), n in found.items() if outcome == o) for o in Outcome}
        states = {State(state): n for (_, state), n in found.items() if state is not None}
        return Counts(by[Outcome.WAITING], by[Outcome.ACCEPTED], by[Outcome.REFUSED], states)

    def rows(self, batch_id: str, after: int, limit: int, outcome: Outcome | None) -> Sequence[BatchRow]:
        """In the file's order, those behind row `after`."""
        r, d = batch_rows.c, documents.c
        query = (
            sa.select(r.number, r.outcome, r.new, r.faults, d.id, d.number.label("doc_number"), d.state)
            .select_from(batch_rows.outerjoin(documents))
            .where(r.batch_id == batch_id, r.number > after)
            .order_by(r.number)
            .limit(limit)
        )
        if outcome is not None:
            query = query.where(r.outcome == outcome.value)
        return [
            BatchRow(
                row.number,
                Outcome(row.outcome),
                row.new,
                None if row.id is None else (row.id, row.doc_number, State(row.state)),
                tuple(RowFault(**fault) for fault in json.loads(row.faults or "[]")),
            )
            for row in self._connection.execute(query)
        ]

    def open(self) -> Sequence[Batch]:
        """Batches with rows that wait to be taken in, oldest first."""
        query = sa.select(*BATCH_FIELDS).where(batches.c.taken_at.is_(None)).order_by(batches.c.created_at)
        return [Batch(**row) for row in self._connection.execute(query).mappings()]

    def waiting(self, batch_id: str, limit: int) -> Sequence[Row]:
        """The next rows to be taken in, in the file's order."""
        r = batch_rows.c
        query = (
            sa.select(r.number, r.case_json, r.places)
            .where(r.batch_id == batch_id, r.outcome == Outcome.WAITING.value)
            .order_by(r.number)
            .limit(limit)
        )
        return [
            Row(row.number, json.loads(row.case_json), places=_places(row.places))
            for row in self._connection.execute(query)
        ]

    def accept(self, batch_id: str, number: int, document_id: str, *, new: bool) -> None:
        """In the transaction that accepts the row's case. Raises ConflictError where it waits no longer."""
        self._settle(batch_id, number, outcome=Outcome.ACCEPTED.value, document_id=document_id, new=new)

    def refuse(self, batch_id: str, number: int, faults: Sequence[RowFault]) -> None:
        """Raises ConflictError where the row waits no longer."""
        self._settle(batch_id, number, outcome=Outcome.REFUSED.value, faults=_faults_json(faults))

    def _settle(self, batch_id: str, number: int, **values: Any) -> None:
        r = batch_rows.c
        which = r.batch_id == batch_id, r.number == number, r.outcome == Outcome.WAITING.value
        if self._connection.execute(sa.update(batch_rows).where(*which).values(**TAKEN, **values)).rowcount == 0:
            raise ConflictError(f"第{number}行已由另一进程处理；row {number} was taken in by another process")

    def close(self, batch_id: str, at: dt.datetime) -> None:
        """No row waits any more."""
        self._connection.execute(sa.update(batches).where(batches.c.id == batch_id).values(taken_at=at))

    def expire(self, taken_before: dt.datetime) -> int:
        """Forget batches whose last row was taken in before; their documents stay. How many."""
        old = sa.select(batches.c.id).where(batches.c.taken_at < taken_before)
        self._connection.execute(sa.delete(batch_rows).where(batch_rows.c.batch_id.in_(old)))
        return self._connection.execute(sa.delete(batches).where(batches.c.taken_at < taken_before)).rowcount


def _row_values(batch_id: str, row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {"batch_id": batch_id, "number": row.number, **TAKEN, "faults": None}
    if row.faults:
        faults = _faults_json([RowFault.of(row, finding) for finding in row.faults])
        return values | {"outcome": Outcome.REFUSED.value, "faults": faults}
    try:
        case_json = json.dumps(row.case)  # ASCII: half a character, which intake refuses, is kept as it came
    except RecursionError:
        return _row_values(batch_id, Row(row.number, None, (TOO_DEEP,)))
    places = None
    if row.places is not None:
        told = {pointer: (place.column, place.path) for pointer, place in row.places.items()}
        places = json.dumps(told, ensure_ascii=False)
    return values | {
        "outcome": Outcome.WAITING.value,
        "case_json": case_json,
        "places": places,
    }


def _places(text: str | None) -> Mapping[str, Place] | None:
    return None if text is None else {pointer: Place(*place) for pointer, place in json.loads(text).items()}


def _faults_json(faults: Sequence[RowFault]) -> str:
    return json.dumps([dataclasses.asdict(fault) for fault in faults])
