"""Envelopes as all who work on one see them: whose turn it is, the newest file, and changes one at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from docsvc.domain.access import Permission, Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentRow, LaidOut, Signing, Slot, State
from docsvc.domain.envelope import Blank
from docsvc.domain.errors import AlteredError, ConflictError, LinkGoneError, NotFoundError, QueueError
from docsvc.domain.signature import Signature, SlotState, in_turn, revision
from docsvc.pipeline.seal import signature_slots
from docsvc.pipeline.store import object_key
from docsvc.ports import Database, ObjectStore, Pages, Queue, Templates, Transaction
from docsvc.usecases.find import owned, visible
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import accepted_of

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Envelope:
    """A document with its slots, in the order of signing."""

    row: DocumentRow
    slots: Sequence[Signature]

    @property
    def revision(self) -> str:
        """SHA-256 of its newest file. Raises ConflictError where it is not laid out."""
        found = revision(self.slots, self.row.unsigned_sha256)
        if found is None or not self.slots:
            raise ConflictError(f"{self.row.number}尚未排版；it is not laid out yet")
        return found

    def slot(self, name: str) -> Signature:
        """The one of that field, if it is its turn. Raises ConflictError, NotFoundError."""
        if self.row.signing is not Signing.ENVELOPE:
            raise ConflictError(f"{self.row.number}不以envelope方式签署；it does not go round in an envelope")
        if self.row.state is not State.AWAITING_SIGNATURES:
            raise ConflictError(
                f"{self.row.number}现在不能签名（{self.row.state}）；it can't be signed now: {self.row.state}"
            )
        return in_turn(self.slots, name)


@dataclass(frozen=True, slots=True)
class Change:
    """An envelope that nobody else changes before the end of the transaction."""

    tx: Transaction
    envelope: Envelope
    due: list[dt.datetime] = dataclasses.field(default_factory=list)

    def save(self, slot: Signature, **fields: Any) -> Signature:
        """The slot with these fields changed."""
        changed = dataclasses.replace(slot, **fields)
        self.tx.signatures.save(changed)
        return changed


@dataclass(frozen=True, slots=True)
class Envelopes:
    """What the use cases of signing share."""

    database: Database
    templates: Templates
    objects: ObjectStore
    pages: Pages
    leases: Leases
    queue: Queue
    zone: ZoneInfo
    clock: Callable[[], dt.datetime]

    def look(self, principal: Principal, document_id: str) -> Envelope:
        """For whoever may read the document. Raises ForbiddenError, NotFoundError."""
        with self.database.read() as tx:
            row = visible(tx, principal, document_id)
            return Envelope(row, tx.signatures.of(row.id))

    def turn(self, principal: Principal, document_id: str, name: str) -> tuple[Envelope, Signature]:
        """The slot of that field, for whoever may see to it. Raises as `Envelope.slot` does, and ForbiddenError."""
        principal.require(Permission.SIGN)
        with self.database.read() as tx:
            row = owned(tx, principal, document_id)
            envelope = Envelope(row, tx.signatures.of(row.id))
        return envelope, envelope.slot(name)

    def behind(self, token_sha256: str) -> tuple[Envelope, Signature]:
        """What a one-time link leads to. Raises LinkGoneError."""
        with self.database.read() as tx:
            slot = tx.signatures.by_link(token_sha256)
            row = tx.documents.find(id=slot.document_id) if slot else None
            envelope = Envelope(row, tx.signatures.of(row.id)) if row else None
        if slot is None or slot.link is None or envelope is None:
            raise LinkGoneError("链接无效，或者已经使用；this link is not valid, or was used already")
        if envelope.row.state is not State.AWAITING_SIGNATURES or slot.link.revision != envelope.revision:
            raise LinkGoneError("文书已有变化，链接失效；the document has changed: this link is not valid any more")
        if self.clock() >= slot.link.until:
            raise LinkGoneError("链接已过期，请向执法人员索取新的链接；this link has expired: ask for a new one")
        return envelope, slot

    @contextlib.contextmanager
    def changing(self, document_id: str) -> Iterator[Change]:
        """A transaction in which the envelope is ours; a change that sets `due` lets the worker go on.

        Raises BusyError while a worker is at it.
        """
        with self.database.begin() as tx:
            token = self.leases.claim(tx, document_id)  # ends with the transaction
            row = tx.documents.find(id=document_id)
            if row is None:
                raise NotFoundError("没有这份文书；no such document")
            change = Change(tx, Envelope(row, tx.signatures.of(document_id)))
            due = self.leases.due_at(tx, document_id)
            yield change
            tx.jobs.release(document_id, token, change.due[-1] if change.due else due)
        if change.due:
            # Best effort: the job is in the database, and the scheduler sends it again.
            with contextlib.suppress(QueueError):
                self.queue.send(document_id)

    def newest(self, envelope: Envelope) -> bytes:
        """Its newest file. Raises AlteredError, StoreError."""
        return self._stored(envelope.row, envelope.revision)

    def fields(self, envelope: Envelope, slot: Signature) -> list[Blank | Slot]:
        """Where this slot and all after it are signed, in order, the seals last. Raises SealError."""
        row = envelope.row
        doc_type = self.templates.version(row.doc_type, row.template_sha256) or self.templates.get(row.doc_type)
        accepted = accepted_of(row, doc_type, self.database)
        unsigned = self._stored(row, row.unsigned_sha256 or "")
        blanks = self.pages.blanks(unsigned, [each.signatory for each in envelope.slots])
        return [
            *blanks[slot.ordinal :],
            *signature_slots(LaidOut(unsigned, row.unsigned_sha256 or "", 0), accepted, self.pages),
        ]

    def day(self, at: dt.datetime) -> dt.date:
        """The date of a moment where the service is."""
        return at.astimezone(self.zone).date()

    def wait(self, document_id: str, name: str, seconds: float) -> Signature:
        """The slot when the worker has done with what was given, or else after `seconds`. Raises NotFoundError."""
        end, pause = time.monotonic() + seconds, FIRST_PAUSE_S
        while True:
            with self.database.read() as tx:
                slot = next((s for s in tx.signatures.of(document_id) if s.field == name), None)
            if slot is None:
                raise NotFoundError("没有这个签名栏；there is no such signature field")
            left = end - time.monotonic()
            if slot.state is not SlotState.GIVEN or left <= 0:
                return slot
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def _stored(self, row: DocumentRow, sha256: str) -> bytes:
        data = self.objects.get(object_key(sha256))
        if sha256_hex(data) != sha256:
            raise AlteredError(f"{row.number}的存储文件已被改动，不予签名；its stored file was altered")
        return data
