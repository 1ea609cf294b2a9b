"""Bring an accepted document to `sealed`: render, convert, seal, verify, store; each step safe to run again."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.case import Case
from docsvc.domain.document import Accepted, DocumentRow, DocumentType, LaidOut, Signing, State
from docsvc.domain.envelope import signatories
from docsvc.domain.errors import (
    BusyError,
    DocsvcError,
    KeyAwayError,
    NotFoundError,
    ObjectMissingError,
    QuotaError,
    SealError,
    UsageError,
)
from docsvc.domain.job import KEY_AWAY_S, MAX_ATTEMPTS, retry_at
from docsvc.domain.joint import joint_agencies
from docsvc.domain.leaf import SEALED
from docsvc.domain.numbering import DocNumber
from docsvc.domain.signature import Signature, begun, revision, turn
from docsvc.domain.verdict import Indication
from docsvc.pipeline.convert import convert
from docsvc.pipeline.render import render
from docsvc.pipeline.seal import seal, signature_slots
from docsvc.pipeline.store import object_key, store
from docsvc.ports import (
    Converter,
    Database,
    Filler,
    ObjectStore,
    Pages,
    QrCodes,
    ScanSigner,
    Sealer,
    Templates,
    Transaction,
    Verifier,
)
from docsvc.usecases.custody import Custody
from docsvc.usecases.events import happened
from docsvc.usecases.lease import Leases
from docsvc.usecases.template_versions import TemplateVersions

CUT_OFF: Final = "处理进程在工作中被终止；the process that worked on it was ended (killed, or over its time limit)"
UNFINISHED: Final = (State.ACCEPTED, State.RENDERING)


@dataclass(frozen=True, slots=True)
class Production:
    """The way of one document from its row to its sealed, stored PDF."""

    database: Database
    templates: Templates
    versions: TemplateVersions
    filler: Filler
    converter: Converter
    pages: Pages
    custody: Custody
    sealer: Sealer
    verifier: Verifier
    objects: ObjectStore
    codes: QrCodes
    scan_signer: ScanSigner
    public_url: str  # where the code on each document leads
    leases: Leases
    clock: Callable[[], dt.datetime]

    def produce(self, document_id: str) -> DocumentRow:
        """The row as it is afterwards: sealed, laid out for those who sign it, or what it had become before.

        A fault is raised when it has been written down: one that may pass leaves the document `accepted` and its
        job due again later, any other one, or one too many, leaves it `failed` with the reason. A key that is away
        or a seal's quota is waited for as long as it takes. Raises BusyError,
        and writes nothing, while or once another process works on it.
        """
        row, token = self._claim(document_id)
        if row.state is not State.RENDERING:
            return row
        try:
            if not self._stored(row):
                if row.signing is Signing.ENVELOPE and not self._slots(row):
                    self._send_round(row, token)
                    return self._row(document_id)
                row = self._make(row, token)
            now, version = self.clock(), self.templates.version(row.doc_type, row.template_sha256)
            detail = {"template_version": version.manifest.version} if version else {}
            with self._writing(row.id, token) as tx:
                tx.documents.update(row.id, state=State.SEALED, reason=None, retryable=False)
                tx.events.add(happened(SEALED, row, now, {**detail, **self.custody.kept(tx, row)}))
                tx.jobs.release(row.id, token, None)
        except BusyError:
            raise  # another one has taken over
        except (KeyAwayError, QuotaError) as e:
            self._wait(row, token, e)
            raise
        except DocsvcError as e:
            self._put_off(row, token, str(e), retryable=e.retryable)
            raise
        except Exception as e:
            reason = f"程序内部错误；internal fault: {type(e).__name__}"
            self._put_off(row, token, reason, retryable=True)
            raise
        return self._row(document_id)

    def _claim(self, document_id: str) -> tuple[DocumentRow, int]:
        """The row, and the token if it is `rendering` now: then the work is ours."""
        with self.database.begin() as tx:
            row = tx.documents.find(id=document_id)
            if row is None:
                raise NotFoundError(f"没有这份文书；no such document: {document_id}")
            token = self.leases.claim(tx, document_id)
            row = tx.documents.find(id=document_id) or row  # nobody changes it from here on
            if row.state not in UNFINISHED:
                # A signature that was given waits for whoever completes it.
                waits = row.state is State.AWAITING_SIGNATURES
                tx.jobs.release(document_id, token, self.leases.due_at(tx, document_id) if waits else None)
                return row, token
            # Counted when begun: an attempt that ends with its process says nothing afterwards.
            if row.attempts >= MAX_ATTEMPTS:
                tx.documents.update(document_id, state=State.FAILED, reason=row.reason or CUT_OFF, retryable=True)
                self.custody.failed(tx, row, row.reason or CUT_OFF)
                tx.jobs.release(document_id, token, None)
            else:
                tx.documents.update(
                    document_id, state=State.RENDERING, attempts=row.attempts + 1, reason=None, retryable=False
                )
            return tx.documents.find(id=document_id) or row, token

    def _put_off(self, row: DocumentRow, token: int, reason: str, *, retryable: bool) -> None:
        again = retry_at(row.attempts, self.clock()) if retryable else None
        state = State.ACCEPTED if again else State.FAILED
        with self._writing(row.id, token) as tx:
            tx.documents.update(row.id, state=state, reason=reason, retryable=retryable)
            self.custody.failed(tx, row, reason)
            tx.jobs.release(row.id, token, again)

    def _wait(self, row: DocumentRow, token: int, fault: KeyAwayError | QuotaError) -> None:
        """Nothing is wrong with the document: the attempt is given back, but for the first, which tells that
        somebody works on what waits.
        """
        soon = self.clock() + dt.timedelta(seconds=KEY_AWAY_S)
        due = fault.opens_at if isinstance(fault, QuotaError) else soon
        with self._writing(row.id, token) as tx:
            attempts = max(1, row.attempts - 1)
            tx.documents.update(row.id, state=State.ACCEPTED, reason=str(fault), retryable=True, attempts=attempts)
            self.custody.failed(tx, row, str(fault))
            tx.jobs.release(row.id, token, due)

    @contextlib.contextmanager
    def _writing(self, document_id: str, token: int) -> Iterator[Transaction]:
        """A transaction of whoever still holds the lease. Raises LeaseLostError."""
        with self.database.begin() as tx:
            tx.jobs.fence(document_id, token)
            yield tx

    def _make(self, row: DocumentRow, token: int) -> DocumentRow:
        accepted = self._accepted(row)
        keys = self.custody.keys_for(accepted)
        if row.signing is Signing.ENVELOPE:
            laid_out = self._signed_by_all(row)
            fields: dict[str, Any] = {}
            files: list[bytes] = []
        else:
            laid_out, fields, files = self._lay_out(accepted)
        with self._writing(row.id, token) as tx:
            tx.documents.update(row.id, **fields, signed_sha256=None)  # that of a run before was never kept
            self.custody.begin(tx, tx.documents.find(id=row.id) or row, accepted, laid_out, keys)
        ports = self.pages, self.sealer, self.verifier
        sealed = seal(laid_out, accepted, row.target_level, *ports, self.clock())
        signed = {
            "signed_sha256": sealed.sha256,
            "size": len(sealed.pdf),
            "achieved_level": sealed.achieved,
            "shortfall": sealed.shortfall,
            "renew_before": self.sealer.good_until(sealed.pdf),
        }
        self._write_down(row, token, accepted, signed, [*files, sealed.pdf])
        return self._row(row.id)

    def _lay_out(self, accepted: Accepted) -> tuple[LaidOut, dict[str, Any], list[bytes]]:
        """The unsigned PDF, what the row says of it, and the files that are kept."""
        filled = render(accepted, self.filler, self.codes, self.scan_signer, self.public_url)
        laid_out = convert(filled, self.converter, self.pages, test_data=accepted.case.is_test)
        fields = {
            "template_sha256": accepted.doc_type.sha256,  # mended since it was accepted, perhaps
            "docx_sha256": filled.sha256,
            "unsigned_sha256": laid_out.sha256,
        }
        return laid_out, fields, [accepted.case.canonical, filled.docx, laid_out.pdf]

    def _write_down(
        self, row: DocumentRow, token: int, accepted: Accepted, fields: dict[str, Any], files: list[bytes]
    ) -> None:
        # The digests are written down before the objects: a crash between both leaves no signed file unknown to
        # the database, and the next run finds it and goes on instead of signing a second time.
        with self._writing(row.id, token) as tx:
            tx.documents.update(row.id, **fields)
            if signed := fields.get("signed_sha256"):
                self.custody.signed(tx, row, signed)
        keep = retain_until(row, accepted.doc_type.manifest.retention_years)
        self.versions.keep(accepted.doc_type, keep)
        for data in files:
            store(data, self.objects, keep)

    def _send_round(self, row: DocumentRow, token: int) -> None:
        """Lay it out and let those sign whom the manifest names. Until they are asked, it may be done again."""
        accepted = self._accepted(row)
        people = signatories(accepted.doc_type.manifest.signatures, accepted.case.data)
        if not people:
            raise SealError(f"{row.number}: the manifest names nobody who signs this case")
        self.custody.keys_for(accepted)  # raises where the agency could not seal it afterwards
        laid_out, fields, files = self._lay_out(accepted)
        self.pages.blanks(laid_out.pdf, people)  # raises where somebody would find no place to sign
        signature_slots(laid_out, accepted, self.pages)
        self._write_down(row, token, accepted, fields, files)
        with self._writing(row.id, token) as tx:
            tx.signatures.add(begun(row.id, people))
            tx.documents.update(row.id, state=State.AWAITING_SIGNATURES, attempts=1, reason=None, retryable=False)
            tx.jobs.release(row.id, token, None)

    def _signed_by_all(self, row: DocumentRow) -> LaidOut:
        """As it was laid out, where the seals' places are found, and as it is now."""
        slots = self._slots(row)
        newest = revision(slots, row.unsigned_sha256)
        if turn(slots) is not None or newest is None or row.unsigned_sha256 is None:
            raise SealError(f"{row.number}: not all have signed")
        unsigned = self.objects.get(object_key(row.unsigned_sha256))
        return LaidOut(unsigned, row.unsigned_sha256, 0, self.objects.get(object_key(newest)))

    def _slots(self, row: DocumentRow) -> Sequence[Signature]:
        with self.database.read() as tx:
            return tx.signatures.of(row.id)

    def _stored(self, row: DocumentRow) -> bool:
        """Did an earlier run, cut off, already store everything?"""
        digests = (row.case_sha256, row.docx_sha256, row.unsigned_sha256, row.signed_sha256)
        try:
            files = [self.objects.get(object_key(d)) for d in digests if d is not None]
        except ObjectMissingError:
            return False
        if len(files) < len(digests):
            return False
        # The row's word is not enough: what becomes `sealed` has passed our verifier in this very run.
        if self.verifier.verify(files[-1], self.clock()).indication is Indication.FAILED:
            raise SealError(f"{row.number}: the stored file does not stand its own verification")
        return True

    def _accepted(self, row: DocumentRow) -> Accepted:
        # What was published since does not change what was accepted; a version that was mended in place is gone.
        doc_type = self.templates.version(row.doc_type, row.template_sha256) or self.templates.get(row.doc_type)
        return accepted_of(row, doc_type, self.database)

    def _row(self, document_id: str) -> DocumentRow:
        with self.database.read() as tx:
            row = tx.documents.find(id=document_id)
        if row is None:
            raise NotFoundError(f"没有这份文书；no such document: {document_id}")
        return row


def accepted_of(row: DocumentRow, doc_type: DocumentType, database: Database) -> Accepted:
    """What intake handed on, from what is stored. Raises SealError where case or agency are no longer the same."""
    number = DocNumber.parse(row.number)
    if number is None:
        raise UsageError(f"document {row.id} has no readable number")
    with database.read() as tx:
        agency = tx.agencies.get(row.agency_id)
        registered = tx.agencies.list()
    if agency is None:
        raise SealError(f"agency {row.agency_id} is no longer in the registry")
    case = Case.of(json.loads(row.case_json))
    if case.sha256 != row.case_sha256:
        raise SealError(f"{row.number}: the case in the database is no longer the one that was accepted")
    joint = joint_agencies(case.data, agency, registered)
    if joint is None:
        raise SealError(f"{row.number}: an agency that seals is no longer in the registry")
    return Accepted(row.id, case, agency, number, doc_type, joint, row.signing)


def retain_until(row: DocumentRow, years: int) -> dt.datetime:
    """End of the retention that the manifest asks for, counted in whole years of 366 days from creation."""
    return row.created_at + dt.timedelta(days=366 * years)
