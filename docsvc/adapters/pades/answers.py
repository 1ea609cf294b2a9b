"""Revocation answers over HTTP, from the addresses that certificates name: OCSP (RFC 6960) and CRLs (RFC 5280)."""

from __future__ import annotations

import datetime as dt
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
from cryptography.x509.oid import AuthorityInformationAccessOID

from docsvc.adapters.pades.fetch import Fetcher, FetchError

SKEW = dt.timedelta(minutes=5)
Span = tuple[dt.datetime, dt.datetime | None]
QUERY, REPLY = "application/ocsp-request", "application/ocsp-response"


@dataclass(frozen=True, slots=True)
class RevocationAnswer:
    """An OCSPResponse or a CertificateList (asn1crypto), as it came: nobody has verified it yet.

    Not to be used from `until` on, shortly before it ends: a signature made in its last seconds would be judged by
    a stale answer.
    """

    value: Any
    until: dt.datetime


class RevocationAnswers:
    """Asks, and keeps what came for `keep` at most: so long may a revocation go unnoticed."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], dt.datetime], keep: dt.timedelta) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._keep = keep
        self._kept: dict[tuple[str, bytes], RevocationAnswer] = {}

    def forget(self) -> None:
        """Ask anew next time."""
        self._kept.clear()

    def ocsp(
        self, certificate: asn1_x509.Certificate, issuer: asn1_x509.Certificate, faults: list[str]
    ) -> RevocationAnswer | None:
        """The answer about `certificate`; None, with the reasons added to `faults`, where there is none."""
        key = ("ocsp", certificate.dump())
        kept = self._still_good(key)
        if kept:
            return kept
        own = x509.load_der_x509_certificate(certificate.dump())
        above = x509.load_der_x509_certificate(issuer.dump())
        # SHA-1 here names the issuer, it protects nothing: RFC 5019, 2.1.1 has all responders know it.
        builder = ocsp.OCSPRequestBuilder().add_certificate(own, above, hashes.SHA1())  # noqa: S303 - see above
        query = builder.build().public_bytes(Encoding.DER)
        for address in _responders(own):
            try:
                answer = self._fetcher.post(address, query, QUERY, REPLY)
                found = asn1_ocsp.OCSPResponse.load(answer.body, strict=True)
                status = found["response_status"].native
                if status != "successful":
                    faults.append(f"OCSP: {status}")
                    continue
                spans = [_span(single) for single in found.response_data["responses"]]
                untimely = self._untimely(spans, found.response_data["produced_at"].native)
            except FetchError as e:
                faults.append(f"OCSP: {e}")
            except (ValueError, TypeError, KeyError, AttributeError, IndexError):
                faults.append("OCSP: the answer can't be read")
            else:
                if untimely is None:
                    return self._keeping(key, found, spans)
                faults.append(f"OCSP: the answer is {untimely}")
        return None

    def crl(self, certificate: asn1_x509.Certificate, faults: list[str]) -> RevocationAnswer | None:
        """The list that `certificate` would stand on; None, with reasons in `faults`, where there is none."""
        for address in _distribution_points(x509.load_der_x509_certificate(certificate.dump())):
            key = ("crl", address.encode())
            kept = self._still_good(key)
            if kept:
                return kept
            try:
                answer = self._fetcher.get(address)
                found = asn1_crl.CertificateList.load(answer.body, strict=True)
                spans = [_span(found["tbs_cert_list"])]
                untimely = self._untimely(spans)
            except FetchError as e:
                faults.append(f"CRL: {e}")
            except (ValueError, TypeError, KeyError, AttributeError):
                faults.append("CRL: the list can't be read")
            else:
                if untimely is None:
                    return self._keeping(key, found, spans)
                faults.append(f"CRL: the list is {untimely}")
        return None

    def _still_good(self, key: tuple[str, bytes]) -> RevocationAnswer | None:
        kept = self._kept.get(key)
        return kept if kept and self._clock() < kept.until else None

    def _untimely(self, spans: Sequence[Span], produced: dt.datetime | None = None) -> str | None:
        """What is wrong with the times of an answer (RFC 6960, 4.2.2.1); None where it may be used now."""
        now = self._clock()
        if any(start and start > now + SKEW for start in (produced, *(start for start, _ in spans))):
            return "from the future: its clock or ours is wrong"
        if any(end is not None and end < now for _, end in spans):
            return "stale: it was to be replaced before now"
        return None

    def _keeping(self, key: tuple[str, bytes], value: Any, spans: Sequence[Span]) -> RevocationAnswer:
        until = min([self._clock() + self._keep, *(end - SKEW for _, end in spans if end)])
        answer = self._kept[key] = RevocationAnswer(value, until)
        return answer


def _span(answer: Any) -> Span:
    """The times thisUpdate and nextUpdate of a SingleResponse or a TBSCertList."""
    return answer["this_update"].native, answer["next_update"].native


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        places = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        p.access_location.value
        for p in places
        if p.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(p.access_location, x509.UniformResourceIdentifier)
    ]


def _distribution_points(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names = [name for point in points for name in point.full_name or ()]
    return [n.value for n in names if isinstance(n, x509.UniformResourceIdentifier)]
