"""Our own Ed25519 keys, each in a file: the log's and the one under scan codes, and what each is checked with."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from docsvc.domain.errors import SetupError
from docsvc.domain.note import Note, NoteError, Signature, VerifierKey, check_name, format_note
from docsvc.domain.scan import KEY_ID_BYTES

SCAN_KEY: Final = "scan.key"
SCAN_PUB: Final = "scan.pub"
SCAN_PUBS: Final = "scan*.pub"  # the key of today, and those before it
HOW_TO_MAKE: Final = (
    "make it on a machine that you trust: `openssl genpkey -algorithm ed25519 -out scan.key`, "
    "`openssl pkey -in scan.key -pubout -out scan.pub`, mode 0600; hand scan.pub to everyone who checks"
)


def create_scan_key(folder: Path) -> None:
    """Make scan.key with its scan.pub where they are missing; what is there is never replaced.

    The public key of a scan.key that was moved away keeps checking its codes, as scan-<key id>.pub. Raises
    SetupError.
    """
    _create(folder / SCAN_KEY)
    public = _pem(_private_key(folder / SCAN_KEY).public_key())
    path = folder / SCAN_PUB
    try:
        if path.exists() and path.read_bytes() != public:
            path.rename(folder / f"scan-{_key_id(_public_key(path)).hex()}.pub")
        if not path.exists():
            draft = folder / f".{SCAN_PUB}.{secrets.token_hex(8)}"
            draft.write_bytes(public)
            draft.chmod(0o644)
            draft.replace(path)
    except OSError as e:
        raise SetupError(f"无法写入 {path}；the public key of the codes could not be written") from e


def create_log_key(path: Path) -> None:
    """Make a new Ed25519 key: PKCS#8 PEM, readable by its owner only. An existing file is left as it is.

    Raises SetupError where the file can't be written.
    """
    _create(path)


def _create(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(pem)
            f.flush()
            os.fsync(f.fileno())
        try:
            os.link(draft, path)  # unlike a rename, never takes the place of a key that is already there
        except FileExistsError:
            return
        finally:
            draft.unlink()
    except OSError as e:
        raise SetupError(f"无法写入密钥 {path}；the key could not be written") from e


class KeyFileNotary:
    """Signs notes with the key in `path` under the log's name (its origin). Implements ports.Notary."""

    def __init__(self, path: Path, name: str) -> None:
        """Raises SetupError where the file is missing, readable by others or no Ed25519 key, or the name unfit."""
        try:
            self._name = check_name(name)
        except NoteError as e:
            raise SetupError(f"日志名称不可用；{e}") from e
        key = _private_key(path)
        self._key = key
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self._verifier = VerifierKey(name, public)

    def sign(self, note_text: bytes) -> bytes:
        """A signed note over `note_text`. Raises NoteError where that can't be a note's text."""
        signature = Signature(self._name, self._verifier.id, self._key.sign(note_text))
        return format_note(note_text, (signature,))

    def signed(self, note: Note) -> bool:
        """Did this key sign the note?"""
        return _signed_by(self._verifier, note) is True

    @property
    def vkey(self) -> str:
        """`name+id+base64`."""
        return self._verifier.text


class TrustedLogKeys:
    """The log keys that someone trusts. Implements ports.LogKeys."""

    def __init__(self, vkeys: Iterable[str]) -> None:
        """Raises NoteError for a text that is no Ed25519 verifier key."""
        self._keys = tuple(VerifierKey.parse(text) for text in vkeys)

    def signer(self, note: Note) -> str | None:
        """Name of the trusted key that signed the note, None where none did. Raises NoteError where a signature
        that says it is by a trusted key is wrong: C2SP signed-note wants such a note refused.
        """
        names = []
        for key in self._keys:
            if (signed := _signed_by(key, note)) is False:
                raise NoteError(f"the signature of {key.name} is wrong")
            if signed:
                names.append(key.name)
        return names[0] if names else None


class KeyFileScanSigner:
    """Signs the codes on documents with the key in `path`. Implements ports.ScanSigner."""

    def __init__(self, path: Path) -> None:
        """Raises SetupError where the file is missing, readable by others or no Ed25519 key."""
        if not path.exists():
            raise SetupError(
                f"{path.parent} 中没有文书二维码的签名密钥 {path.name}，不会自动添加；"
                "the key that signs the codes on documents is missing there, and nothing is added to keys that "
                f"were handed out: {HOW_TO_MAKE}"
            )
        self._key = _private_key(path)

    @property
    def key_id(self) -> bytes:
        return _key_id(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class TrustedScanKeys:
    """The public keys (PEM) in files that someone trusts. Implements ports.ScanKeys."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises SetupError for a file that is no Ed25519 public key."""
        self._keys = [_public_key(path) for path in paths]

    def holds(self, key_id: bytes, message: bytes, signature: bytes) -> bool | None:
        """As the port says; of keys that share an id, one has to hold."""
        named = [key for key in self._keys if _key_id(key) == key_id]
        return any(_verifies(key, signature, message) for key in named) if named else None


def _private_key(path: Path) -> Ed25519PrivateKey:
    """Raises SetupError where the file is missing, readable by others or no Ed25519 key."""
    try:
        if path.stat().st_mode & 0o077:
            raise SetupError(f"密钥 {path} 的权限应为 0600；the key must be readable by its owner only")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as e:
        raise SetupError(f"无法读取密钥 {path}；the key can't be read") from e
    except (ValueError, TypeError, UnsupportedAlgorithm) as e:
        raise SetupError(f"{path} 不是可用的私钥；not a private key that can be used") from e
    if not isinstance(key, Ed25519PrivateKey):
        raise SetupError(f"{path} 不是 Ed25519 密钥；not an Ed25519 key")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    """Raises SetupError."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as e:
        raise SetupError(f"无法读取公钥 {path}；the public key can't be read") from e
    except (ValueError, UnsupportedAlgorithm) as e:
        raise SetupError(f"{path} 不是可用的公钥；not a public key that can be used") from e
    if not isinstance(key, Ed25519PublicKey):
        raise SetupError(f"{path} 不是 Ed25519 公钥；not an Ed25519 public key")
    return key


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: Ed25519PublicKey) -> bytes:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).digest()[:KEY_ID_BYTES]


def _signed_by(key: VerifierKey, note: Note) -> bool | None:
    """True: `key` signed this text. False: a signature says so and is wrong. None: none says so."""
    claims = note.by(key)
    return all(_holds(key, claim.signature, note.text) for claim in claims) if claims else None


def _holds(key: VerifierKey, signature: bytes, text: bytes) -> bool:
    try:
        return _verifies(Ed25519PublicKey.from_public_bytes(key.public), signature, text)
    except ValueError:
        return False


def _verifies(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
