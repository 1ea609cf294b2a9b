"""SM2 signatures with SM3 in a PDF: value, certificates and chain; beside PAdES, and never passing as it.

pyHanko and its validator know neither algorithm, so the path is walked here (RFC 5280, 6.1, for chains without
policies and name constraints): the arithmetic is GmSSL's.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Iterable, Sequence
from typing import Any, Final

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from docsvc.adapters.pades.chain import CHAIN_STEP, CRYPTO_STEP, REVOCATION_STEP, WORDS, Judgement
from docsvc.adapters.pades.cms_checks import Shape
from docsvc.domain.sm2 import profile_check
from docsvc.domain.verdict import Check, Indication

SM2_WITH_SM3: Final = bytes.fromhex("300a06082a811ccf55018375")  # AlgorithmIdentifier 1.2.156.10197.1.501
SM2_KEY: Final = bytes.fromhex(
    "301306072a8648ce3d020106082a811ccf5501822d"
)  # id-ecPublicKey on 1.2.156.10197.1.301
SM3_OID: Final = "1.2.156.10197.1.401"
POINT: Final = 65  # octets of an uncompressed point
MOST_CERTIFICATES: Final = 8
EMBEDDED_STEP: Final = 4
EMBEDDED: Final = "embedded-certificates"
KNOWN_CRITICAL: Final = (x509.BasicConstraints, x509.KeyUsage)


def is_sm2(shape: Shape | None) -> bool:
    """Does the signature say of itself that it is SM2 with SM3?"""
    return shape is not None and shape.algorithm == SM2_WITH_SM3


def apart(anchors: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Trust anchors (DER): those that PAdES may rest on, and those with an SM2 key."""
    pades: list[bytes] = []
    sm2: list[bytes] = []
    for der in anchors:
        key = asn1_x509.Certificate.load(der)["tbs_certificate"]["subject_public_key_info"]
        (sm2 if key["algorithm"].dump() == SM2_KEY else pades).append(der)
    return pades, sm2


def sm3(parts: Iterable[Any]) -> bytes:
    """SM3 digest of the parts, one after the other."""
    running = hashes.Hash(hashes.SM3())
    for part in parts:
        running.update(bytes(part))
    return running.finalize()


def judge(
    shape: Shape, signed_data: cms.SignedData, digest: bytes, anchors: Sequence[bytes], at: dt.datetime
) -> Judgement:
    """Steps 5, 6, 8 and 11 for one signature over octets of that SM3 `digest`, judged at `at`."""
    if importlib.util.find_spec("gmssl_pyx") is None:
        return _stopped(_NO_LIBRARY, holds=None)
    info = signed_data["signer_infos"][0]
    embedded = _read(shape.certificates)
    if embedded is None:
        return _stopped(_UNREADABLE, holds=None)
    own = _signer(info, embedded)
    if own is None:
        return _stopped(_NO_CERTIFICATE, holds=None)
    if _key(own)["algorithm"].dump() != SM2_KEY:
        return _stopped(_VALUE_BROKEN, holds=False)
    checks = _value(info, shape, own, digest)
    holds = all(c.indication is Indication.PASSED for c in checks)
    path, more = _path(own, embedded, anchors, at)
    checks += more
    if shape.tokens:
        checks.append(
            Check.remarked(
                REVOCATION_STEP,
                "time-stamp",
                "国密签名上的时间戳未作验证",
                "a time-stamp on the SM2 signature was not looked at",
            )
        )
    checks.append(
        Check.remarked(
            REVOCATION_STEP,
            "revocation",
            "未核查SM2证书是否被吊销，签名时间未经证明",
            "whether an SM2 certificate was revoked is not checked, and no time is proven",
        )
    )
    checks.append(profile_check(holds=holds))
    return Judgement(tuple(checks), _loaded(own), tuple(map(_loaded, path)))


def _value(info: Any, shape: Shape, own: x509.Certificate, digest: bytes) -> list[Check]:
    """Step 5. Of an SM2 signature the worst fault alone is told."""
    attributes = {a["type"].dotted: a["values"] for a in info["signed_attrs"]}
    (said,) = attributes[cms.CMSAttributeType.unmap("message_digest")]
    if shape.digest != "sm3" or said.native != digest:
        return [
            Check.failed(
                CRYPTO_STEP,
                "digest",
                "HASH_FAILURE",
                "文件内容在签名之后被改动（SM3摘要不符）",
                "the document was altered after signing (its SM3 digest differs)",
            )
        ]
    if not _verified(own, info["signed_attrs"].untag().dump(), info["signature"].native):
        return [_VALUE_BROKEN]
    if not _named(attributes, own):
        return [
            Check.failed(
                CRYPTO_STEP,
                "signing-certificate",
                "FORMAT_FAILURE",
                "签名所绑定的证书不是签名中的证书",
                "the certificate is not the one that the signature names",
            )
        ]
    return [
        Check.passed(
            CRYPTO_STEP,
            "signature-value",
            "SM3摘要一致，SM2签名值有效",
            "the SM3 digest is the document's and the SM2 signature value holds",
        )
    ]


def _named(attributes: dict[str, Any], own: x509.Certificate) -> bool:
    """signing-certificate-v2 (RFC 5035, 3), where there is one, names this very certificate."""
    values = attributes.get(cms.CMSAttributeType.unmap("signing_certificate_v2"))
    if values is None:
        return True
    first = tsp.SigningCertificateV2.load(values[0].dump())["certs"][0]
    der = own.public_bytes(Encoding.DER)
    algorithm = first["hash_algorithm"]["algorithm"]
    if algorithm.dotted == SM3_OID:
        return bool(first["cert_hash"].native == sm3([der]))
    running = hashes.Hash(hashes.SHA256())
    running.update(der)
    return bool(algorithm.native == "sha256" and first["cert_hash"].native == running.finalize())


def _path(
    own: x509.Certificate, embedded: Sequence[x509.Certificate], anchors: Sequence[bytes], at: dt.datetime
) -> tuple[list[x509.Certificate], list[Check]]:
    """Step 6: the certificates up to a trust anchor, none where there is no way, and what is to be said of them."""
    trusted = [x509.load_der_x509_certificate(der) for der in anchors]
    pool = [*trusted, *embedded]
    path = [own]
    while path[-1] not in trusted and len(path) < MOST_CERTIFICATES:
        above = next((c for c in pool if c not in path and _issued(c, path[-1])), None)
        if above is None:
            break
        path.append(above)
    if path[-1] not in trusted:
        return [], [_open(CHAIN_STEP, "NO_CERTIFICATE_CHAIN_FOUND")]
    below_anchor = path[:-1] or path
    if any(not c.not_valid_before_utc <= at <= c.not_valid_after_utc for c in below_anchor):
        return path, [_open(CHAIN_STEP, "OUT_OF_BOUNDS_NO_POE")]
    if not all(_allowed(c, below=n) for n, c in enumerate(path)):
        return path, [_open(CHAIN_STEP, "CHAIN_CONSTRAINTS_FAILURE")]
    return path, [
        Check.passed(
            CHAIN_STEP,
            "certificate-chain",
            "SM2证书链追溯到受信任的根",
            "an SM2 chain leads from the certificate to a trust anchor",
        )
    ]


def _allowed(certificate: x509.Certificate, *, below: int) -> bool:
    """RFC 5280, 6.1.4: the first signs documents, the others certificates, no deeper than they may; nothing unknown
    is critical.
    """
    try:
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        if any(e.critical and not isinstance(e.value, KNOWN_CRITICAL) for e in extensions):
            return False
        if below == 0:
            return bool(usage.digital_signature or usage.content_commitment)
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    deep_enough = basic.path_length is None or below - 1 <= basic.path_length
    return bool(basic.ca and usage.key_cert_sign and deep_enough)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    return (
        _loaded(issuer).subject.dump() == _loaded(certificate).issuer.dump()
        and certificate.signature_algorithm_oid.dotted_string == "1.2.156.10197.1.501"
        and _verified(issuer, certificate.tbs_certificate_bytes, certificate.signature)
    )


def _verified(certificate: x509.Certificate, data: bytes, value: bytes) -> bool:
    """Does the certificate's key verify `value` over `data`, with the signer's id of GB/T 35276?"""
    import gmssl_pyx

    key = _key(certificate)
    point = key["public_key"].native
    if key["algorithm"].dump() != SM2_KEY or not isinstance(point, bytes) or len(point) != POINT:
        return False
    try:
        return bool(gmssl_pyx.sm2_verify(gmssl_pyx.normalize_sm2_public_key(point), data, value))
    except gmssl_pyx.GmsslInnerError:
        return False


def _signer(info: Any, embedded: Sequence[x509.Certificate]) -> x509.Certificate | None:
    sid = info["sid"].chosen
    for certificate in embedded:
        if isinstance(sid, cms.IssuerAndSerialNumber):
            same = (
                sid["issuer"].dump() == _loaded(certificate).issuer.dump()
                and sid["serial_number"].native == certificate.serial_number
            )
        else:
            same = sid.native == _loaded(certificate).key_identifier
        if same:
            return certificate
    return None


def _read(ders: Sequence[bytes]) -> list[x509.Certificate] | None:
    """Each certificate, read whole; None where one can't be."""
    out = []
    for der in ders:
        try:
            certificate = x509.load_der_x509_certificate(der)
            list(certificate.extensions)
            _loaded(certificate).native  # noqa: B018 - reads every field now, so that nothing breaks later
        except Exception:  # noqa: BLE001 - two parsers with exceptions of their own; any means unreadable
            return None
        out.append(certificate)
    return out


def _key(certificate: x509.Certificate) -> Any:
    return _loaded(certificate)["tbs_certificate"]["subject_public_key_info"]


def _loaded(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _stopped(check: Check, *, holds: bool | None) -> Judgement:
    return Judgement((check, profile_check(holds=holds)), None, ())


def _open(step: int, sub: str) -> Check:
    return Check.undecided(step, "certificate-chain", sub, *WORDS[sub])


_VALUE_BROKEN = Check.failed(
    CRYPTO_STEP,
    "signature-value",
    "SIG_CRYPTO_FAILURE",
    "SM2签名值与签名内容不符",
    "the SM2 signature value does not verify",
)
_UNREADABLE = Check.failed(
    EMBEDDED_STEP,
    EMBEDDED,
    "FORMAT_FAILURE",
    "签名中的证书被改动，无法读取",
    "an embedded certificate was altered and can't be read",
)
_NO_CERTIFICATE = Check.failed(  # this profile always has it inside
    EMBEDDED_STEP,
    EMBEDDED,
    "FORMAT_FAILURE",
    "签名中没有签名证书",
    "the signature lacks its certificate",
)
_NO_LIBRARY = Check.undecided(
    CRYPTO_STEP,
    "signature-value",
    "GENERIC",
    "没有SM2算法库，未能计算签名值",
    "the SM2 library (gmssl-pyx) is not there: the signature value was not computed",
)
