"""PKCS#12 key files: written once with mode 0600, read into a key with its certificate chain."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from docsvc.adapters.pki.cms import PrivateKey
from docsvc.domain.errors import KeyMismatchError, SetupError


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key with its chain: own certificate first, each issuer after, the root last."""

    path: Path
    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        return tuple(c.public_bytes(Encoding.DER) for c in self.chain)


def write_key(path: Path, password: str, key: PrivateKey, chain: tuple[x509.Certificate, ...]) -> KeyFile:
    """Write `path` anew, whole or not at all, readable by its owner only. An existing file is never replaced."""
    name = path.stem.encode()
    data = pkcs12.serialize_key_and_certificates(
        name, key, chain[0], chain[1:] or None, BestAvailableEncryption(password.encode())
    )
    part = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(part, data)
    try:
        os.link(part, path)
    finally:
        part.unlink()
    return KeyFile(path, key, chain)


def read_key(path: Path, password: str) -> KeyFile:
    """Raises SetupError where the file is missing, is no PKCS#12, or the password is not its own; KeyMismatchError
    where its certificates are those of other keys.
    """
    try:
        found = pkcs12.load_pkcs12(path.read_bytes(), password.encode())
    except OSError as e:
        raise SetupError(f"key file {path.name} can't be read: {e.strerror}") from e
    except ValueError as e:
        raise SetupError(f"key file {path.name} does not open: wrong password, or no PKCS#12 file") from e
    if found.cert is None and found.key is not None and found.additional_certs:
        raise KeyMismatchError(
            f"密钥文件 {path.name} 中的私钥与证书不符；the key in {path.name} does not belong to its certificate"
        )
    if found.cert is None or not isinstance(
        found.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    ):
        raise SetupError(f"key file {path.name} holds no RSA, EC or Ed25519 key with its certificate")
    own = found.cert.certificate
    return KeyFile(path, found.key, _ordered(own, [c.certificate for c in found.additional_certs]))


def write_private(path: Path, data: bytes) -> None:
    """Write and flush a file that its owner alone may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _ordered(own: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    chain = [own]
    while chain[-1].issuer != chain[-1].subject:
        above = next((c for c in others if c.subject == chain[-1].issuer and c not in chain), None)
        if above is None:
            break
        chain.append(above)
    return tuple(chain)
