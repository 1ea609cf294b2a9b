"""Private keys under a PIN: scrypt (RFC 7914) makes the key of AES-256-GCM from it, with a salt of its own."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from docsvc.adapters.pki.cms import PrivateKey
from docsvc.adapters.pki.keyfile import read_key
from docsvc.domain.errors import UsageError

FORM: Final = b"docsvc.vault/1"
SALT, NONCE = 16, 12
COST, BLOCK, LANES = 1 << 17, 8, 1  # 128 MiB, a few tenths of a second a try
AT_ONCE: Final = 2


def new_key() -> tuple[bytes, bytes]:
    """A key on P-256 (PKCS#8, DER), and its public half (DER)."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _der(key), public


def opened_file(path: Path, password: str) -> tuple[bytes, tuple[bytes, ...]]:
    """Key (PKCS#8, DER) and chain (DER, its own first) of a PKCS#12 file. Raises SetupError."""
    file = read_key(path, password)
    return _der(file.key), file.chain_der


def _der(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class PinVault:
    """Fits ports.Vault."""

    def __init__(self) -> None:
        self._turn = threading.BoundedSemaphore(AT_ONCE)

    def locked(self, key: bytes, pin: str) -> bytes:
        """A key (PKCS#8, DER), encrypted. Raises UsageError where it is no key that can sign here."""
        try:
            _signing_with(key)
        except (ValueError, TypeError) as e:
            raise UsageError("密钥种类不接受；this kind of key is not accepted") from e
        salt, nonce = os.urandom(SALT), os.urandom(NONCE)
        return FORM + salt + nonce + AESGCM(self._derived(pin, salt)).encrypt(nonce, key, FORM)

    def opened(self, locked: bytes, pin: str) -> Callable[[bytes], bytes] | None:
        """What signs with it; None for a wrong PIN."""
        rest = locked.removeprefix(FORM)
        salt, nonce, sealed = rest[:SALT], rest[SALT : SALT + NONCE], rest[SALT + NONCE :]
        try:
            key = AESGCM(self._derived(pin, salt)).decrypt(nonce, sealed, FORM)
        except InvalidTag:
            return None
        return _signing_with(key)

    def _derived(self, pin: str, salt: bytes) -> bytes:
        text = unicodedata.normalize("NFC", pin).encode("utf-8", "surrogatepass")
        with self._turn:
            return Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES).derive(text)


def _signing_with(der: bytes) -> Callable[[bytes], bytes]:
    key = load_der_private_key(der, None)
    if isinstance(key, rsa.RSAPrivateKey):
        return partial(key.sign, padding=padding.PKCS1v15(), algorithm=hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        digest = hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()
        return partial(key.sign, signature_algorithm=ec.ECDSA(digest))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    raise ValueError("another kind of key")
