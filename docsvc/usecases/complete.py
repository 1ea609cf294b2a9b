"""Completing what somebody gave for a signature: signed, time-stamped, verified, stored, told in the log."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.case import Case
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import (
    AlteredError,
    BusyError,
    ConflictError,
    DocsvcError,
    NotFoundError,
    ObjectMissingError,
    SealError,
)
from docsvc.domain.job import MAX_ATTEMPTS, retry_at
from docsvc.domain.leaf import SIGNED
from docsvc.domain.signature import Given, Signature, SlotState, turn
from docsvc.pipeline.sign import Signed, complete, look_at, sign_here
from docsvc.pipeline.store import object_key, store
from docsvc.ports import Database, ObjectStore, PlatformKeys, Sealer, Transaction, Verifier
from docsvc.usecases.envelopes import Envelope, Envelopes
from docsvc.usecases.events import happened
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import CUT_OFF, retain_until


@dataclass(frozen=True, slots=True)
class Completion:
    """The worker's part of an envelope. A run that is cut off leaves the slot `given`, and the next goes on."""

    database: Database
    envelopes: Envelopes
    keys: PlatformKeys
    sealer: Sealer
    verifier: Verifier
    objects: ObjectStore
    leases: Leases
    clock: Callable[[], dt.datetime]

    def concerns(self, document_id: str) -> bool:
        """Does the document wait for signatures?"""
        with self.database.read() as tx:
            row = tx.documents.find(id=document_id)
        return row is not None and row.state is State.AWAITING_SIGNATURES

    def advance(self, document_id: str) -> DocumentRow:
        """Complete the signature that was given, if one was; after the last one the document is to be sealed.

        A fault is raised when it has been written down: one that may pass leaves the slot `given` and its job due
        again, as often as it takes; any other, or one of ours too often, asks for the signature anew and says why.
        Raises BusyError.
        """
        envelope, slot, token = self._claim(document_id)
        if slot is None:
            return envelope.row
        try:
            fields = self._stored(envelope, slot) or self._sign(envelope, slot, token)
            self._finish(envelope, slot, token, fields)
        except BusyError:
            raise
        except DocsvcError as e:
            if e.retryable:  # an outage, however long: nobody has to come back and sign again for that
                slot = replace(slot, attempts=min(slot.attempts, MAX_ATTEMPTS - 1))
            self._put_off(slot, token, str(e), retryable=e.retryable)
            raise
        except Exception as e:
            self._put_off(slot, token, f"程序内部错误；internal fault: {type(e).__name__}", retryable=True)
            raise
        return self._row(document_id)

    def _claim(self, document_id: str) -> tuple[Envelope, Signature | None, int]:
        """The lease is ours where there is a slot."""
        with self.database.begin() as tx:
            token = self.leases.claim(tx, document_id)
            row = tx.documents.find(id=document_id)
            if row is None:
                raise NotFoundError(f"没有这份文书；no such document: {document_id}")
            envelope = Envelope(row, tx.signatures.of(document_id))
            slot = turn(envelope.slots)
            if row.state is not State.AWAITING_SIGNATURES:  # on its way again: whoever makes it looks at its job
                tx.jobs.release(document_id, token, self.leases.due_at(tx, document_id))
                return envelope, None, token
            if slot is None or slot.state is not SlotState.GIVEN:
                tx.jobs.release(document_id, token, None)
                return envelope, None, token
            # Counted when begun: an attempt that ends with its process says nothing afterwards.
            if slot.attempts >= MAX_ATTEMPTS:
                tx.signatures.save(_anew(slot, slot.fault or CUT_OFF))
                tx.jobs.release(document_id, token, None)
                return envelope, None, token
            slot = replace(slot, attempts=slot.attempts + 1)
            tx.signatures.save(slot)
        return envelope, slot, token

    def _stored(self, envelope: Envelope, slot: Signature) -> dict[str, Any] | None:
        """What an earlier run, cut off, already signed and stored."""
        if slot.revision_sha256 is None:
            return None
        try:
            pdf = self.objects.get(object_key(slot.revision_sha256))
        except ObjectMissingError:
            return None
        if sha256_hex(pdf) != slot.revision_sha256 or not pdf.startswith(self.envelopes.newest(envelope)):
            raise SealError(f"{envelope.row.number}: the stored revision is not the one that was signed")
        look_at(pdf, self.verifier, self.clock())
        return _results(slot)

    def _sign(self, envelope: Envelope, slot: Signature, token: int) -> dict[str, Any]:
        signed = self._signed(envelope, slot)
        fields: dict[str, Any] = {
            "revision_sha256": signed.sha256,
            "certificate_sha256": sha256_hex(signed.certificate),
            "level": signed.level.value,
            "shortfall": signed.shortfall,
        }
        # The digest is written down before its object: no signed file is unknown to the database.
        with self._writing(slot.document_id, token) as tx:
            tx.signatures.save(replace(slot, **fields))
        row = envelope.row
        templates = self.envelopes.templates
        doc_type = templates.version(row.doc_type, row.template_sha256) or templates.get(row.doc_type)
        store(signed.pdf, self.objects, retain_until(row, doc_type.manifest.retention_years))
        return fields

    def _signed(self, envelope: Envelope, slot: Signature) -> Signed:
        revision, given = self.envelopes.newest(envelope), slot.given or Given()
        if slot.by_certificate:
            if slot.pending is None or slot.pending.revision != envelope.revision:
                raise SealError(f"{envelope.row.number}: what was signed is another revision")
            return complete(revision, slot.pending.prepared, given, self.sealer, self.verifier, self.clock())
        fields = self.envelopes.fields(envelope, slot)
        if given.picture is not None and sha256_hex(given.picture) != slot.evidence.get("picture"):
            raise AlteredError(f"{envelope.row.number}: 手写签名已被改动；it is not the picture that was given")
        platform = self.keys.platform
        if platform.development and not Case.of(json.loads(envelope.row.case_json)).is_test:
            raise SealError(
                f"{envelope.row.number} 不是测试数据，不得用开发用的平台密钥签名；"
                f"{envelope.row.number} is no test data: the platform's development key must not sign it"
            )
        # The day of the hand, not of whoever comes to write it down.
        mark = slot.mark(given.picture, self.envelopes.day(dt.datetime.fromisoformat(slot.evidence["given_at"])))
        return sign_here(revision, fields, mark, platform, self.sealer, self.verifier, self.clock())

    def _finish(self, envelope: Envelope, slot: Signature, token: int, fields: dict[str, Any]) -> None:
        """Signed: state, event and what comes next stand or fall together. What was given is in the file now."""
        now = self.clock()
        signed = replace(slot, **fields, state=SlotState.SIGNED, signed_at=now, fault=None)
        signed = replace(signed, pending=None, link=None, given=None)
        last = slot.ordinal == envelope.slots[-1].ordinal
        with self._writing(slot.document_id, token) as tx:
            tx.signatures.save(signed)
            row = replace(envelope.row, signed_sha256=signed.revision_sha256)
            tx.events.add(happened(SIGNED, row, now, _told(signed)))
            if last:
                # One attempt: it was begun, and waits for nobody to begin it.
                tx.documents.update(slot.document_id, state=State.RENDERING, attempts=1)
            tx.jobs.release(slot.document_id, token, now if last else None)

    def _put_off(self, slot: Signature, token: int, reason: str, *, retryable: bool) -> None:
        again = retry_at(slot.attempts, self.clock()) if retryable else None
        slot = _anew(slot, reason) if again is None else replace(slot, fault=reason)
        with self._writing(slot.document_id, token) as tx:
            tx.signatures.save(slot)
            tx.jobs.release(slot.document_id, token, again)

    @contextlib.contextmanager
    def _writing(self, document_id: str, token: int) -> Iterator[Transaction]:
        """A transaction of whoever still holds the lease. Raises LeaseLostError."""
        with self.database.begin() as tx:
            tx.jobs.fence(document_id, token)
            yield tx

    def _row(self, document_id: str) -> DocumentRow:
        with self.database.read() as tx:
            row = tx.documents.find(id=document_id)
        if row is None:
            raise ConflictError("没有这份文书；no such document")
        return row


def _anew(slot: Signature, reason: str) -> Signature:
    """Asked for again. A refusal that no witness stands for is undone: they are asked once more."""
    slot = replace(slot, state=SlotState.WAITING, fault=reason, pending=None, link=None, given=None, evidence={})
    refusal = slot.refusal if slot.refusal and slot.refusal.witness else None
    return replace(slot, refusal=refusal, revision_sha256=None, certificate_sha256=None)


def _results(slot: Signature) -> dict[str, Any]:
    names = ("revision_sha256", "certificate_sha256", "level", "shortfall")
    return {name: getattr(slot, name) for name in names}


def _told(slot: Signature) -> dict[str, Any]:
    """What the log's opening says of a signature: who, by which certificate, how it came."""
    evidence = dict(slot.evidence)
    who = evidence.pop("by", None)
    return {
        **({"by": who} if who else {}),
        "field": slot.field,
        "role": slot.signatory.role.value,
        "name": slot.signatory.name,
        "certificate": slot.certificate_sha256,
        "revision": slot.revision_sha256,
        "level": slot.level,
        "evidence": evidence,
        **({"refusal": {"reason": slot.refusal.reason, "witness": slot.refusal.witness}} if slot.refusal else {}),
    }
