"""The SM2 copy of a document: its unsigned PDF sealed with SM2 as well, stored, and bound to it by an event."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Accepted, DocumentRow, LaidOut, Signing, State
from docsvc.domain.errors import (
    AlteredError,
    BusyError,
    ConflictError,
    DatabaseError,
    DocsvcError,
    NotFoundError,
    SealError,
)
from docsvc.domain.leaf import SM2_SEALED, parse_opening
from docsvc.domain.sm2 import PROFILE, faults
from docsvc.pipeline.seal import signature_slots
from docsvc.pipeline.store import object_key, store
from docsvc.ports import Database, ObjectStore, Pages, SealKeys, Sm2Sealer, Templates, Transaction, Verifier
from docsvc.usecases.custody import Custody, check_effect
from docsvc.usecases.events import happened
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import accepted_of, retain_until

SIGNED = frozenset({State.SEALED, State.RECORDED})


def sm2_digest(tx: Transaction, document_id: str) -> str | None:
    """SHA-256 of the document's SM2 copy, as its event says; None where there is none."""
    found = next((e for e in tx.events.of(document_id) if e.type == SM2_SEALED), None)
    return None if found is None else str(parse_opening(found.opening).detail["sha256"])


@dataclass(frozen=True, slots=True)
class Sm2Copies:
    """Made after the document and apart from it: whatever goes wrong here, the document of record stays."""

    database: Database
    templates: Templates
    pages: Pages
    keys: SealKeys
    custody: Custody
    sealer: Sm2Sealer
    verifier: Verifier
    objects: ObjectStore
    leases: Leases
    clock: Callable[[], dt.datetime]

    def make(self, document_id: str) -> tuple[DocumentRow, bytes]:
        """The document and its SM2 copy; one that was made before is given again.

        Raises NotFoundError; ConflictError for a document that is not sealed yet or voided; SealError where a seal
        has no SM2 key or the copy does not stand its own verification; QuotaError where an SM2 key was used as
        often as it may be; BusyError while another process works on it.
        """
        with self.database.read() as tx:
            row = tx.documents.find(id=document_id)
            made = sm2_digest(tx, document_id)
        if row is None:
            raise NotFoundError(f"没有这份文书；no such document: {document_id}")
        if made is not None:
            return row, self._stored(row, made)
        with self.leases.hold(document_id) as token:
            with self.database.read() as tx:
                row = tx.documents.find(id=document_id) or row
                made = sm2_digest(tx, document_id)
            if made is not None:  # by another process, meanwhile
                return row, self._stored(row, made)
            if row.state not in SIGNED or row.unsigned_sha256 is None:
                raise ConflictError(f"{row.number}没有已盖章的文书；it is {row.state}, not sealed")
            if row.signing is Signing.ENVELOPE:
                raise ConflictError(
                    f"{row.number}由多人签名，副本不能代替；a copy would lack the signatures of those who signed"
                )
            pdf = self._used(row, token, self._stored(row, row.unsigned_sha256))
            sha256 = sha256_hex(pdf)
            detail = {"profile": PROFILE, "sha256": sha256, "size": len(pdf)}
            with self.database.begin() as tx:
                tx.jobs.fence(document_id, token)
                self.custody.signed(tx, row, sha256)
                uses = self.custody.kept(tx, row, sha256)
                tx.events.add(happened(SM2_SEALED, row, self.clock(), {**detail, **uses}))
            return row, pdf

    def _used(self, row: DocumentRow, token: int, unsigned: bytes) -> bytes:
        """The copy, stored; the use of each SM2 key counted and told before it, and settled where nothing came of
        it.
        """
        doc_type = self.templates.version(row.doc_type, row.template_sha256) or self.templates.get(row.doc_type)
        accepted = accepted_of(row, doc_type, self.database)
        keys = [self.keys.of(agency.seal) for agency in accepted.sealing]
        check_effect(accepted, keys)
        laid_out = LaidOut(unsigned, sha256_hex(unsigned), 0)
        with self.database.begin() as tx:
            tx.jobs.fence(row.id, token)
            self.custody.begin(tx, row, accepted, laid_out, keys)
        try:
            return self._sealed(row, accepted, laid_out)
        except Exception as e:
            reason = str(e) if isinstance(e, DocsvcError) else f"程序内部错误；internal fault: {type(e).__name__}"
            # Lost in the meantime, or no database: whoever comes next settles it, and the fault itself counts.
            with contextlib.suppress(BusyError, DatabaseError), self.database.begin() as tx:
                tx.jobs.fence(row.id, token)
                self.custody.failed(tx, row, reason)
            raise

    def _sealed(self, row: DocumentRow, accepted: Accepted, laid_out: LaidOut) -> bytes:
        pdf = self.sealer.seal(laid_out.pdf, signature_slots(laid_out, accepted, self.pages))
        wrong = faults(self.verifier.verify(pdf, self.clock()))
        if wrong:
            said = "; ".join(c.message for c in wrong)
            raise SealError(f"{row.number}: the SM2 copy does not stand its own verification: {said}")
        # Unlike the document's own digest, this one is written down after: a copy that a crash leaves behind is a
        # file that nobody was given and no event names, and the next run makes another.
        store(pdf, self.objects, retain_until(row, accepted.doc_type.manifest.retention_years))
        return pdf

    def _stored(self, row: DocumentRow, sha256: str) -> bytes:
        data = self.objects.get(object_key(sha256))
        if sha256_hex(data) != sha256:
            raise AlteredError(f"{row.number}的存储文件已被改动；a stored file of it was altered")
        return data
