"""One key for the codes of all tests, so that the same case gives the same bytes."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docsvc.adapters.notary import KeyFileScanSigner, create_scan_key


def write_scan_key(folder: Path) -> None:
    """scan.key and scan.pub, as `docsvc pki init` leaves them."""
    pem = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "scan.key"
    path.touch(0o600)
    path.write_bytes(pem)
    create_scan_key(folder)


@functools.cache
def scan_signer() -> KeyFileScanSigner:
    """It holds the key; its file is gone again."""
    with tempfile.TemporaryDirectory() as folder:
        write_scan_key(Path(folder))
        return KeyFileScanSigner(Path(folder) / "scan.key")
