"""The signing stage of an envelope: one person's signature onto the newest revision, looked at by our verifier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Level, Slot
from docsvc.domain.envelope import Blank, Mark, Prepared
from docsvc.domain.errors import SealError
from docsvc.domain.signature import Given
from docsvc.domain.verdict import Indication
from docsvc.ports import Sealer, SealKey, Verifier


@dataclass(frozen=True, slots=True)
class Signed:
    """The revision with one more signature; `certificate` is the signer's, DER. No time-stamp: why not."""

    pdf: bytes
    sha256: str
    certificate: bytes
    shortfall: str | None

    @property
    def level(self) -> Level:
        return Level.B_B if self.shortfall else Level.B_T


def sign_here(
    revision: bytes,
    fields: Sequence[Blank | Slot],
    mark: Mark,
    key: SealKey,
    sealer: Sealer,
    verifier: Verifier,
    now: dt.datetime,
) -> Signed:
    """Sealed at once by a key of the service: a mark made by hand, or the note of a refusal. Raises SealError."""
    pdf, shortfall = sealer.sign(revision, fields, mark, key)
    return _looked_at(revision, pdf, key.chain[0], shortfall, verifier, now)


def complete(
    revision: bytes, prepared: Prepared, given: Given, sealer: Sealer, verifier: Verifier, now: dt.datetime
) -> Signed:
    """The prepared signature with what its signer gave for it. Raises SealError."""
    pdf, shortfall = sealer.complete(revision, prepared, value=given.value, cms=given.cms)
    return _looked_at(revision, pdf, prepared.chain[0], shortfall, verifier, now)


def look_at(pdf: bytes, verifier: Verifier, now: dt.datetime) -> None:
    """Raises SealError where our own verifier finds the signed file wrong.

    That evidence of revocation lies in it is not asked yet: the seal, which comes last, brings it for all.
    """
    report = verifier.verify(pdf, now)
    if report.indication is Indication.FAILED:
        checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
        faults = "; ".join(c.message for c in checks if c.indication is Indication.FAILED)
        raise SealError(
            f"签名后的文件未通过自动验证；the signed document does not stand its own verification: {faults}"
        )


def _looked_at(
    revision: bytes, pdf: bytes, certificate: bytes, shortfall: str | None, verifier: Verifier, now: dt.datetime
) -> Signed:
    if not pdf.startswith(revision):
        raise SealError("the signed document does not continue the one before it")
    look_at(pdf, verifier, now)
    return Signed(pdf, sha256_hex(pdf), certificate, shortfall)
