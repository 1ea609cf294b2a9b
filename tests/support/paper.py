"""A document that goes round on paper of ours: real database and store; signatures that are lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from docsvc.adapters.pades.handed_in import HandedIn
from docsvc.domain.agency import SealDesign
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentRow, SealPlace, Signing, State
from docsvc.domain.envelope import Blank, Box, Mark, Prepared, signatories
from docsvc.domain.signature import Signature, begun
from docsvc.domain.signer import Person
from docsvc.domain.verdict import Indication, Report
from docsvc.pipeline.store import store
from docsvc.usecases.complete import Completion
from docsvc.usecases.envelopes import Envelopes
from docsvc.usecases.sign_remotely import RemoteSigning
from tests.support.cases import changed, sample
from tests.support.portal import Portal

UNSIGNED = b"%PDF-1.7 unsigned\n"


@dataclass
class Pen:
    """Pages, Sealer, Verifier and SealKeys in one: a signature is a line, and may fail as it is told to."""

    faults: list[Exception] = field(default_factory=list)
    indication: Indication = Indication.INDETERMINATE
    signed: int = 0

    def blanks(self, _pdf: bytes, people: Sequence[Any]) -> list[Blank]:
        return [Blank(p.field, p.name, (Box(0, 0, 0, 100, 30),)) for p in people]

    def seal_place(self, _pdf: bytes, _name: str, _date: str, _diameter_mm: float = 45.0) -> SealPlace:
        return SealPlace(0, 1, 1)

    def sign(self, pdf: bytes, fields: Sequence[Any], mark: Mark, _key: Any) -> tuple[bytes, str | None]:
        return self._written(pdf, f"{fields[0].field} {mark.lines} then {[f.field for f in fields[1:]]}")

    def prepare(self, pdf: bytes, fields: Sequence[Any], _mark: Mark, chain: Sequence[bytes], at: Any) -> Prepared:
        return Prepared(b"room", fields[0].field, b"digest", pdf[-8:], "sha256", "sha256_ecdsa", tuple(chain), at)

    def complete(self, pdf: bytes, prepared: Prepared, *, value: Any = None, cms: Any = None) -> Any:
        return self._written(pdf, f"{prepared.field} {value or cms}")

    def _written(self, pdf: bytes, line: str) -> tuple[bytes, str | None]:
        if self.faults:
            raise self.faults.pop()
        self.signed += 1
        return pdf + f"{line}\n".encode(), None

    def verify(self, pdf: bytes, at: Any) -> Report:
        return Report(sha256_hex(pdf), len(pdf), at, self.indication, (), ())

    @property
    def platform(self) -> Any:
        return SimpleNamespace(chain=(b"platform certificate",), development=True)

    def of(self, _design: SealDesign) -> Any:
        return self.platform


class Anyone(HandedIn):
    """Certificates are a name and a number in plain text; a value is right where it says so."""

    def person(self, certificate: bytes) -> Person | None:
        if not certificate:
            return None
        name, _, number = certificate.decode().partition(" ")
        return Person(name, number)

    def fault(self, _prepared: Prepared, value: bytes | None, cms: bytes | None) -> str | None:
        return None if b"right" in (value or cms or b"") else "签名无效 / the signature does not hold"


class Desk:
    """A portal whose documents can be signed."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.pen = portal, Pen()
        service: Any = portal.service
        base = service.envelopes
        self.envelopes = Envelopes(
            base.database, base.templates, base.objects, self.pen, base.leases, base.queue, base.zone, base.clock
        )
        service.envelopes, service.signature_checks = self.envelopes, Anyone()
        service.remote_signing = RemoteSigning(
            self.envelopes, lambda: self.pen, service.signature_checks, base.clock
        )
        self.completion = Completion(
            database=base.database,
            envelopes=self.envelopes,
            keys=self.pen,
            sealer=self.pen,
            verifier=self.pen,
            objects=base.objects,
            leases=base.leases,
            clock=base.clock,
        )

    def laid_out(self, **changes: Any) -> DocumentRow:
        """An interview record that waits for its first signature."""
        case = changed(sample("interview_record"), changes)
        row = self.portal.service.intake.accept(case, signing=Signing.ENVELOPE).row
        store(UNSIGNED, self.portal.office.objects)
        manifest = self.portal.service.templates.get(row.doc_type).manifest
        with self.portal.office.database.begin() as tx:
            tx.signatures.add(begun(row.id, signatories(manifest.signatures, case)))
            token = tx.jobs.claim(row.id, "worker", self.portal.office_now(), self.portal.office_now())
            tx.jobs.release(row.id, token, None)
            tx.documents.update(
                row.id, state=State.AWAITING_SIGNATURES, unsigned_sha256=sha256_hex(UNSIGNED), attempts=1
            )
        return self.portal.office.row(row.id)

    def slot(self, document_id: str, name: str) -> Signature:
        with self.portal.office.database.read() as tx:
            return next(slot for slot in tx.signatures.of(document_id) if slot.field == name)

    def due(self, document_id: str) -> bool:
        """Is there something for the worker to do?"""
        with self.portal.office.database.read() as tx:
            return document_id in tx.jobs.due(self.portal.office_now(), 100)
