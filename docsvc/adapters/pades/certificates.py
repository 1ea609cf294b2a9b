"""Whether the certificates inside a signature are as their issuers made them.

A certificate in the last /Contents is protected by its issuer's signature alone, so each is verified under every
certificate at hand that could be its issuer, even where the chain does not need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from docsvc.adapters.pades.der import BIT_STRING, SEQUENCE, DerFault, parse
from docsvc.domain.verdict import Check

STEP = 4
NAME = "embedded-certificates"
NEAR = 8  # octets: two certificates of one length that differ in no more are one certificate, altered
NAMELY_OTHER = 4  # octets: key identifiers that differ in more are different keys


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate that may be an issuer, with its DER octets."""

    der: bytes
    certificate: x509.Certificate
    subject: bytes
    key_id: bytes | None


def load_known(ders: Iterable[bytes]) -> list[Known]:
    """Those of `ders` that can be read, once each, in order."""
    out: list[Known] = []
    for der in dict.fromkeys(ders):
        try:
            certificate = x509.load_der_x509_certificate(der)
            subject = certificate.subject.public_bytes()
            key_id = _subject_key_id(certificate)
        except Exception:  # noqa: BLE001, S112 - what can't be read is no issuer
            continue
        out.append(Known(der, certificate, subject, key_id))
    return out


def check_embedded(ders: Sequence[bytes], known: Sequence[Known]) -> list[Check]:
    """Findings on the certificates of one SignedData; `known` holds all at hand, the embedded ones included."""
    findings: list[Check] = []
    unverifiable = 0
    for number, der in enumerate(ders, 1):
        verdict = _examine(der, known)
        if verdict is None:
            unverifiable += 1
        elif verdict:
            findings.append(
                Check.failed(
                    STEP,
                    NAME,
                    "FORMAT_FAILURE",
                    f"签名中的第{number}个证书被改动：{verdict[0]}",
                    f"embedded certificate {number} was altered: {verdict[1]}",
                )
            )
    if unverifiable:
        findings.append(
            Check.remarked(
                STEP,
                NAME,
                f"签名中有{unverifiable}个证书找不到颁发者，无法核验",
                f"{unverifiable} embedded certificate(s) have no issuer at hand and can't be checked",
            )
        )
    if len(set(ders)) < len(ders):
        findings.append(Check.remarked(STEP, NAME, "签名中有重复的证书", "a certificate is embedded twice"))
    if not findings:
        findings.append(
            Check.passed(
                STEP, NAME, f"签名中的{len(ders)}个证书均完好", f"all {len(ders)} embedded certificates are intact"
            )
        )
    return findings


def _examine(der: bytes, known: Sequence[Known]) -> tuple[str, str] | tuple[()] | None:
    """() intact, (Chinese, English) altered, None where no issuer is at hand."""
    fault = _form_fault(der)
    if fault:
        return fault
    try:
        certificate = x509.load_der_x509_certificate(der)
        issuer = certificate.issuer.public_bytes()
        authority_key = _authority_key_id(certificate)
        list(certificate.extensions)
        asn1_x509.Certificate.load(der, strict=True).native  # noqa: B018 - reads every field
    except Exception as e:  # noqa: BLE001 - two parsers with exceptions of their own; any means unreadable
        return f"无法读取（{e}）", f"it can't be read ({e})"
    suspects = 0
    for candidate in known:
        named = candidate.subject == issuer
        keyed = authority_key is not None and candidate.key_id == authority_key
        if not (named or keyed):
            continue
        signed = _signed_by(certificate, candidate.certificate)
        if signed:
            return ()
        if signed is False and (keyed or not _is_other_key(authority_key, candidate.key_id)):
            suspects += 1
    if suspects:
        return "颁发者的签名与内容不符", "its issuer's signature does not fit its content"
    if any(_nearly(der, other.der) for other in known):
        return "与另一证书几乎相同", "it is nearly, but not quite, another certificate"
    return None


def _form_fault(der: bytes) -> tuple[str, str] | None:
    """RFC 5280 4.1.1: three fields, both algorithm identifiers the same, a whole number of octets."""
    try:
        node = parse(der)
    except DerFault as e:
        return f"不是DER编码（{e}）", f"it is not DER ({e})"
    parts = node.children
    if node.tag != SEQUENCE or [p.tag for p in parts] != [SEQUENCE, SEQUENCE, BIT_STRING]:
        return "结构不对", "it is malformed"
    inner = next((c for c in parts[0].children[1:3] if c.tag == SEQUENCE), None)
    if inner is None or inner.raw != parts[1].raw:
        return "两处签名算法不一致", "its two algorithm identifiers differ"
    if parts[2].content[:1] != b"\x00":
        return "签名值不是整字节", "its signature is not a whole number of octets"
    return None


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool | None:
    """Whether the issuer's key verifies the certificate; None where we can't compute with that key."""
    data, value = certificate.tbs_certificate_bytes, certificate.signature
    try:
        key = issuer.public_key()
        digest = certificate.signature_hash_algorithm
        match key:
            case rsa.RSAPublicKey():
                scheme = certificate.signature_algorithm_parameters
                if digest is None or not isinstance(scheme, padding.PKCS1v15 | padding.PSS):
                    return False
                key.verify(value, data, scheme, digest)
            case ec.EllipticCurvePublicKey():
                if digest is None:
                    return False
                key.verify(value, data, ec.ECDSA(digest))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(value, data)
            case _:
                return None
    except UnsupportedAlgorithm:
        return None
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _subject_key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _authority_key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.key_identifier


def _is_other_key(wanted: bytes | None, found: bytes | None) -> bool:
    """Whether the key identifiers speak of two keys (an issuer that was re-keyed under its old name)."""
    if wanted is None or found is None or len(wanted) != len(found):
        return wanted is not None and found is not None
    return _distance(wanted, found) > NAMELY_OTHER


def _nearly(a: bytes, b: bytes) -> bool:
    return len(a) == len(b) and 0 < _distance(a, b) <= NEAR


def _distance(a: bytes, b: bytes) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))
