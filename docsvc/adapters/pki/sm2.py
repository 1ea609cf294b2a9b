"""SM2 private keys (GB/T 32918): made, kept encrypted, and used to sign with SM3; GmSSL signs here alone.

`cryptography` has SM3 but not the curve of SM2, so the keys' files are written and read here: PKCS#8 (RFC 5958)
under PBES2 (RFC 8018), which `openssl pkey` opens.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from asn1crypto import keys as asn1_keys
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from docsvc.adapters.pki.cms import NULL, OCTETS, SEQUENCE, SM3, Scheme, integer, oid, tlv
from docsvc.domain.errors import SetupError

CURVE = oid("1.2.156.10197.1.301")
SM2_KEY = tlv(SEQUENCE, oid("1.2.840.10045.2.1"), CURVE)  # as RFC 5480 names a curve; GB/T 35276 does the same
SM2_WITH_SM3 = tlv(SEQUENCE, oid("1.2.156.10197.1.501"))

BIT_STRING = 0x03
ITERATIONS = 300_000
SALT_BYTES, KEY_BYTES, BLOCK_BYTES = 16, 32, 16
POINT_BYTES, SCALAR_BYTES = 64, 32
HMAC_SHA256 = "sha256"
LACKING = "没有SM2算法库；the SM2 library (gmssl-pyx) is not there for this kind of machine"


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """A private key: `secret` is its scalar, `point` x and y of the public point, 32 octets each."""

    secret: bytes = field(repr=False)
    point: bytes

    @property
    def public(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return tlv(SEQUENCE, SM2_KEY, tlv(BIT_STRING, b"\x00\x04", self.point))

    def sign(self, data: bytes) -> bytes:
        """SM2 signature over `data` (DER, r and s) with SM3 and the signer's id of GB/T 35276, 1234567812345678."""
        import gmssl_pyx

        return bytes(gmssl_pyx.sm2_sign(self.secret, self.point, data))

    @property
    def scheme(self) -> Scheme:
        """How it signs a CMS."""
        return Scheme(SM2_WITH_SM3, self.sign, SM3)


def new_sm2_key() -> Sm2Key:
    """A fresh key. Raises SetupError where the library is not there."""
    try:
        import gmssl_pyx
    except ImportError as e:
        raise SetupError(LACKING) from e
    point, secret = gmssl_pyx.sm2_key_generate()
    return Sm2Key(bytes(secret), bytes(point))


def locked(key: Sm2Key, password: str) -> bytes:
    """EncryptedPrivateKeyInfo, DER: AES-256-CBC under PBKDF2 with HMAC-SHA-256."""
    salt, iv = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(BLOCK_BYTES)
    padder = padding.PKCS7(BLOCK_BYTES * 8).padder()
    plain = padder.update(_private_key_info(key)) + padder.finalize()
    cipher = Cipher(AES(_derived(password, salt, ITERATIONS)), CBC(iv)).encryptor()
    prf = tlv(SEQUENCE, oid("1.2.840.113549.2.9"), tlv(NULL))
    derivation = tlv(
        SEQUENCE, oid("1.2.840.113549.1.5.12"), tlv(SEQUENCE, tlv(OCTETS, salt), integer(ITERATIONS), prf)
    )
    encryption = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.1.42"), tlv(OCTETS, iv))
    algorithm = tlv(SEQUENCE, oid("1.2.840.113549.1.5.13"), tlv(SEQUENCE, derivation, encryption))
    return tlv(SEQUENCE, algorithm, tlv(OCTETS, cipher.update(plain) + cipher.finalize()))


def unlocked(der: bytes, password: str) -> Sm2Key:
    """The inverse of `locked`. Raises SetupError for another password, another form of encryption, another key."""
    try:
        info = asn1_keys.EncryptedPrivateKeyInfo.load(der, strict=True)
        algorithm = info["encryption_algorithm"]
        if (algorithm.kdf, algorithm.kdf_hmac, algorithm.encryption_cipher) != ("pbkdf2", HMAC_SHA256, "aes"):
            raise SetupError("an SM2 key must be kept under PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC")
        wrapping = _derived(password, algorithm.kdf_salt, algorithm.kdf_iterations)
        cipher = Cipher(AES(wrapping), CBC(algorithm.encryption_iv)).decryptor()
        padded = cipher.update(info["encrypted_data"].native) + cipher.finalize()
        unpadder = padding.PKCS7(BLOCK_BYTES * 8).unpadder()
        return _key_of(unpadder.update(padded) + unpadder.finalize())
    except (ValueError, TypeError, KeyError) as e:
        raise SetupError("an SM2 key does not open: wrong password, or no SM2 key") from e


def _derived(password: str, salt: bytes, iterations: int) -> bytes:
    return PBKDF2HMAC(hashes.SHA256(), KEY_BYTES, salt, iterations).derive(password.encode())


def _private_key_info(key: Sm2Key) -> bytes:
    """RFC 5958, 2 with the ECPrivateKey of RFC 5915, 3."""
    point = tlv(0xA1, tlv(BIT_STRING, b"\x00\x04", key.point))
    own = tlv(SEQUENCE, integer(1), tlv(OCTETS, key.secret), tlv(0xA0, CURVE), point)
    return tlv(SEQUENCE, integer(0), SM2_KEY, tlv(OCTETS, own))


def _key_of(der: bytes) -> Sm2Key:
    info = asn1_keys.PrivateKeyInfo.load(der, strict=True)
    if info["private_key_algorithm"].dump() != SM2_KEY:
        raise ValueError("another curve")
    own = info["private_key"].parsed
    point = own["public_key"].native
    if not isinstance(point, bytes) or len(point) != 1 + POINT_BYTES or point[0] != 4:  # noqa: PLR2004 - uncompressed
        raise ValueError("without its public point")
    return Sm2Key(own["private_key"].native.to_bytes(SCALAR_BYTES, "big"), point[1:])
