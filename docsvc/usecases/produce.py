"""Bring an accepted document to `sealed`: render, convert, seal, verify, store; each step safe to run again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass

from docsvc.domain.case import Case
from docsvc.domain.document import Accepted, DocumentRow, State
from docsvc.domain.errors import DocsvcError, ObjectMissingError, SealError, UsageError
from docsvc.domain.leaf import SEALED
from docsvc.domain.numbering import DocNumber
from docsvc.domain.verdict import Indication
from docsvc.pipeline.convert import convert
from docsvc.pipeline.render import render
from docsvc.pipeline.seal import seal
from docsvc.pipeline.store import object_key, store
from docsvc.ports import (
    Converter,
    Database,
    Filler,
    Lease,
    ObjectStore,
    Pages,
    Sealer,
    SealKeys,
    Templates,
    Verifier,
)
from docsvc.usecases.events import happened


@dataclass(frozen=True, slots=True)
class Production:
    """The way of one document from its row to its sealed, stored PDF."""

    database: Database
    templates: Templates
    filler: Filler
    converter: Converter
    pages: Pages
    keys: SealKeys
    sealer: Sealer
    verifier: Verifier
    objects: ObjectStore
    lease: Lease
    clock: Callable[[], dt.datetime]

    def produce(self, document_id: str) -> DocumentRow:
        """The row, sealed. A fault leaves it `failed` with its reason and is raised."""
        with self.lease.hold(document_id):
            row = self._row(document_id)
            if row.state in (State.SEALED, State.RECORDED):
                return row
            try:
                if not self._stored(row):
                    row = self._make(row)
            except DocsvcError as e:
                self._fail(row, str(e), retryable=e.retryable)
                raise
            except Exception as e:
                self._fail(row, f"internal fault: {type(e).__name__}", retryable=True)
                raise
            now = self.clock()
            with self.database.begin() as tx:
                tx.documents.update(row.id, state=State.SEALED, reason=None, retryable=False)
                tx.events.add(happened(SEALED, row, now))
            return self._row(document_id)

    def _make(self, row: DocumentRow) -> DocumentRow:
        accepted = self._accepted(row)
        if accepted.case.is_test and not self.keys.of(accepted.agency.seal).development:
            raise SealError(f"{row.number} is test data: it must not be sealed with a production key")
        filled = render(accepted, self.filler)
        laid_out = convert(filled, self.converter, self.pages)
        sealed = seal(laid_out, accepted, row.target_level, self.pages, self.sealer, self.verifier, self.clock())
        # The digests are written down before the objects: a crash between both leaves no signed file unknown to
        # the database, and the next run finds it and goes on instead of signing a second time.
        fields = {
            "template_sha256": accepted.doc_type.sha256,  # mended since it was accepted, perhaps
            "docx_sha256": filled.sha256,
            "unsigned_sha256": laid_out.sha256,
            "signed_sha256": sealed.sha256,
            "size": len(sealed.pdf),
            "achieved_level": sealed.achieved,
            "shortfall": sealed.shortfall,
        }
        with self.database.begin() as tx:
            tx.documents.update(row.id, **fields)
        keep = retain_until(row, accepted.doc_type.manifest.retention_years)
        for data in (accepted.case.canonical, filled.docx, laid_out.pdf, sealed.pdf):
            store(data, self.objects, keep)
        return self._row(row.id)

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
        number = DocNumber.parse(row.number)
        doc_type = self.templates.get(row.doc_type)
        if number is None:
            raise UsageError(f"document {row.id} has no readable number")
        with self.database.begin() as tx:
            agency = tx.agencies.get(row.agency_id)
        if agency is None:
            raise SealError(f"agency {row.agency_id} is no longer in the registry")
        case = Case.of(json.loads(row.case_json))
        if case.sha256 != row.case_sha256:
            raise SealError(f"{row.number}: the case in the database is no longer the one that was accepted")
        return Accepted(row.id, case, agency, number, doc_type)

    def _row(self, document_id: str) -> DocumentRow:
        with self.database.begin() as tx:
            row = tx.documents.find(id=document_id)
        if row is None:
            raise UsageError(f"no document {document_id}")
        return row

    def _fail(self, row: DocumentRow, reason: str, *, retryable: bool) -> None:
        with self.database.begin() as tx:
            tx.documents.update(
                row.id, state=State.FAILED, reason=reason, retryable=retryable, attempts=row.attempts + 1
            )


def retain_until(row: DocumentRow, years: int) -> dt.datetime:
    """End of the retention that the manifest asks for, counted in whole years of 366 days from creation."""
    return row.created_at + dt.timedelta(days=366 * years)
