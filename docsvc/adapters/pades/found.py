"""What is known of one signature while it is examined, and the report that becomes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docsvc.adapters.pades.algorithms import DIGEST_TITLES, key_strength
from docsvc.adapters.pades.byte_ranges import Coverage, RawDictionary
from docsvc.adapters.pades.chain import Judgement, common_name, issuer_name
from docsvc.adapters.pades.cms_checks import Shape
from docsvc.adapters.pades.time_stamps import Stamp
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Level
from docsvc.domain.verdict import (
    Check,
    Indication,
    Report,
    RevocationUse,
    SignatureReport,
    gravest,
    worst,
)

TIME_STAMP_FILTER = "/ETSI.RFC3161"


@dataclass(slots=True)
class Found:
    """One filled signature field while it is examined; filled in step by step."""

    name: str
    sub_filter: str
    checks: list[Check] = field(default_factory=list)
    purpose: str | None = None
    raw: RawDictionary | None = None
    coverage: Coverage | None = None
    shape: Shape | None = None
    embedded: EmbeddedPdfSignature | None = None
    revision: int = -1
    certified: bool = False
    judged: Judgement | None = None
    stamp: Stamp | None = None
    time_stamped_by: str | None = None
    stamp_informed: bool = False
    proven: dt.datetime | None = None
    claimed: dt.datetime | None = None
    level: Level | None = None
    uses: tuple[RevocationUse, ...] = ()

    @property
    def is_time_stamp(self) -> bool:
        return self.sub_filter == TIME_STAMP_FILTER

    @property
    def sound(self) -> bool:
        return all(c.indication is Indication.PASSED for c in self.checks)

    def report(self) -> SignatureReport:
        """The report on this signature; of its checks the worst decides."""
        try:
            return self._told()
        except Exception as e:  # noqa: BLE001 - a certificate whose names or key can't be read, whatever it raises
            self.checks.append(unreadable(e))
            self.judged = None
            return self._told()

    def _told(self) -> SignatureReport:
        certificate = self.judged.certificate if self.judged else None
        grave = gravest(self.checks)
        algorithm = None
        if certificate is not None and self.shape is not None:
            key = key_strength(certificate.public_key, dt.datetime.max.replace(tzinfo=dt.UTC)).title
            algorithm = f"{key} with {DIGEST_TITLES[self.shape.digest]}"
        return SignatureReport(
            field=self.name,
            kind="document-timestamp" if self.is_time_stamp else "signature",
            indication=worst(c.indication for c in self.checks),
            checks=tuple(sorted(self.checks, key=lambda c: c.step)),
            level=self.level,
            signer=common_name(certificate) if certificate is not None else None,
            issuer=issuer_name(certificate) if certificate is not None else None,
            signed_at=self.proven,
            claimed_at=self.claimed,
            algorithm=algorithm,
            sub_indication=grave.sub_indication if grave else None,
            serial=f"{certificate.serial_number:x}" if certificate is not None else None,
            time_stamped_by=self.time_stamped_by,
            revocation=self.uses,
            purpose=self.purpose,
        )


def conclude(
    pdf: bytes,
    at: dt.datetime,
    checks: Sequence[Check],
    signatures: Sequence[SignatureReport] = (),
    notices: Sequence[str] = (),
) -> Report:
    """Step 13: the report whose indication is the worst of all that was found."""
    indication = worst([c.indication for c in checks] + [s.indication for s in signatures])
    grave = gravest([*checks, *(c for s in signatures for c in s.checks)])
    sealed = [s.level for s in signatures if s.kind == "signature"]
    reached = [level for level in sealed if level is not None]
    return Report(
        sha256=sha256_hex(pdf),
        size=len(pdf),
        verified_at=at,
        indication=indication,
        signatures=tuple(signatures),
        checks=tuple(checks),
        level=min(reached, key=lambda level: level.rank) if reached and len(reached) == len(sealed) else None,
        notices=tuple(notices),
        sub_indication=grave.sub_indication if grave else None,
    )


def malformed(step: int, name: str, zh: str, en: str) -> Check:
    """The finding that a file or a signature has not the form that it must have."""
    return Check.failed(step, name, "FORMAT_FAILURE", zh, en)


def unreadable(error: Exception) -> Check:
    """The finding that reading stopped at `error`: a file that breaks the reader is a broken file."""
    en = f"the structure is broken ({type(error).__name__}: {error})"[:400]
    return malformed(1, "structure", "结构损坏，无法读取", en)
