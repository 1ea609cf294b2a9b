"""CMS SignedData (RFC 5652) for keys that are elsewhere: what they sign, what becomes of it, and what is refused.

The CMS that a signer's own client made is hostile until it has been seen to be nothing but that signer's signature
over this document; then its signed attributes and value are taken over, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import algos, cms, tsp, x509
from pyhanko.sign.general import NonexistentAttributeError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from docsvc.adapters.pades.cms_checks import read_shape
from docsvc.adapters.pades.der import parse
from docsvc.adapters.pades.stamping import UNREADABLE
from docsvc.domain.envelope import Prepared
from docsvc.domain.errors import SealError

MOST_BYTES: Final = 100_000  # of a CMS
# Without parameters (RFC 5754, 2)
DIGESTS: Final = {
    "sha256": bytes.fromhex("300b0609608648016503040201"),
    "sha384": bytes.fromhex("300b0609608648016503040202"),
    "sha512": bytes.fromhex("300b0609608648016503040203"),
}
SIGNATURES: Final = {
    "sha256_rsa": bytes.fromhex("300d06092a864886f70d01010b0500"),
    "sha256_ecdsa": bytes.fromhex("300a06082a8648ce3d040302"),
    "sha384_ecdsa": bytes.fromhex("300a06082a8648ce3d040303"),
    "ed25519": bytes.fromhex("300506032b6570"),
}
ALLOWED: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection"})
LEAST_RSA: Final = 2048
MOST_OCTETS: Final = 160  # of a value by an elliptic curve
WAYS: Final = {
    ("ec", "secp256r1"): ("sha256_ecdsa", "sha256"),
    ("ec", "secp384r1"): ("sha384_ecdsa", "sha384"),
    ("ed25519", ""): ("ed25519", "sha512"),  # RFC 8419, 3.1
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A signature that was looked at: its attributes (DER SET OF), algorithm identifiers (DER) and value."""

    signed: bytes
    digest_algorithm: bytes
    signature_algorithm: bytes
    value: bytes


def way_of(certificate: bytes) -> tuple[str, str]:
    """Signature and digest algorithm that go with the key of a certificate. Raises SealError for another key."""
    key = x509.Certificate.load(certificate).public_key
    kind = str(key.algorithm)
    if kind == "rsa" and key.bit_size >= LEAST_RSA:
        return "sha256_rsa", "sha256"
    curve = str(key.curve[1]) if kind == "ec" else ""
    try:
        return WAYS[kind, curve]
    except KeyError as e:
        named = f"RSA {key.bit_size}" if kind == "rsa" else curve or kind
        raise SealError(f"不支持的密钥：{named} / keys of this kind are not accepted: {named}") from e


def to_be_signed(certificate: bytes, digest: bytes, signature_algorithm: str, digest_algorithm: str) -> bytes:
    """The signed attributes (DER SET OF) of a CAdES signature for PDF.

    No signing-time attribute: EN 319 142-1, 6.3 forbids it. The algorithms are protected (RFC 6211).
    """
    ess = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate).digest()})
    protection = cms.CMSAlgorithmProtection(
        {
            "digest_algorithm": algos.DigestAlgorithm.load(DIGESTS[digest_algorithm]),
            "signature_algorithm": algos.SignedDigestAlgorithm.load(SIGNATURES[signature_algorithm]),
        }
    )
    values: dict[str, Any] = {
        "content_type": "data",
        "message_digest": digest,
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [ess]}),
        "cms_algorithm_protection": protection,
    }
    attributes = [cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values.items()]
    return bytes(cms.CMSAttributes(attributes).dump())


def largest(prepared_chain: Sequence[bytes], signed: bytes, signature_algorithm: str, digest_algorithm: str) -> int:
    """No more bytes than this takes the CMS without a time-stamp."""
    key = x509.Certificate.load(prepared_chain[0]).public_key
    value = b"\xff" * (key.byte_size if key.algorithm == "rsa" else MOST_OCTETS)
    taken = Taken(signed, DIGESTS[digest_algorithm], SIGNATURES[signature_algorithm], value)
    return len(wrapped(taken, prepared_chain)) + len(signed)


def raw(prepared: Prepared, value: bytes) -> Taken:
    """A raw signature value over `prepared.to_be_signed`. Raises SealError where it does not hold."""
    taken = Taken(
        prepared.to_be_signed,
        DIGESTS[prepared.digest_algorithm],
        SIGNATURES[prepared.signature_algorithm],
        value,
    )
    info = cms.ContentInfo.load(wrapped(taken, prepared.chain))["content"]["signer_infos"][0]
    _hold(info, prepared)
    return taken


def read(prepared: Prepared, der: bytes) -> Taken:
    """What a CMS of the signer's own making says. Raises SealError for whatever is not that signer's signature
    (CAdES baseline, EN 319 142-1, 6.3) over the prepared document.
    """
    if len(der) > MOST_BYTES:
        raise _refused("过大", "it is too large")
    shape, checks = read_shape(der, time_stamp=False)
    if shape is None:
        fault = next(iter(checks))
        raise _refused(fault.message, fault.message_en)
    try:
        info = cms.ContentInfo.load(der, strict=True)["content"]["signer_infos"][0]
        _check_signer(info, prepared)
        _check_attributes(info, prepared)
        _hold(info, prepared)
        return Taken(
            info["signed_attrs"].untag().dump(),
            info["digest_algorithm"].dump(),
            info["signature_algorithm"].dump(),
            info["signature"].native,
        )
    except (NonexistentAttributeError, *UNREADABLE) as e:
        raise _refused("无法读取", "it can't be read") from e


def wrapped(taken: Taken, chain: Sequence[bytes], token: bytes | None = None) -> bytes:
    """ContentInfo (DER) with the certificates of `chain` but for its root, and a token over the value."""
    certificate = x509.Certificate.load(chain[0])
    inside = [c for c in map(x509.Certificate.load, chain[1:]) if c.subject != c.issuer]
    digest = algos.DigestAlgorithm.load(taken.digest_algorithm)
    info: dict[str, Any] = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
            )
        },
        "digest_algorithm": digest,
        "signed_attrs": cms.CMSAttributes.load(taken.signed),
        "signature_algorithm": algos.SignedDigestAlgorithm.load(taken.signature_algorithm),
        "signature": taken.value,
    }
    if token:
        stamp = {"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(token)]}
        info["unsigned_attrs"] = [stamp]
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": [certificate, *inside],
            "signer_infos": [info],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump())


def _check_signer(info: Any, prepared: Prepared) -> None:
    own = x509.Certificate.load(prepared.chain[0])
    sid = info["sid"].chosen
    if isinstance(sid, cms.IssuerAndSerialNumber):
        same = sid["issuer"].dump() == own.issuer.dump() and sid["serial_number"].native == own.serial_number
    else:
        same = sid.native is not None and sid.native == own.key_identifier
    if not same:
        raise _refused("不是该签名人的签名", "it is another signer's")


def _check_attributes(info: Any, prepared: Prepared) -> None:
    attributes = {a["type"].native: a["values"] for a in info["signed_attrs"]}
    if "signing_time" in attributes:
        raise _refused(
            "带有signing-time属性（EN 319 142-1 6.3不允许）",
            "it has a signing-time attribute, which EN 319 142-1, 6.3 forbids",
        )
    if unknown := attributes.keys() - ALLOWED:
        names = ", ".join(sorted(map(str, unknown)))
        raise _refused(f"带有不接受的签名属性 {names}", f"it has signed attributes that are not accepted: {names}")
    if len(attributes) != len(info["signed_attrs"]) or any(len(v) != 1 for v in attributes.values()):
        raise _refused("签名属性重复", "a signed attribute occurs twice")
    written = [node.raw for node in parse(info["signed_attrs"].untag().dump(force=False)).children]
    if written != sorted(written):
        raise _refused("签名属性的次序不是DER", "the signed attributes are not in the order of DER")
    if "signing_certificate_v2" not in attributes:
        raise _refused("没有signing-certificate-v2属性", "it has no signing-certificate-v2 attribute")
    ess = attributes["signing_certificate_v2"][0]["certs"][0]
    name = ess["hash_algorithm"]["algorithm"].native
    if name not in DIGESTS or hashlib.new(name, prepared.chain[0]).digest() != ess["cert_hash"].native:
        raise _refused("signing-certificate-v2指向另一证书", "signing-certificate-v2 names another certificate")
    algorithm = info["digest_algorithm"]["algorithm"].native
    if algorithm != prepared.digest_algorithm:
        raise _refused(
            f"摘要算法应为{prepared.digest_algorithm}",
            f"its digest is {algorithm}, not {prepared.digest_algorithm}",
        )


def _hold(info: Any, prepared: Prepared) -> None:
    """The digest is the document's, the value the certificate's key's."""
    if "message_digest" not in {a["type"].native for a in info["signed_attrs"]}:
        raise _refused("没有摘要", "it has no message digest")
    own = x509.Certificate.load(prepared.chain[0])
    try:
        intact, valid = validate_sig_integrity(info, own, "data", prepared.content_digest)
    except Exception as e:  # whatever a strange value makes of the reader, it is no signature
        raise _refused("签名无效", "the signature does not hold") from e
    if not intact:
        raise _refused("不是对本文书的签名", "it is over another document")
    if not valid:
        raise _refused("签名无效", "the signature does not hold")


def _refused(zh: str, en: str) -> SealError:
    return SealError(f"签名不能接受：{zh} / the signature can't be accepted: {en}")
