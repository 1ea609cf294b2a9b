"""CMS SignedData (RFC 5652) written straight to DER, for seals (CAdES detached) and time-stamp tokens.

General ASN.1 libraries spend some 15 ms on each SignedData; here all that does not change between two signatures of
one key is encoded once, and a signature costs little more than the private-key operation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import PublicKeyAlgorithmOID

from docsvc.domain.errors import SetupError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

SEQUENCE, SET, INTEGER, OCTETS, OID, GENERALIZED_TIME, BOOLEAN, NULL = (
    0x30,
    0x31,
    0x02,
    0x04,
    0x06,
    0x18,
    0x01,
    0x05,
)

LONG_FORM = 0x80  # X.690, 8.1.3


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element: tag, definite length, the parts one after the other."""
    body = b"".join(parts)
    n = len(body)
    if n < LONG_FORM:
        return bytes((tag, n)) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def integer(value: int) -> bytes:
    """DER INTEGER of a number that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """DER OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        out += bytes(reversed(digits))
    return tlv(OID, bytes(out))


def set_of(tag: int, elements: Sequence[bytes]) -> bytes:
    """DER SET OF: elements in the order of their encodings (X.690, 11.6)."""
    return tlv(tag, *sorted(elements))


DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
TST_INFO = oid("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
ALGORITHM_PROTECTION = oid("1.2.840.113549.1.9.52")
SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
TIME_STAMP_TOKEN = oid("1.2.840.113549.1.9.16.2.14")
SM3 = "sm3"
# Without parameters (RFC 5754, 2)
DIGESTS = {
    "sha256": tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.1")),
    "sha384": tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.2")),
    "sha512": tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.3")),
    SM3: tlv(SEQUENCE, oid("1.2.156.10197.1.401")),  # of the profile in `sm2` alone
}
RSA_WITH_SHA256 = tlv(SEQUENCE, oid("1.2.840.113549.1.1.11"), tlv(NULL))
ECDSA_WITH_SHA256 = tlv(SEQUENCE, oid("1.2.840.10045.4.3.2"))
ECDSA_WITH_SHA384 = tlv(SEQUENCE, oid("1.2.840.10045.4.3.3"))
ED25519 = tlv(SEQUENCE, oid("1.3.101.112"))  # RFC 8410, 3: no parameters
PSS_SALT = 32  # as long as the digest
_SHA256_NULL = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"), tlv(NULL))  # here with NULL (RFC 4055, 2.1)
_MGF1 = tlv(SEQUENCE, oid("1.2.840.113549.1.1.8"), _SHA256_NULL)
# RSASSA-PSS-params (RFC 4055, 3.1): digest, mask, salt; the trailer is the default, so left out.
PSS_PARAMETERS = tlv(SEQUENCE, tlv(0xA0, _SHA256_NULL), tlv(0xA1, _MGF1), tlv(0xA2, integer(PSS_SALT)))
RSA_PSS_WITH_SHA256 = tlv(SEQUENCE, oid("1.2.840.113549.1.1.10"), PSS_PARAMETERS)


def attribute(kind: bytes, value: bytes) -> bytes:
    """Attribute with one value (RFC 5652, 5.3)."""
    return tlv(SEQUENCE, kind, tlv(SET, value))


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a key signs: `algorithm` is the AlgorithmIdentifier (DER) of its signatures, `digest` the name of the
    digest for content and signed attributes (RFC 5754), `sign` the private-key operation over their bytes.
    """

    algorithm: bytes
    sign: Callable[[bytes], bytes]
    digest: str = "sha256"


class CmsSigner:
    """A key with its certificate.

    `chain` is DER certificates, the signer's own first; all of them go into the CMS where certificates are wanted.
    The key may be elsewhere (a token, a person's device): it signs `to_be_signed`, `wrapped` takes what comes.
    """

    def __init__(self, scheme: Scheme, chain: Sequence[bytes]) -> None:
        certificate = x509.load_der_x509_certificate(chain[0])
        self._scheme = scheme
        self._digest_algorithm = DIGESTS[scheme.digest]
        self._certificates = set_of(0xA0, chain)
        self._sid = tlv(SEQUENCE, certificate.issuer.public_bytes(), integer(certificate.serial_number))
        ess_cert_id = _ess_cert_id(chain[0], national=scheme.digest == SM3)
        self._constant = (
            attribute(SIGNING_CERTIFICATE_V2, tlv(SEQUENCE, tlv(SEQUENCE, ess_cert_id))),
            # CMSAlgorithmProtection (RFC 6211): digest algorithm, [1] signature algorithm
            attribute(ALGORITHM_PROTECTION, tlv(SEQUENCE, self._digest_algorithm, b"\xa1" + scheme.algorithm[1:])),
        )

    @property
    def digest(self) -> str:
        """Name of the digest that content is given by, e.g. sha256."""
        return self._scheme.digest

    def sign(
        self,
        digest: bytes,
        *,
        kind: bytes = DATA,
        content: bytes | None = None,
        certificates: bool = True,
        stamp: Callable[[bytes], bytes | None] | None = None,
    ) -> bytes:
        """ContentInfo of a SignedData with one SignerInfo, DER.

        `digest` is that of the content, which stays outside (detached) unless `content` gives it; `kind` is its
        content type. `stamp` is given the signature value and returns a time-stamp token over it for the unsigned
        attributes (EN 319 122-1, 5.3), or None.
        """
        signed = self.to_be_signed(digest, kind)
        value = self._scheme.sign(signed)
        token = stamp(value) if stamp else None
        return self.wrapped(signed, value, kind=kind, content=content, certificates=certificates, token=token)

    def to_be_signed(self, digest: bytes, kind: bytes = DATA) -> bytes:
        """The signed attributes as the signature covers them: DER SET OF (RFC 5652, 5.4).

        No signing-time attribute: EN 319 142-1, 6.3 forbids it, a token has its own time.
        """
        return set_of(
            SET,
            (
                attribute(CONTENT_TYPE, kind),
                attribute(MESSAGE_DIGEST, tlv(OCTETS, digest)),
                *self._constant,
            ),
        )

    def wrapped(
        self,
        signed: bytes,
        value: bytes,
        *,
        kind: bytes = DATA,
        content: bytes | None = None,
        certificates: bool = True,
        token: bytes | None = None,
    ) -> bytes:
        """The ContentInfo with the signature `value` over the attributes `signed`, and a token over the value."""
        info = tlv(
            SEQUENCE,
            integer(1),
            self._sid,
            self._digest_algorithm,
            b"\xa0" + signed[1:],
            self._scheme.algorithm,
            tlv(OCTETS, value),
            set_of(0xA1, [attribute(TIME_STAMP_TOKEN, token)]) if token else b"",
        )
        outer = tlv(0xA0, tlv(OCTETS, content)) if content is not None else b""
        signed_data = tlv(
            SEQUENCE,
            integer(1 if kind == DATA else 3),  # RFC 5652, 5.1
            tlv(SET, self._digest_algorithm),
            tlv(SEQUENCE, kind, outer),
            self._certificates if certificates else b"",
            tlv(SET, info),
        )
        return tlv(SEQUENCE, SIGNED_DATA, tlv(0xA0, signed_data))


def _ess_cert_id(certificate: bytes, *, national: bool) -> bytes:
    """ESSCertIDv2 (RFC 5035, 4): SHA-256 is the default, so left out; no issuerSerial (EN 319 142-1, 6.3).

    A `national` signature has SM3 here too, so that nothing of it rests on another digest.
    """
    if not national:
        return tlv(SEQUENCE, tlv(OCTETS, hashlib.sha256(certificate).digest()))
    running = hashes.Hash(hashes.SM3())
    running.update(certificate)
    return tlv(SEQUENCE, DIGESTS[SM3], tlv(OCTETS, running.finalize()))


def scheme_of(key: PrivateKey, *, pss: bool = False) -> Scheme:
    """How a private key in memory signs; an RSA key by RSASSA-PSS where `pss`, else by PKCS #1 v1.5 (RFC 8017)."""
    match key:
        case rsa.RSAPrivateKey() if pss:
            mask = padding.PSS(padding.MGF1(hashes.SHA256()), PSS_SALT)
            return Scheme(RSA_PSS_WITH_SHA256, lambda data: key.sign(data, mask, hashes.SHA256()))
        case rsa.RSAPrivateKey():
            return Scheme(RSA_WITH_SHA256, lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        case ec.EllipticCurvePrivateKey() if key.key_size > 256:  # noqa: PLR2004 - RFC 5753, 7.2: a digest as strong
            return Scheme(ECDSA_WITH_SHA384, lambda data: key.sign(data, ec.ECDSA(hashes.SHA384())), "sha384")
        case ec.EllipticCurvePrivateKey():
            return Scheme(ECDSA_WITH_SHA256, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))
        case ed25519.Ed25519PrivateKey():
            # RFC 8419, 3: SHA-512 for the content, the attributes themselves are signed.
            return Scheme(ED25519, key.sign, "sha512")


def signer_with(key: PrivateKey, chain: Sequence[bytes], *, pss: bool = False) -> CmsSigner:
    """Raises SetupError where the key does not belong to the first certificate of `chain`.

    `pss` chooses for an RSA key whose certificate allows both; one for RSASSA-PSS alone (RFC 4055, 1.2) is obeyed.
    """
    certificate = x509.load_der_x509_certificate(chain[0])
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = serialization.Encoding.DER
    if key.public_key().public_bytes(der, spki) != certificate.public_key().public_bytes(der, spki):
        raise SetupError(
            f"the private key does not belong to the certificate {certificate.subject.rfc4514_string()}"
        )
    only_pss = certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS
    return CmsSigner(scheme_of(key, pss=pss or only_pss), chain)
