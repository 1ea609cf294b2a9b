"""The log's own signing key, an Ed25519 key in a file, and the keys that signed notes are checked with."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from docsvc.domain.errors import SetupError
from docsvc.domain.note import Note, NoteError, Signature, VerifierKey, check_name, format_note


def create_log_key(path: Path) -> None:
    """Make a new Ed25519 key: PKCS#8 PEM, readable by its owner only. An existing file is left as it is.

    Raises SetupError where the file can't be written.
    """
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
        raise SetupError(f"无法写入日志密钥 {path}；the log key could not be written") from e


class KeyFileNotary:
    """Signs notes with the key in `path` under the log's name (its origin). Implements ports.Notary."""

    def __init__(self, path: Path, name: str) -> None:
        """Raises SetupError where the file is missing, readable by others or no Ed25519 key, or the name unfit."""
        try:
            self._name = check_name(name)
            if path.stat().st_mode & 0o077:
                raise SetupError(f"日志密钥 {path} 的权限应为 0600；the log key must be readable by its owner only")
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except NoteError as e:
            raise SetupError(f"日志名称不可用；{e}") from e
        except OSError as e:
            raise SetupError(f"无法读取日志密钥 {path}；the log key can't be read") from e
        except (ValueError, TypeError) as e:
            raise SetupError(f"{path} 不是可用的私钥；not a private key that can be used") from e
        if not isinstance(key, Ed25519PrivateKey):
            raise SetupError(f"{path} 不是 Ed25519 密钥；not an Ed25519 key")
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


def _signed_by(key: VerifierKey, note: Note) -> bool | None:
    """True: `key` signed this text. False: a signature says so and is wrong. None: none says so."""
    claims = note.by(key)
    return all(_holds(key, claim.signature, note.text) for claim in claims) if claims else None


def _holds(key: VerifierKey, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
