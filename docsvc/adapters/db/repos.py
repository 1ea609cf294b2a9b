"""Rows in, domain objects out: agencies, number counters, documents and their events, over one open connection."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from docsvc.adapters.db.log_repo import CHUNK
from docsvc.adapters.db.tables import agencies, counters, documents, events
from docsvc.domain.agency import Agency
from docsvc.domain.canonical import canonical_json
from docsvc.domain.document import DocumentFilter, DocumentRow, Level, Signing, State
from docsvc.domain.errors import DuplicateError, Finding, LogError, UsageError
from docsvc.domain.merkle import LogEvent

DOCUMENT_FIELDS: Final = tuple(f.name for f in dataclasses.fields(DocumentRow))
# What intake promised, to the party and in the log. Who changes it makes another document.
FIXED: Final = frozenset(
    {
        "id",
        "doc_type",
        "agency_id",
        "number",
        "case_sha256",
        "case_json",
        "action_code",
        "party_name",
        "issue_date",
        "created_at",
        "signing",
    }
)
UNIQUE: Final = ("id", "number", "case_sha256")


def insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, in the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def storable(*texts: str | None) -> bool:
    """Could a row hold these? PostgreSQL knows no NUL, and refuses even to look for one; a caller may send it."""
    return not any(text and "\0" in text for text in texts)


class SqlAgencyRepo:
    """The registry: an agency a row, as canonical JSON."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def save(self, agencies_in: Iterable[Agency]) -> int:
        """Insert or replace; returns how many changed."""
        # In order of id, so that two imports at once can't each wait for the other's row.
        return sum(map(self._save_one, sorted(agencies_in, key=lambda a: a.id)))

    def _save_one(self, agency: Agency) -> bool:
        new = insert(self._connection, agencies).values(id=agency.id, data=_agency_json(agency))
        statement = new.on_conflict_do_update(
            index_elements=[agencies.c.id],
            set_={"data": new.excluded.data},
            where=agencies.c.data != new.excluded.data,
        ).returning(agencies.c.id)
        return self._connection.execute(statement).first() is not None

    def get(self, agency_id: str) -> Agency | None:
        if not storable(agency_id):
            return None
        data = self._connection.scalar(sa.select(agencies.c.data).where(agencies.c.id == agency_id))
        return None if data is None else Agency.from_json(json.loads(data))

    def list(self) -> Sequence[Agency]:
        rows = self._connection.scalars(sa.select(agencies.c.data).order_by(agencies.c.id))
        return [Agency.from_json(json.loads(data)) for data in rows]


class SqlNumberRepo:
    """Counters. The row's lock, held to the end of the transaction, is what makes numbers gapless."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def take(self, agency_id: str, word: str, year: int) -> int:
        """The next place, from 1. One statement: nobody can come between reading and writing."""
        statement = (
            insert(self._connection, counters)
            .values(agency_id=agency_id, word=word, year=year, last=1)
            .on_conflict_do_update(
                index_elements=[counters.c.agency_id, counters.c.word, counters.c.year],
                set_={"last": counters.c.last + 1},
            )
            .returning(counters.c.last)
        )
        return int(self._connection.execute(statement).scalar_one())


class SqlDocumentRepo:
    """The documents' table."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: DocumentRow) -> None:
        """Raises DuplicateError where its id, number or case is another document's."""
        values = _document_values({name: getattr(row, name) for name in DOCUMENT_FIELDS})
        # ON CONFLICT and not a caught error: on PostgreSQL an error would break the whole transaction.
        statement = (
            insert(self._connection, documents)
            .values(**values, updated_at=row.created_at)
            .on_conflict_do_nothing()
            .returning(documents.c.id)
        )
        if self._connection.execute(statement).first() is None:
            raise self._duplicate(row)

    def _duplicate(self, row: DocumentRow) -> DuplicateError:
        for field in UNIQUE:
            same = sa.select(documents.c.id).where(documents.c[field] == getattr(row, field))
            if (document_id := self._connection.scalar(same)) is not None:
                return DuplicateError(field, document_id)
        raise AssertionError("a conflict without a conflicting row")  # rows are never deleted

    def find(
        self,
        *,
        id: str | None = None,
        case_sha256: str | None = None,
        number: str | None = None,
        signed_sha256: str | None = None,
    ) -> DocumentRow | None:
        """By one of its unique fields; where more are given, all must hold. Raises UsageError for none."""
        given = {"id": id, "case_sha256": case_sha256, "number": number, "signed_sha256": signed_sha256}
        equal = {name: value for name, value in given.items() if value is not None}
        if not equal:
            raise UsageError("查找文书须给出编号、文号或摘要之一；find needs an id, a number or a digest")
        if not storable(*equal.values()):
            return None
        return next(iter(self.search(**equal)), None)

    def search(self, **equal: Any) -> Sequence[DocumentRow]:
        """Rows whose fields equal these, by creation; a list or tuple value means any of its items."""
        query = sa.select(*(documents.c[name] for name in DOCUMENT_FIELDS))
        for name, value in equal.items():
            column = _column(name)
            if isinstance(value, list | tuple):
                query = query.where(column.in_([_plain(item) for item in value]))
            else:
                query = query.where(column.is_(None) if value is None else column == _plain(value))
        return self._rows(query.order_by(documents.c.created_at, documents.c.id))

    def page(
        self, wanted: DocumentFilter, before: tuple[dt.datetime, str] | None, limit: int
    ) -> Sequence[DocumentRow]:
        """Newest first; `before` is (created_at, id) of the last row of the page before. In `number` and `party`
        the case of ASCII letters does not count.
        """
        if not storable(wanted.agency_id, wanted.doc_type, wanted.number, wanted.party, before and before[1]):
            return []
        d = documents.c
        conditions = [
            None if wanted.agency_id is None else d.agency_id == wanted.agency_id,
            None if wanted.doc_type is None else d.doc_type == wanted.doc_type,
            None if wanted.state is None else d.state == wanted.state.value,
            None if wanted.number is None else d.number.icontains(wanted.number, autoescape=True),
            None if wanted.party is None else d.party_name.icontains(wanted.party, autoescape=True),
            None if wanted.issued_from is None else d.issue_date >= wanted.issued_from,
            None if wanted.issued_to is None else d.issue_date <= wanted.issued_to,
        ]
        query = sa.select(*(d[name] for name in DOCUMENT_FIELDS)).where(*(c for c in conditions if c is not None))
        if before is not None:
            at, document_id = before
            mark = sa.tuple_(sa.literal(at, d.created_at.type), sa.literal(document_id, d.id.type))
            query = query.where(sa.tuple_(d.created_at, d.id) < mark)
        return self._rows(query.order_by(d.created_at.desc(), d.id.desc()).limit(limit))

    def renewable(self, start: dt.datetime, end: dt.datetime, limit: int) -> Sequence[DocumentRow]:
        """Sealed documents at B-LTA whose last time-stamp weakens after `start`, up to `end`; the first first."""
        return self._at_b_lta(documents.c.renew_before > start, documents.c.renew_before <= end, limit=limit)

    def unread_renewals(self, limit: int) -> Sequence[DocumentRow]:
        """Sealed documents at B-LTA of which nobody has looked up yet when their last time-stamp weakens."""
        return self._at_b_lta(documents.c.renew_before.is_(None), limit=limit)

    def _at_b_lta(self, *conditions: sa.ColumnElement[bool], limit: int) -> Sequence[DocumentRow]:
        d = documents.c
        signed = d.state.in_([State.SEALED.value, State.RECORDED.value])
        query = sa.select(*(d[name] for name in DOCUMENT_FIELDS)).where(
            signed, d.achieved_level == Level.B_LTA.value, *conditions
        )
        return self._rows(query.order_by(d.renew_before, d.id).limit(limit))

    def count_by_state(self) -> Mapping[str, int]:
        """States that no document is in are absent."""
        query = sa.select(documents.c.state, sa.func.count()).group_by(documents.c.state)
        return {state: int(count) for state, count in self._connection.execute(query)}

    def _rows(self, query: sa.Select[Any]) -> Sequence[DocumentRow]:
        return [_document_row(row._asdict()) for row in self._connection.execute(query)]

    def update(self, document_id: str, **fields: Any) -> None:
        """Set fields; `updated_at` follows by itself. Raises UsageError for an unknown document, ValueError for
        a field that stands once and for all.
        """
        if fixed := sorted(FIXED & fields.keys()):
            raise ValueError(f"fixed at acceptance: {', '.join(fixed)}")
        for name in fields:
            _column(name)
        statement = (
            sa.update(documents)
            .where(documents.c.id == document_id)
            .values(**_document_values(fields), updated_at=dt.datetime.now(dt.UTC))
        )
        if self._connection.execute(statement).rowcount == 0:
            raise UsageError(f"没有这份文书；no document {document_id}")


class SqlEventRepo:
    """The history of each document, append only."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, event: LogEvent) -> None:
        """Once per event id; the same again changes nothing. Raises LogError where the id says something else."""
        statement = (
            insert(self._connection, events)
            .values(**dataclasses.asdict(event))
            .on_conflict_do_nothing(index_elements=[events.c.id])
            .returning(events.c.id)
        )
        if self._connection.execute(statement).first() is None:
            (there,) = self._select(events.c.id == event.id)
            if dataclasses.replace(there, leaf_index=None) != dataclasses.replace(event, leaf_index=None):
                raise LogError(f"事件编号重复而内容不同；event {event.id} is recorded with other content")

    def of(self, document_id: str) -> Sequence[LogEvent]:
        return self._select(events.c.document_id == document_id)

    def named(self, event_ids: Sequence[str]) -> Mapping[str, LogEvent]:
        """Events by their ids; missing ones are absent."""
        chunks = (event_ids[at : at + CHUNK] for at in range(0, len(event_ids), CHUNK))
        return {event.id: event for chunk in chunks for event in self._select(events.c.id.in_(chunk))}

    def unsequenced(self, limit: int) -> Sequence[LogEvent]:
        """Events that have no leaf yet, oldest first."""
        return self._select(events.c.leaf_index.is_(None), limit)

    def waiting(self) -> tuple[int, dt.datetime | None]:
        """How many have no leaf yet, and when the oldest of them happened."""
        count, since = self._connection.execute(
            sa.select(sa.func.count(), sa.func.min(events.c.at)).where(events.c.leaf_index.is_(None))
        ).one()
        return int(count), since

    def _select(self, where: sa.ColumnElement[bool], limit: int | None = None) -> Sequence[LogEvent]:
        columns = [events.c[f.name] for f in dataclasses.fields(LogEvent)]
        query = sa.select(*columns).where(where).order_by(events.c.position).limit(limit)
        return [LogEvent(**row) for row in self._connection.execute(query).mappings()]


def _agency_json(agency: Agency) -> str:
    data = {f.name: getattr(agency, f.name) for f in dataclasses.fields(agency)}
    seal = {name: value for name, value in dataclasses.asdict(agency.seal).items() if value is not None}
    data |= {"seal": seal, "numbering": dict(agency.numbering), "layouts": dict(agency.layouts)}
    return canonical_json(data).decode()


def _column(name: str) -> sa.Column[Any]:
    if name not in DOCUMENT_FIELDS:
        raise ValueError(f"documents have no field {name!r}")
    return documents.c[name]


def _plain(value: Any) -> Any:
    """Enumerations as their text: psycopg would not know the class."""
    return value.value if isinstance(value, State | Level | Signing) else value


def _document_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: _plain(value) for name, value in fields.items()}
    if "warnings" in values:
        values["warnings"] = json.dumps([dataclasses.asdict(f) for f in values["warnings"]], ensure_ascii=False)
    return values


def _document_row(row: Mapping[str, Any]) -> DocumentRow:
    achieved = row["achieved_level"]
    return DocumentRow(
        **{
            **row,
            "state": State(row["state"]),
            "signing": Signing(row["signing"]),
            "target_level": Level(row["target_level"]),
            "achieved_level": None if achieved is None else Level(achieved),
            "warnings": tuple(map(_warning, json.loads(row["warnings"]))),
        }
    )


def _warning(kept: Any) -> Finding:
    """Rows of the first versions keep a sentence alone."""
    return Finding("", "", kept, kept, "warning") if isinstance(kept, str) else Finding(**kept)
