"""Is a certificate trusted now, and what proves it later: path, OCSP answers, CRLs (RFC 5280, RFC 6960)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError

from docsvc.adapters.pades.answers import SKEW, RevocationAnswer, RevocationAnswers
from docsvc.adapters.pades.fetch import Fetcher
from docsvc.adapters.pades.fitness import Purpose, UntrustedError, check_own, explain

KEEP = dt.timedelta(minutes=10)
REST = dt.timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a certificate is trusted: asn1crypto objects, made for the DSS. `missing` says what could not be had."""

    path: tuple[asn1_x509.Certificate, ...]  # the certificate first, the root last
    ocsps: tuple[asn1_ocsp.OCSPResponse, ...]
    crls: tuple[asn1_crl.CertificateList, ...]
    missing: str | None
    until: dt.datetime


class Trust:
    """Judges certificates by `roots` (DER) and gathers revocation answers over HTTP.

    An outcome is kept for `keep` at most (so long may a revocation go unnoticed), never past the end of an answer
    in it, and for some seconds only where answers are missing.
    """

    def __init__(
        self,
        roots: Sequence[bytes],
        fetcher: Fetcher,
        clock: Callable[[], dt.datetime],
        keep: dt.timedelta = KEEP,
    ) -> None:
        self._roots = [asn1_x509.Certificate.load(der) for der in roots]
        self._answers = RevocationAnswers(fetcher, clock, keep)
        self._clock = clock
        self._keep = keep
        self._kept: dict[tuple[bytes, Purpose], Evidence] = {}
        self._lock = threading.Lock()

    def of(self, chain: Sequence[bytes], purpose: Purpose, room: dt.timedelta = dt.timedelta()) -> Evidence:
        """Evidence for `chain[0]` (DER; the others may help to find a path), which holds for `room` at least.

        Raises UntrustedError.
        """
        key = (hashlib.sha256(chain[0]).digest(), purpose)
        with self._lock:
            kept = self._kept.get(key)
            own = kept.path[0] if kept else asn1_x509.Certificate.load(chain[0])
            check_own(own, purpose, self._clock(), room)
            if kept and self._clock() < kept.until:
                return kept
            found = self._kept[key] = self._gather(chain, purpose)
            return found

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._kept.clear()
            self._answers.forget()

    def _gather(self, chain: Sequence[bytes], purpose: Purpose) -> Evidence:
        certificates = [asn1_x509.Certificate.load(der) for der in chain]
        path = self._path(certificates, purpose)
        pairs = list(itertools.pairwise(path))
        faults: list[str] = []
        answers = [self._answers.ocsp(c, issuer, faults) for c, issuer in pairs]
        ocsps = [a for a in answers if a]
        # OCSP is preferred; a list stands in for each certificate whose responder gives no answer.
        lists = [None if a else self._answers.crl(c, faults) for (c, _), a in zip(pairs, answers, strict=True)]
        gaps = [a for a in lists if a]
        if len(ocsps) + len(gaps) == len(pairs) and self._proven(certificates, purpose, ocsps, gaps, faults):
            return self._evidence(path, ocsps, gaps)
        more = [self._answers.crl(c, faults) if a else None for (c, _), a in zip(pairs, answers, strict=True)]
        crls = [a for a in (*lists, *more) if a]
        # CRLs alone first: an OCSP answer that does not hold would spoil both.
        for tried in ([], ocsps) if crls else ():
            if self._proven(certificates, purpose, tried, crls, faults):
                return self._evidence(path, tried, crls)
        # Not enough to prove anything, but enough to refuse where one of the answers says "revoked".
        with contextlib.suppress(_UnprovenError):
            self._path(certificates, purpose, ocsps, crls)
        missing = "; ".join(dict.fromkeys(faults)) or "its certificates name nobody to ask about revocation"
        return Evidence(path, (), (), missing, self._clock() + REST)

    def _proven(
        self,
        certificates: list[asn1_x509.Certificate],
        purpose: Purpose,
        ocsps: list[RevocationAnswer],
        crls: list[RevocationAnswer],
        faults: list[str],
    ) -> bool:
        """Do the answers show each certificate of the path unrevoked? Raises UntrustedError: one is revoked."""
        try:
            self._path(certificates, purpose, ocsps, crls, require=True)
        except _UnprovenError as e:
            faults.append(str(e))
            return False
        return True

    def _path(
        self,
        certificates: list[asn1_x509.Certificate],
        purpose: Purpose,
        ocsps: Sequence[RevocationAnswer] = (),
        crls: Sequence[RevocationAnswer] = (),
        *,
        require: bool = False,
    ) -> tuple[asn1_x509.Certificate, ...]:
        """The path. With `require`, each certificate of it must have an answer.

        Raises UntrustedError, or _UnprovenError where answers are given and do not hold.
        """
        context = ValidationContext(
            trust_roots=self._roots,
            other_certs=certificates[1:],
            moment=self._clock(),
            allow_fetching=False,
            ocsps=[a.value for a in ocsps],
            crls=[a.value for a in crls],
            revocation_mode="require" if require else "soft-fail",
            time_tolerance=SKEW,
        )
        validator: Any = CertificateValidator(certificates[0], certificates[1:], validation_context=context)
        usage = (
            validator.async_validate_usage({"non_repudiation"})
            if purpose is Purpose.SEAL
            else validator.async_validate_usage(set(), {"time_stamping"})
        )
        try:
            path = asyncio.run(_awaited(usage))
        except RevokedError as e:
            raise UntrustedError(explain(e, certificates, self._roots)) from e
        except (PathError, ValidationError, ValueError, TypeError, KeyError, AttributeError) as e:
            if ocsps or crls:
                raise _UnprovenError(_doubt(e, ocsps, self._clock())) from e
            raise UntrustedError(explain(e, certificates, self._roots)) from e
        return tuple(reversed(tuple(path)))

    def _evidence(
        self, path: tuple[asn1_x509.Certificate, ...], ocsps: list[RevocationAnswer], crls: list[RevocationAnswer]
    ) -> Evidence:
        ends = [*(c.not_valid_after for c in path), *(a.until for a in (*ocsps, *crls))]
        return Evidence(
            path,
            tuple(a.value for a in ocsps),
            tuple(a.value for a in crls),
            missing=None,
            until=min([self._clock() + self._keep, *ends]),
        )


class _UnprovenError(Exception):
    """The answers at hand do not show that a path is unrevoked; never leaves this module."""


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _doubt(error: Exception, ocsps: Sequence[RevocationAnswer], now: dt.datetime) -> str:
    """Why answers do not hold; a responder whose own certificate is out of its time is named as such."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # whoever answers may send anything
        for answer in ocsps:
            for certificate in answer.value.basic_ocsp_response["certs"] or ():
                if not certificate.not_valid_before <= now <= certificate.not_valid_after:
                    span = f"{certificate.not_valid_before:%Y-%m-%d} to {certificate.not_valid_after:%Y-%m-%d}"
                    return f"revocation answers do not hold: the responder's certificate is valid from {span} only"
    return f"revocation answers do not hold: {error}"
