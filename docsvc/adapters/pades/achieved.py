"""Which PAdES baseline level a file of ours has (EN 319 142-1, clause 6), read from the file itself.

Signatures are not verified here: that is the verifier's work. This tells what is there, whatever was tried.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from docsvc.adapters.pades.stamping import UNREADABLE, signer_of
from docsvc.domain.document import Level
from docsvc.domain.errors import SealError

BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
GAP = re.compile(rb"<([0-9A-Fa-f]+)>")
TOKEN = "signature_time_stamp_token"  # noqa: S105 - the name of an attribute
PARSED = 512  # certificates and answers recur from document to document


@dataclass(frozen=True, slots=True)
class Held:
    """What a sealed file holds: the level that each of its seals has at least, and the chains (DER, own certificate
    first) that evidence is due for. `last_stamp` is the document time-stamp that covers all before it.
    """

    level: Level
    seal_chains: tuple[tuple[bytes, ...], ...]
    stamp_chains: tuple[tuple[bytes, ...], ...]
    last_stamp: cms.SignedData | None = None


@dataclass(frozen=True, slots=True)
class _Certificate:
    subject: bytes
    issuer: bytes
    serial: int
    der: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    """One certificate that an OCSP responder calls good."""

    algorithm: str
    issuer_name_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class _Store:
    """The DSS: its certificates, the good ones by OCSP, the names of issuers with a CRL."""

    certificates: tuple[_Certificate, ...]
    good: frozenset[_Answer]
    listed: frozenset[bytes]

    def answers_for(self, certificate: _Certificate) -> bool:
        """Is there an OCSP answer about `certificate`, or a CRL of its issuer?"""
        return certificate.issuer in self.listed or any(
            _Answer(name, hashlib.new(name, certificate.issuer).digest(), certificate.serial) in self.good
            for name in {a.algorithm for a in self.good}
        )


def held_by(pdf: bytes) -> Held:
    """Raises SealError where the file bears no PAdES signature or can't be read."""
    try:
        return _held(pdf)
    except (PdfError, *UNREADABLE) as e:
        raise SealError("the signed PDF can't be read back") from e


def _held(pdf: bytes) -> Held:
    seals: list[cms.SignedData] = []
    stamps: list[cms.SignedData] = []
    end_of_last_stamp = 0
    for signed, end in _signatures(pdf):
        if signed["encap_content_info"]["content_type"].native == "tst_info":
            stamps.append(signed)
            end_of_last_stamp = end
        else:
            seals.append(signed)
    if not seals:
        raise SealError("the file bears no seal")
    tokens_each = [list(_tokens(seal)) for seal in seals]
    tokens = [token for found in tokens_each for token in found]
    # Each signature's own time-stamp, else the first document time-stamp, proves when it existed (EN 319 142-1,
    # 6.3).
    all_stamped = all(tokens_each)
    level = Level.B_B
    if all_stamped or stamps:
        level = Level.B_T
        store = _read_store(pdf)
        proving = tokens if all_stamped else [*tokens, stamps[0]]
        if all(_covered(_chain(signed), store) for signed in (*seals, *proving)):
            level = Level.B_LT
            if end_of_last_stamp == len(pdf) and (all_stamped or len(stamps) > 1):
                level = Level.B_LTA
    last = stamps[-1] if stamps else None
    return Held(level, tuple(map(_chain, seals)), tuple(_chain(s) for s in (*tokens, *stamps)), last)


def _tokens(seal: cms.SignedData) -> Iterator[cms.SignedData]:
    for attribute in seal["signer_infos"][0]["unsigned_attrs"] or ():
        if attribute["type"].native == TOKEN:
            yield from (value["content"] for value in attribute["values"])


def _signatures(pdf: bytes) -> Iterator[tuple[cms.SignedData, int]]:
    """Each CMS in the gap of a byte range, with the end of that range, in the order in which they were added.

    By byte ranges and not by a PDF reader, which takes 20 ms for each hexadecimal string.
    """
    ranges = sorted((tuple(map(int, found)) for found in BYTE_RANGE.findall(pdf)), key=lambda r: r[1] + r[2])
    for first, second, rest in ranges:
        gap = GAP.fullmatch(pdf, first, second)
        if gap:
            content = cms.ContentInfo.load(bytes.fromhex(gap[1].decode("ascii")))
            yield content["content"], second + rest


def _chain(signed: cms.SignedData) -> tuple[bytes, ...]:
    own, others = signer_of(signed)
    return (own.dump(), *(c.dump() for c in others))


def _covered(chain: tuple[bytes, ...], store: _Store) -> bool:
    """Does the DSS hold the path up to a self-issued root and an answer about each certificate below it?"""
    certificate = _certificate(chain[0])
    known = {c.subject: c for c in (*map(_certificate, chain[1:]), *store.certificates)}
    for _ in range(len(known) + 1):
        if certificate.subject == certificate.issuer:
            return certificate in store.certificates
        above = known.get(certificate.issuer)
        if above is None or not store.answers_for(certificate):
            return False
        certificate = above
    return False


def _read_store(pdf: bytes) -> _Store:
    root = PdfFileReader(io.BytesIO(pdf)).root
    dss = root["/DSS"] if "/DSS" in root else {}  # noqa: SIM401 - .get() does not follow the reference
    certificates = tuple(_certificate(data) for data in _streams(dss, "/Certs"))
    good = frozenset(answer for data in _streams(dss, "/OCSPs") for answer in _answers(data))
    return _Store(certificates, good, frozenset(_list_issuer(data) for data in _streams(dss, "/CRLs")))


def _streams(dss: Any, key: str) -> Iterator[bytes]:
    """Contents of the streams that an array of the DSS refers to."""
    array = dss[key] if key in dss else ()  # noqa: SIM401 - as above
    for reference in array:
        yield reference.get_object().data


@lru_cache(PARSED)
def _certificate(der: bytes) -> _Certificate:
    found = x509.Certificate.load(der)
    return _Certificate(found.subject.dump(), found.issuer.dump(), found.serial_number, der)


@lru_cache(PARSED)
def _answers(der: bytes) -> frozenset[_Answer]:
    return frozenset(
        _Answer(
            answer["cert_id"]["hash_algorithm"]["algorithm"].native,
            answer["cert_id"]["issuer_name_hash"].native,
            answer["cert_id"]["serial_number"].native,
        )
        for answer in ocsp.OCSPResponse.load(der).response_data["responses"]
        if answer["cert_status"].name == "good"
    )


@lru_cache(PARSED)
def _list_issuer(der: bytes) -> bytes:
    issuer: bytes = crl.CertificateList.load(der).issuer.dump()
    return issuer
