"""Verdicts on signed documents: numbered findings in, one indication out (ETSI EN 319 102-1 clause 5)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from docsvc.domain.document import Level


class Indication(enum.StrEnum):
    """Main indication of EN 319 102-1, 5.1.3."""

    PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "TOTAL-FAILED"


SEVERITY = (Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED)


def worst(indications: Iterable[Indication]) -> Indication:
    """The worst decides: one failed signature fails the document. Nothing at all is INDETERMINATE."""
    return max(indications, key=SEVERITY.index, default=Indication.INDETERMINATE)


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a verification and what it found."""

    name: str  # static id, e.g. "byte-range"
    indication: Indication
    message: str  # Chinese, for people
    message_en: str
    sub_indication: str | None = None  # EN 319 102-1 sub-indication, e.g. FORMAT_FAILURE


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature or document time-stamp."""

    field: str
    kind: str  # "signature" | "document-timestamp"
    indication: Indication
    checks: tuple[Check, ...]
    level: Level | None = None
    signer: str | None = None  # subject's common name
    issuer: str | None = None
    signed_at: dt.datetime | None = None  # proven time (time-stamp)
    claimed_at: dt.datetime | None = None
    algorithm: str | None = None  # e.g. "RSA-2048 with SHA-256"


@dataclass(frozen=True, slots=True)
class Report:
    """The report on one file: its digest, its signatures, the checks of the whole, the one indication."""

    sha256: str
    size: int
    verified_at: dt.datetime
    indication: Indication
    signatures: tuple[SignatureReport, ...]
    checks: tuple[Check, ...]
    level: Level | None = None
    notices: tuple[str, ...] = field(default=())  # e.g. "development keys: no legal effect"
