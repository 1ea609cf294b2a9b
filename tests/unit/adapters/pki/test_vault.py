"""Keys under a PIN: the right one opens, nothing else does, and each kind of key signs as it should."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from docsvc.adapters.pki import vault
from docsvc.adapters.pki.vault import PinVault
from docsvc.domain.errors import UsageError

KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """A real scrypt, but quick."""
    monkeypatch.setattr(vault, "COST", 1 << 10)


def der(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def checked(key, value, data):
    match key:
        case rsa.RSAPrivateKey():
            key.public_key().verify(value, data, padding.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            digest = hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()
            key.public_key().verify(value, data, ec.ECDSA(digest))
        case _:
            key.public_key().verify(value, data)


@pytest.mark.parametrize("kind", KEYS)
def test_the_right_pin_opens_it_for_signing(kind):
    key = KEYS[kind]
    locked = PinVault().locked(der(key), "4711-ab")
    assert der(key) not in locked
    sign = PinVault().opened(locked, "4711-ab")
    assert sign is not None
    checked(key, sign(b"attributes"), b"attributes")


def test_nothing_else_opens_it():
    locked = PinVault().locked(der(KEYS["p256"]), "4711-ab")
    assert PinVault().opened(locked, "4711-aB") is None
    assert PinVault().opened(locked, "") is None
    assert PinVault().opened(locked[:-1] + bytes([locked[-1] ^ 1]), "4711-ab") is None
    assert PinVault().locked(der(KEYS["p256"]), "4711-ab") != locked  # a salt of its own each time


def test_a_key_that_can_t_sign_here_is_not_kept():
    with pytest.raises(UsageError):
        PinVault().locked(der(dsa.generate_private_key(1024)), "4711-ab")
    with pytest.raises(UsageError):
        PinVault().locked(b"no key", "4711-ab")
