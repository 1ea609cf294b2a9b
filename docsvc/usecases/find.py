"""Finding documents: by filter, by id, with their history; and what anyone may see of one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import DocumentFilter, DocumentRow, State
from docsvc.domain.errors import LogError, NotFoundError, UsageError
from docsvc.domain.joint import joint_names
from docsvc.domain.leaf import SIGNING_EVENTS, parse_leaf, parse_opening
from docsvc.domain.masking import masked_name
from docsvc.domain.merkle import LogEvent
from docsvc.ports import Database, Templates, Transaction
from docsvc.usecases import cursor

MAX_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first; `next` is the cursor of the page after this one, None at the end."""

    rows: tuple[DocumentRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Leaf `index` records the document's file; `checkpoint_size` is that of the newest checkpoint over it."""

    index: int
    checkpoint_size: int


@dataclass(frozen=True, slots=True)
class Found:
    """A document; `log` once a published checkpoint covers it."""

    row: DocumentRow
    log: LogPlace | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a document's history. `by` is who did it (kind, id, name), None for the service itself."""

    at: dt.datetime
    type: str
    by: Mapping[str, str] | None
    detail: Mapping[str, Any]
    log_index: int | None


@dataclass(frozen=True, slots=True)
class PublicState:
    """What the QR code on a document shows anyone."""

    title: str
    title_en: str
    number: str
    agency_name: str
    issue_date: dt.date
    state: State
    sha256: str | None  # of the signed file
    party_name: str  # masked


@dataclass(frozen=True, slots=True)
class Search:
    """Reads only. `cursor_key` makes cursors that nobody else can: whoever bends one is told so."""

    database: Database
    templates: Templates
    cursor_key: bytes

    def page(self, principal: Principal, wanted: DocumentFilter, after: str | None = None, limit: int = 50) -> Page:
        """A page of the documents that the caller may see; another agency's documents are not among them.

        Raises UsageError for a cursor that is not of this search, ForbiddenError.
        """
        principal.require(Permission.READ)
        if not 1 <= limit <= MAX_PAGE:
            raise UsageError(f"每页1至{MAX_PAGE}份；limit is 1 to {MAX_PAGE}")
        if principal.agency_id is not None:
            if wanted.agency_id not in (None, principal.agency_id):
                return Page((), None)
            wanted = dataclasses.replace(wanted, agency_id=principal.agency_id)
        before = None if after is None else self._opened(after, wanted)
        with self.database.read() as tx:
            rows = tx.documents.page(wanted, before, limit + 1)
        if len(rows) <= limit:
            return Page(tuple(rows), None)
        rows = rows[:limit]
        return Page(tuple(rows), self._cursor(rows[-1], wanted))

    def one(self, principal: Principal, document_id: str) -> Found:
        """Raises NotFoundError, also for another agency's document; ForbiddenError."""
        with self.database.read() as tx:
            row = visible(tx, principal, document_id)
            return Found(row, _place(tx, row))

    def place(self, row: DocumentRow) -> LogPlace | None:
        """Where the log records the row's file, for a caller who has the row already."""
        with self.database.read() as tx:
            return _place(tx, row)

    def history(self, principal: Principal, document_id: str) -> Sequence[Happened]:
        """Everything that happened to a document, in order, deliveries included.

        Raises NotFoundError, ForbiddenError; LogError where an event's opening was damaged.
        """
        with self.database.read() as tx:
            visible(tx, principal, document_id)
            return [_told(event) for event in tx.events.of(document_id)]

    def public(self, document_id: str) -> PublicState:
        """For anyone who has the id: it stands in the QR code on the document. Raises NotFoundError."""
        with self.database.read() as tx:
            row = tx.documents.find(id=document_id)
            agency = tx.agencies.get(row.agency_id) if row else None
        if row is None:
            raise NotFoundError("没有这份文书；no such document")
        manifest = self.templates.get(row.doc_type).manifest
        case: Mapping[str, Any] = json.loads(row.case_json)
        party: Mapping[str, Any] = case.get("party", {})
        return PublicState(
            title=manifest.title_of(case.get("body", {})),
            title_en=manifest.title_en,
            number=row.number,
            agency_name="、".join(joint_names(case)) or (agency.name if agency else row.agency_id),
            issue_date=row.issue_date,
            state=row.state,
            sha256=row.signed_sha256,
            party_name=masked_name(row.party_name, str(party.get("type", ""))),
        )

    def _cursor(self, last: DocumentRow, wanted: DocumentFilter) -> str:
        place = f"{last.created_at.astimezone(dt.UTC).isoformat()} {last.id}"
        return cursor.sealed(self.cursor_key, place, _asked(wanted))

    def _opened(self, sent: str, wanted: DocumentFilter) -> tuple[dt.datetime, str]:
        at, _, document_id = cursor.opened(self.cursor_key, sent, _asked(wanted)).partition(" ")
        return dt.datetime.fromisoformat(at), document_id


def _asked(wanted: DocumentFilter) -> bytes:
    return json.dumps(dataclasses.astuple(wanted), default=str).encode()


def visible(tx: Transaction, principal: Principal, document_id: str) -> DocumentRow:
    """The row, if the caller may read it. Raises ForbiddenError, NotFoundError."""
    principal.require(Permission.READ)
    return owned(tx, principal, document_id)


def owned(tx: Transaction, principal: Principal, document_id: str) -> DocumentRow:
    """The row, if it is of the caller's agency. Raises NotFoundError, the same in both cases."""
    row = tx.documents.find(id=document_id)
    if row is None or not principal.owns(row.agency_id):
        raise NotFoundError("没有这份文书；no such document")
    return row


def _place(tx: Transaction, row: DocumentRow) -> LogPlace | None:
    """Every checkpoint that was ever signed gets published: the newest one is, or is about to be."""
    newest = tx.log.checkpoint()
    if newest is None or row.signed_sha256 is None or row.state not in {State.RECORDED, State.VOIDED}:
        return None
    indices = [e.leaf_index for e in tx.events.of(row.id) if _records(e, row)]
    covered = [i for i in indices if i is not None and i < newest[0]]
    return LogPlace(covered[-1], newest[0]) if covered else None


def _records(event: LogEvent, row: DocumentRow) -> bool:
    return event.type in SIGNING_EVENTS and parse_leaf(event.entry).signed_sha256 == row.signed_sha256


def _told(event: LogEvent) -> Happened:
    try:
        detail = dict(parse_opening(event.opening).detail)
    except LogError as e:
        raise LogError(f"事件 {event.type} 的记录已损坏；the record of an event is damaged") from e
    by = detail.pop("by", None)
    return Happened(event.at, event.type, by, detail, event.leaf_index)
