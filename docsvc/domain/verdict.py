"""Verdicts on signed documents: numbered findings in, one indication out (ETSI EN 319 102-1 clause 5)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

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
    """One step of a verification and what it found.

    `step` is its number in the verifier's list; `remark` marks a passed check that has something to say.
    """

    name: str  # static id, e.g. "byte-range"
    indication: Indication
    message: str  # Chinese, for people
    message_en: str
    sub_indication: str | None = None  # EN 319 102-1 sub-indication, e.g. FORMAT_FAILURE
    step: int = 0
    remark: bool = False

    @classmethod
    def passed(cls, step: int, name: str, message: str, message_en: str) -> Self:
        """A check that holds."""
        return cls(name, Indication.PASSED, message, message_en, None, step)

    @classmethod
    def remarked(cls, step: int, name: str, message: str, message_en: str) -> Self:
        """A check that holds, with something that a careful reader should know."""
        return cls(name, Indication.PASSED, message, message_en, None, step, remark=True)

    @classmethod
    def undecided(cls, step: int, name: str, sub: str, message: str, message_en: str) -> Self:
        """A check that what is at hand can't decide."""
        return cls(name, Indication.INDETERMINATE, message, message_en, sub, step)

    @classmethod
    def failed(cls, step: int, name: str, sub: str, message: str, message_en: str) -> Self:
        """A check that is broken."""
        return cls(name, Indication.FAILED, message, message_en, sub, step)


def gravest(checks: Iterable[Check]) -> Check | None:
    """The first check of the worst indication, None where all passed."""
    bad = [c for c in checks if c.indication is not Indication.PASSED]
    return max(bad, key=lambda c: SEVERITY.index(c.indication), default=None)


@dataclass(frozen=True, slots=True)
class RevocationUse:
    """One OCSP response or CRL inside the file that speaks about a certificate of the chain."""

    kind: str  # "OCSP" | "CRL"
    certificate: str  # common name of the certificate it speaks about
    status: str  # "good" | "revoked" | "unknown"
    this_update: dt.datetime
    next_update: dt.datetime | None
    sha256: str  # of the OCSP response or CRL
    revoked_at: dt.datetime | None = None


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
    sub_indication: str | None = None  # of the check that decided
    serial: str | None = None  # certificate serial number, lower-case hexadecimal
    time_stamped_by: str | None = None  # common name of the authority that proves `signed_at`
    revocation: tuple[RevocationUse, ...] = ()
    purpose: str | None = None  # what its field says it is for, e.g. 约谈人 陈测甲（…） 数字签名


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
    sub_indication: str | None = None  # of the check that decided

    def joined_by(self, checks: Iterable[Check]) -> Self:
        """This report with more checks of the whole; the worst decides anew."""
        every = (*self.checks, *checks)
        grave = gravest([*every, *(c for s in self.signatures for c in s.checks)])
        return dataclasses.replace(
            self,
            checks=every,
            indication=worst([*(c.indication for c in every), *(s.indication for s in self.signatures)]),
            sub_indication=grave.sub_indication if grave else None,
        )

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values: times in ISO 8601, enumerations by value."""
        out: dict[str, Any] = _plain(dataclasses.asdict(self))
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            **{
                **data,
                "verified_at": dt.datetime.fromisoformat(data["verified_at"]),
                "indication": Indication(data["indication"]),
                "signatures": tuple(_signature(s) for s in data["signatures"]),
                "checks": tuple(_check(c) for c in data["checks"]),
                "level": _level(data["level"]),
                "notices": tuple(data["notices"]),
            }
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value


def _moment(value: str | None) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(value)


def _level(value: str | None) -> Level | None:
    return None if value is None else Level(value)


def _check(data: Mapping[str, Any]) -> Check:
    return Check(**{**data, "indication": Indication(data["indication"])})


def _revocation(data: Mapping[str, Any]) -> RevocationUse:
    return RevocationUse(
        **{
            **data,
            "this_update": dt.datetime.fromisoformat(data["this_update"]),
            "next_update": _moment(data["next_update"]),
            "revoked_at": _moment(data["revoked_at"]),
        }
    )


def _signature(data: Mapping[str, Any]) -> SignatureReport:
    return SignatureReport(
        **{
            **data,
            "indication": Indication(data["indication"]),
            "checks": tuple(_check(c) for c in data["checks"]),
            "level": _level(data["level"]),
            "signed_at": _moment(data["signed_at"]),
            "claimed_at": _moment(data["claimed_at"]),
            "revocation": tuple(_revocation(r) for r in data["revocation"]),
        }
    )
