"""Which PAdES baseline level a file of ours has (EN 319 142-1, clause 6), read from the file itself.

Signatures are not verified here: that is the verifier's work. This tells what is there, whatever was tried.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from docsvc.adapters.pades.stamping import signer_of
from docsvc.domain.document import Level
from docsvc.domain.errors import SealError

SEAL, STAMP = "/ETSI.CAdES.detached", "/ETSI.RFC3161"
TOKEN = "signature_time_stamp_token"  # noqa: S105 - the name of an attribute
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, AssertionError)


@dataclass(frozen=True, slots=True)
class Held:
    """What a sealed file holds: the level, and the chains (DER, own certificate first) that evidence is due for."""

    level: Level
    seal_chain: tuple[bytes, ...]
    stamp_chains: tuple[tuple[bytes, ...], ...]


@dataclass(slots=True)
class _Store:
    """The DSS, parsed."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    good: set[tuple[bytes, int]] = field(default_factory=set)  # SHA-1 of the issuer's name, serial number
    listed: set[bytes] = field(default_factory=set)  # issuers' names, DER, that have a CRL


def held_by(pdf: bytes) -> Held:
    """Raises SealError where the file bears no PAdES signature or can't be read."""
    try:
        return _held(pdf)
    except (PdfError, *UNREADABLE) as e:
        raise SealError("the signed PDF can't be read back") from e


def _held(pdf: bytes) -> Held:
    reader = PdfFileReader(io.BytesIO(pdf))
    seal: cms.SignedData | None = None
    stamps: list[cms.SignedData] = []
    end_of_last_stamp = 0
    for _, value, _ in enumerate_sig_fields(reader, filled_status=True):
        signature = value.get_object()
        kind = signature["/SubFilter"]
        signed = cms.ContentInfo.load(bytes(signature.raw_get("/Contents")))["content"]
        if kind == SEAL and seal is None:
            seal = signed
        elif kind == STAMP:
            stamps.append(signed)
            end_of_last_stamp = max(
                end_of_last_stamp, int(signature["/ByteRange"][2]) + int(signature["/ByteRange"][3])
            )
    if seal is None:
        raise SealError("the file bears no seal")
    tokens = [
        v["content"]
        for a in seal["signer_infos"][0]["unsigned_attrs"]
        if a["type"].native == TOKEN
        for v in a["values"]
    ]
    # A signature time-stamp, else the first document time-stamp, proves when the seal existed (EN 319 142-1, 6.3).
    proving = tokens or stamps[:1]
    store = _read_store(reader)
    level = Level.B_B
    if proving:
        level = Level.B_T
        if all(_covered(signed, store) for signed in (seal, *proving)):
            level = Level.B_LT
            if stamps and end_of_last_stamp == len(pdf):
                level = Level.B_LTA
    return Held(level, _chain(seal), tuple(_chain(s) for s in (*tokens, *stamps)))


def _chain(signed: cms.SignedData) -> tuple[bytes, ...]:
    own, others = signer_of(signed)
    return (own.dump(), *(c.dump() for c in others))


def _covered(signed: cms.SignedData, store: _Store) -> bool:
    """Does the DSS hold the path up to a self-signed root and an answer about each certificate below it?"""
    certificate, others = signer_of(signed)
    known = [*store.certificates, *others]
    for _ in range(len(known) + 1):
        if certificate.self_issued:
            return any(c.dump() == certificate.dump() for c in store.certificates)
        answered = (certificate.issuer.sha1, certificate.serial_number) in store.good
        if not answered and certificate.issuer.dump() not in store.listed:
            return False
        above = next((c for c in known if c.subject.dump() == certificate.issuer.dump()), None)
        if above is None:
            return False
        certificate = above
    return False


def _read_store(reader: PdfFileReader) -> _Store:
    found = _Store()
    try:
        dss = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return found
    found.certificates = list(dss.load_certs())
    for data in _streams(dss.ocsps):
        for answer in ocsp.OCSPResponse.load(data).response_data["responses"]:
            if answer["cert_status"].name == "good":
                found.good.add(_cert_id(answer["cert_id"], found.certificates))
    for data in _streams(dss.crls):
        found.listed.add(crl.CertificateList.load(data).issuer.dump())
    return found


def _cert_id(cert_id: ocsp.CertId, certificates: Iterable[x509.Certificate]) -> tuple[bytes, int]:
    """The issuer's name as SHA-1, whatever hash the answer names it by."""
    algorithm = cert_id["hash_algorithm"]["algorithm"].native
    named = cert_id["issuer_name_hash"].native
    serial = int(cert_id["serial_number"].native)
    if algorithm == "sha1":
        return named, serial
    same = (c for c in certificates if hashlib.new(algorithm, c.subject.dump()).digest() == named)
    issuer = next(same, None)
    return (issuer.subject.sha1 if issuer else b""), serial


def _streams(references: Iterable[object]) -> Iterable[bytes]:
    for reference in references:
        yield reference.get_object().data  # type: ignore[attr-defined]  # pyHanko's indirect objects
