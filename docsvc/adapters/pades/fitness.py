"""What is wrong with a certificate, said before it is used: its time, its usage, its path to a root (RFC 5280)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InvalidCertificateError,
    NotYetValidError,
    PathValidationError,
    RevokedError,
)

from docsvc.domain.unfit import Refusal, Unfit

LONGEST_PATH: Final = 10
OTHER_PURPOSES: Final = frozenset(
    {
        "server_auth",
        "code_signing",
        "time_stamping",
        "ocsp_signing",
        "ipsec_end_system",
        "ipsec_tunnel",
        "ipsec_user",
    }
)
"""A certificate that is for these alone (extended key usage, RFC 5280, 4.2.1.12) signs no documents."""


class UntrustedError(Exception):
    """A certificate must not be used; `str` says why in both languages, `refusal` for machines as well."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(f"{refusal.zh}；{refusal.en}")


class Purpose(enum.Enum):
    """What a certificate must be for."""

    SEAL = "seal"
    TIME_STAMP = "time-stamp"


def check_own(
    certificate: asn1_x509.Certificate, purpose: Purpose, now: dt.datetime, room: dt.timedelta = dt.timedelta()
) -> None:
    """Time and usage of the certificate itself, to the second; `room` must be left before its end.

    Raises UntrustedError.
    """
    try:
        start, end, fault = (
            certificate.not_valid_before,
            certificate.not_valid_after,
            _misused(certificate, purpose),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as e:  # its fields are read only now
        raise UntrustedError(Refusal(Unfit.INVALID, "证书无法解析", "its certificate can't be read")) from e
    if now < start:
        raise UntrustedError(_not_yet(certificate, start))
    if now >= end:
        raise UntrustedError(_expired(certificate, end))
    if now >= end - room:
        raise UntrustedError(
            Refusal(
                Unfit.EXPIRED,
                f"证书“{_name(certificate)}”将于{_time(end)}到期，已来不及加盖时间戳",
                f"its certificate expires on {_time(end)}, too soon for a time-stamp",
            )
        )
    if fault:
        zh, en = fault
        raise UntrustedError(Refusal(Unfit.WRONG_USAGE, f"证书“{_name(certificate)}”{zh}", f"its certificate {en}"))


def _misused(certificate: asn1_x509.Certificate, purpose: Purpose) -> tuple[str, str] | None:
    if certificate.ca:
        return "是发证机构的证书", "is that of a certification authority"
    usage = certificate.key_usage_value
    extended = certificate.extended_key_usage_value
    purposes = set(extended.native) if extended is not None else set()
    if purpose is Purpose.TIME_STAMP:
        return (
            None
            if "time_stamping" in purposes
            else ("不能用于时间戳", "is not for time-stamps (extended key usage)")
        )
    if usage is not None and "non_repudiation" not in usage.native:
        return "的密钥用途不含“不可否认”", "lacks the key usage nonRepudiation (contentCommitment)"
    if purposes and purposes <= OTHER_PURPOSES:
        named = ", ".join(sorted(purposes))
        return f"的扩展用途（{named}）不含签署文件", f"is for {named} only (extended key usage)"
    return None


def explain(
    error: Exception,
    certificates: Sequence[asn1_x509.Certificate],
    roots: Sequence[asn1_x509.Certificate],
) -> Refusal:
    """What a path that does not hold suffers from; `certificates` begin with the one that is judged."""
    own = certificates[0]
    match error:
        case RevokedError():
            return _revoked(error, own)
        case ExpiredError():
            at_fault = _whose(error, lambda c: c.not_valid_after == error.expired_dt)
            return _expired(at_fault or own, error.expired_dt, its="a certificate of its path")
        case NotYetValidError():
            at_fault = _whose(error, lambda c: c.not_valid_before == error.valid_from)
            return _not_yet(at_fault or own, error.valid_from, its="a certificate of its path")
        case InvalidCertificateError():
            return Refusal(Unfit.WRONG_USAGE, f"证书“{_name(own)}”的用途不符", "its certificate is for another use")
        case _:
            return _broken_off(certificates, roots)


def _broken_off(certificates: Sequence[asn1_x509.Certificate], roots: Sequence[asn1_x509.Certificate]) -> Refusal:
    """Where the way up ends: at a missing issuer, or at a root that nobody here trusts; else it does not hold."""
    last = certificates[0]
    for _ in range(LONGEST_PATH):
        if last.issuer == last.subject:
            break
        above = next((c for c in (*certificates[1:], *roots) if c.subject == last.issuer and c is not last), None)
        if above is None:
            name = _words(last.issuer)
            return Refusal(
                Unfit.ISSUER_MISSING,
                f"证书链不完整，缺少签发者“{name}”的证书",
                f"its chain is incomplete: the certificate of its issuer{_spelled(name)} is missing",
            )
        last = above
    if any(last.dump() == root.dump() for root in roots):
        # All names fit, so a signature or a constraint does not.
        return Refusal(
            Unfit.INVALID,
            f"证书“{_name(certificates[0])}”的证书链不成立",
            "the path of its certificate does not hold",
        )
    name = _name(last)
    return Refusal(
        Unfit.ROOT_UNTRUSTED,
        f"根证书“{name}”不受信任",
        f"its chain ends at a root{_spelled(name)} that is not trusted",
    )


def _revoked(error: RevokedError, own: asn1_x509.Certificate) -> Refusal:
    since = _time(error.revocation_dt)
    why = getattr(error.reason, "native", error.reason)
    if error.is_ee_cert and not error.is_side_validation:
        return Refusal(
            Unfit.REVOKED,
            f"证书“{_name(own)}”已于{since}被吊销（{why}）",
            f"its certificate was revoked on {since} ({why})",
        )
    return Refusal(
        Unfit.REVOKED,
        f"证书“{_name(own)}”的证书链中有证书已于{since}被吊销（{why}）",
        f"a certificate of its path was revoked on {since} ({why})",
    )


def _expired(certificate: asn1_x509.Certificate, end: dt.datetime, its: str = "its certificate") -> Refusal:
    return Refusal(
        Unfit.EXPIRED, f"证书“{_name(certificate)}”已于{_time(end)}到期", f"{its} expired on {_time(end)}"
    )


def _not_yet(certificate: asn1_x509.Certificate, start: dt.datetime, its: str = "its certificate") -> Refusal:
    return Refusal(
        Unfit.NOT_YET_VALID,
        f"证书“{_name(certificate)}”自{_time(start)}起才生效",
        f"{its} is not valid before {_time(start)}",
    )


def _whose(
    error: PathValidationError, fits: Callable[[asn1_x509.Certificate], bool]
) -> asn1_x509.Certificate | None:
    path: Iterable[object] = error.current_path
    return next((c for c in path if isinstance(c, asn1_x509.Certificate) and fits(c)), None)


def _name(certificate: asn1_x509.Certificate) -> str:
    return _words(certificate.subject)


def _words(name: asn1_x509.Name) -> str:
    return str(name.native.get("common_name") or name.human_friendly)


def _spelled(name: str) -> str:
    """A name within an English sentence, where it can be written in one."""
    return f" {name}" if name.isascii() and ";" not in name else ""


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
