"""Is a certificate trusted now, and what proves it later: path, OCSP answers, CRLs (RFC 5280, RFC 6960)."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import hashlib
import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError

from docsvc.adapters.pades.fetch import Fetcher, FetchError

KEEP = dt.timedelta(minutes=10)
REST = dt.timedelta(seconds=10)
SKEW = dt.timedelta(minutes=5)


class UntrustedError(Exception):
    """A certificate is not trusted (no path, expired, revoked, wrong use); `str` says why."""


class Purpose(enum.Enum):
    """What a certificate must be for."""

    SEAL = "seal"
    TIME_STAMP = "time-stamp"


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
        self._fetcher = fetcher
        self._clock = clock
        self._keep = keep
        self._kept: dict[tuple[bytes, Purpose], Evidence] = {}
        self._lock = threading.Lock()

    def of(self, chain: Sequence[bytes], purpose: Purpose) -> Evidence:
        """Evidence for `chain[0]` (DER; the others may help to find a path). Raises UntrustedError."""
        key = (hashlib.sha256(chain[0]).digest(), purpose)
        with self._lock:
            kept = self._kept.get(key)
            if kept and self._clock() < kept.until:
                return kept
            found = self._kept[key] = self._gather(chain, purpose)
            return found

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._kept.clear()

    def _gather(self, chain: Sequence[bytes], purpose: Purpose) -> Evidence:
        certificates = [asn1_x509.Certificate.load(der) for der in chain]
        path = self._path(certificates, purpose, (), (), require=False)
        pairs = list(itertools.pairwise(path))
        faults: list[str] = []
        ocsps = [a for a in (self._ocsp(c, issuer, faults) for c, issuer in pairs) if a]
        crls: list[asn1_crl.CertificateList] = []
        if len(ocsps) == len(pairs) and self._proven(certificates, purpose, ocsps, crls, faults):
            return self._evidence(path, ocsps, crls, None)
        crls = [a for a in (self._crl(c, faults) for c, _ in pairs) if a]
        for tried in ([], ocsps):  # CRLs alone first: an OCSP answer that does not hold would spoil both
            if self._proven(certificates, purpose, tried, crls, faults):
                return self._evidence(path, tried, crls, None)
        # Not enough to prove anything, but enough to refuse where one of the answers says "revoked".
        self._path(certificates, purpose, ocsps, crls, require=False)
        return self._evidence(path, [], [], "; ".join(dict.fromkeys(faults)) or "no revocation answers")

    def _proven(
        self,
        certificates: list[asn1_x509.Certificate],
        purpose: Purpose,
        ocsps: list[asn1_ocsp.OCSPResponse],
        crls: list[asn1_crl.CertificateList],
        faults: list[str],
    ) -> bool:
        """Do the answers show each certificate of the path unrevoked? Raises UntrustedError: one is revoked."""
        try:
            self._path(certificates, purpose, ocsps, crls, require=True)
        except _Unproven as e:
            if ocsps or crls:
                faults.append(str(e))
            return False
        return True

    def _path(
        self,
        certificates: list[asn1_x509.Certificate],
        purpose: Purpose,
        ocsps: Sequence[asn1_ocsp.OCSPResponse],
        crls: Sequence[asn1_crl.CertificateList],
        *,
        require: bool,
    ) -> tuple[asn1_x509.Certificate, ...]:
        context = ValidationContext(
            trust_roots=self._roots,
            other_certs=certificates[1:],
            moment=self._clock(),
            allow_fetching=False,
            ocsps=ocsps,
            crls=crls,
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
            raise UntrustedError(f"{_name(certificates[0])}: a certificate of its path is revoked ({e})") from e
        except (PathError, ValidationError, ValueError, TypeError, KeyError, AttributeError) as e:
            if require:
                raise _Unproven(f"revocation answers do not hold: {e}") from e
            raise UntrustedError(f"{_name(certificates[0])}: {e}") from e
        return tuple(reversed(tuple(path)))

    def _ocsp(
        self, certificate: asn1_x509.Certificate, issuer: asn1_x509.Certificate, faults: list[str]
    ) -> asn1_ocsp.OCSPResponse | None:
        own = x509.load_der_x509_certificate(certificate.dump())
        above = x509.load_der_x509_certificate(issuer.dump())
        # SHA-1 here names the issuer, it protects nothing: RFC 5019, 2.1.1 has all responders know it.
        builder = ocsp.OCSPRequestBuilder().add_certificate(own, above, hashes.SHA1())  # noqa: S303 - see above
        query = builder.build().public_bytes(Encoding.DER)
        for address in _access(own, Access.OCSP):
            try:
                answer = self._fetcher.post(address, query, "application/ocsp-request", "application/ocsp-response")
                found = asn1_ocsp.OCSPResponse.load(answer.body, strict=True)
                status = found["response_status"].native
                if status != "successful":
                    faults.append(f"OCSP: {status}")
                    continue
                _ = found.response_data["responses"][0]["cert_status"].name
            except FetchError as e:
                faults.append(f"OCSP: {e}")
            except (ValueError, TypeError, KeyError, AttributeError, IndexError):
                faults.append("OCSP: the answer can't be read")
            else:
                return found
        return None

    def _crl(self, certificate: asn1_x509.Certificate, faults: list[str]) -> asn1_crl.CertificateList | None:
        own = x509.load_der_x509_certificate(certificate.dump())
        for address in _distribution_points(own):
            try:
                answer = self._fetcher.get(address)
                found = asn1_crl.CertificateList.load(answer.body, strict=True)
                _ = found["tbs_cert_list"]["next_update"].native
            except FetchError as e:
                faults.append(f"CRL: {e}")
            except (ValueError, TypeError, KeyError, AttributeError):
                faults.append("CRL: the list can't be read")
            else:
                return found
        return None

    def _evidence(
        self,
        path: tuple[asn1_x509.Certificate, ...],
        ocsps: Sequence[asn1_ocsp.OCSPResponse],
        crls: Sequence[asn1_crl.CertificateList],
        missing: str | None,
    ) -> Evidence:
        now = self._clock()
        ends = [c.not_valid_after for c in path]
        ends += [r["next_update"].native for a in ocsps for r in a.response_data["responses"]]
        ends += [c["tbs_cert_list"]["next_update"].native for c in crls]
        # Let go before the answers end: a signature made in their last seconds would be judged with stale ones.
        until = min([now + self._keep, *(end - SKEW for end in ends if end)])
        return Evidence(path, tuple(ocsps), tuple(crls), missing, now + REST if missing else until)


class _Unproven(Exception):  # noqa: N818 - never leaves this module
    """The answers at hand do not show that a path is unrevoked."""


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _access(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> list[str]:
    try:
        places = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        p.access_location.value
        for p in places
        if p.access_method == method and isinstance(p.access_location, x509.UniformResourceIdentifier)
    ]


def _distribution_points(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names = [name for point in points for name in point.full_name or ()]
    return [n.value for n in names if isinstance(n, x509.UniformResourceIdentifier)]


def _name(certificate: asn1_x509.Certificate) -> str:
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)
