"""Since when each revocation answer of a file is proven to exist, and whether its own signer stood at that time.

An answer whose signer's certificate has ended says nothing: whoever came by the key may have made it yesterday. It
counts where a time-stamp from before that end covers it (EN 319 102-1, 5.6.2.2: a proof of existence for each piece
of revocation information).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asn1crypto import crl, ocsp, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidationContext

from docsvc.adapters.pades.algorithms import key_strength
from docsvc.adapters.pades.revocation import Item, Material

Path = tuple[x509.Certificate, ...]
DEPTH = 4  # CAs above a responder
NAMESAKES = 8  # certificates of one name that are tried: a hostile file may bring hundreds
UNVERIFIABLE = (
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    AssertionError,  # of pyHanko, where the key is of another kind than the algorithm
)


class Existence:
    """Of the answers in `material`, at first none older than `at`, the moment of verification."""

    def __init__(self, material: Material, anchors: Sequence[x509.Certificate], at: dt.datetime) -> None:
        self._material = material
        self._anchors = {c.dump() for c in anchors}
        self._at = at
        self._proven: dict[str, dt.datetime] = {}
        self._paths: dict[str, list[Path]] = {}
        self._above: dict[bytes, list[x509.Certificate]] = {}
        self._named: dict[bytes, list[x509.Certificate]] = {}
        for certificate in (*anchors, *material.certificates):
            self._named.setdefault(certificate.subject.dump(), []).append(certificate)
        below = [c for c in material.certificates if c.dump() not in self._anchors]
        self._first_end = min(map(_end, below), default=None)

    def prove(self, digests: Iterable[str], time: dt.datetime) -> None:
        """A sound time-stamp of `time` covers the answers with these digests."""
        for digest in digests:
            self._proven[digest] = min(time, self._proven.get(digest, self._at))

    def usable(self) -> Material:
        """The material without the answers that may have been made after their signer's end."""
        m = self._material
        return Material(m.certificates, self._usable(m.ocsps), self._usable(m.crls), m.checks)

    def genuine(self) -> Material:
        """The material with those answers alone, of any age, whose signer is a responder or a CA under an anchor:
        into a signed file anybody may put others.
        """
        m = self._material
        ocsps, crls = (tuple(item for item in items if self._is_genuine(item)) for items in (m.ocsps, m.crls))
        return Material(m.certificates, ocsps, crls, m.checks)

    def _is_genuine(self, item: Item) -> bool:
        answers = not isinstance(item.value, crl.CertificateList)
        return any(not path or path[0].ca or (answers and _responds(path[0])) for path in self._paths_to(item))

    def _usable(self, items: Sequence[Item]) -> tuple[Item, ...]:
        return tuple(item for item in items if self._counts(item))

    def _counts(self, item: Item) -> bool:
        existed = self._proven.get(item.sha256, self._at)
        if (self._first_end is None or existed <= self._first_end) and all(
            existed <= _end(c) for c in _own_certificates(item)
        ):
            return True  # whoever signed it
        return any(all(existed <= _end(c) for c in path) for path in self._paths_to(item))

    def _paths_to(self, item: Item) -> list[Path]:
        if item.sha256 not in self._paths:
            self._paths[item.sha256] = list(self._paths_of(item))
        return self._paths[item.sha256]

    def _paths_of(self, item: Item) -> Iterator[Path]:
        """The paths, without their anchors, of each certificate that verifies the answer's signature."""
        listed = isinstance(item.value, crl.CertificateList)
        if not listed and item.value["response_status"].native != "successful":
            return
        signed = item.value if listed else item.value.basic_ocsp_response
        body = signed["tbs_cert_list" if listed else "tbs_response_data"]
        signer = body["issuer"] if listed else body["responder_id"].chosen
        candidates = [
            *_own_certificates(item)[:NAMESAKES],
            *(c for same in self._named.values() for c in same[:NAMESAKES]),
        ]
        for certificate in {c.dump(): c for c in candidates if _is_named(c, signer)}.values():
            if _verifies(certificate, signed["signature"].native, body.dump(), signed["signature_algorithm"]):
                yield from self._upwards((certificate,))

    def _upwards(self, path: Path) -> Iterator[Path]:
        if path[-1].dump() in self._anchors:
            yield path[:-1]
        elif len(path) <= DEPTH:
            for above in self._issuers(path[-1]):
                yield from self._upwards((*path, above))

    def _issuers(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """Those by whose keys its signature holds."""
        der = certificate.dump()
        if der not in self._above:
            parts = (certificate["signature_value"].native, certificate["tbs_certificate"].dump())
            named = self._named.get(certificate.issuer.dump(), [])[:NAMESAKES]
            self._above[der] = [c for c in named if _verifies(c, *parts, certificate["signature_algorithm"])]
        return self._above[der]


def _own_certificates(item: Item) -> list[x509.Certificate]:
    """Those that an OCSP answer brings along."""
    if not isinstance(item.value, ocsp.OCSPResponse) or item.value["response_status"].native != "successful":
        return []
    return list(item.value.basic_ocsp_response["certs"] or ())


def _is_named(certificate: x509.Certificate, signer: Any) -> bool:
    """Is it the one that an answer names: by its name, or by the SHA-1 of its key (RFC 6960, 4.2.1)?"""
    if isinstance(signer, x509.Name):
        return bool(certificate.subject.dump() == signer.dump(force=True))
    return bool(certificate.public_key.sha1 == signer.native)


def _responds(certificate: x509.Certificate) -> bool:
    """Is it a delegated responder's (RFC 6960, 4.2.2.2)?"""
    purposes = certificate.extended_key_usage_value
    return purposes is not None and "ocsp_signing" in purposes.native


def _end(certificate: x509.Certificate) -> dt.datetime:
    """When it ends, or its key is too weak to be relied on."""
    end: dt.datetime = certificate.not_valid_after
    until = key_strength(certificate.public_key, end).until
    return end if until is None else min(end, until)


def _verifies(signer: x509.Certificate, value: bytes, data: bytes, algorithm: Any) -> bool:
    try:
        DefaultSignatureValidator().validate_signature(
            value,
            data,
            signer.public_key,
            algorithm,
            context=SignatureValidationContext(contextual_md_algorithm=None),
        )
    except UNVERIFIABLE:
        return False
    return True
