"""Signed notes, verifier keys and checkpoints, as text (C2SP signed-note, tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from docsvc.domain.errors import LogError
from docsvc.domain.merkle import HASH_BYTES

ED25519 = 0x01  # signature type identifier
MAX_NOTE_BYTES = 65_536
MAX_SIGNATURES = 100
_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_DASH = "\u2014 "
_CHECKPOINT_LINES = 3  # origin, size, root
_ID_BYTES = 4


class NoteError(LogError):
    """A note, key or checkpoint that is not in the form its specification gives, or a wrong signature on one."""

    def __init__(self, why: str) -> None:
        super().__init__(f"日志签名、密钥或检查点有误；{why}")


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as e:
        raise NoteError("not base64") from e
    if base64.b64encode(data).decode() != text:
        raise NoteError("not base64 in its one right form")
    return data


def shown(text: str) -> str:
    """Text of unknown origin, fit for a terminal: one line, nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def check_name(name: str) -> str:
    """The key name itself. Raises NoteError where it is empty or holds a space, a plus or a control character."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteError(f"{name!r} can't name a log key")
    return name


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 key that notes are checked with: its name and the 32 bytes of RFC 8032."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Key ID, 4 bytes: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key), cut."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """`name+id+base64`, the form in which log keys are handed around."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([ED25519]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+id+base64`. Raises NoteError, also for a kind of key other than Ed25519."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - the three parts of the form
            raise NoteError("a verifier key is name+id+base64")
        data = _unbase64(parts[2])
        if data[:1] != bytes([ED25519]) or len(data) != 1 + 32:
            raise NoteError("not an Ed25519 verifier key")
        key = cls(check_name(parts[0]), data[1:])
        if key.id.hex() != parts[1]:
            raise NoteError("the key's id is not that of its name and bytes")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: key name, key ID (4 bytes), signature."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart. Its text means nothing until a signature by a trusted key has been checked."""

    text: bytes  # ends in a newline; what is signed
    signatures: tuple[Signature, ...]

    def by(self, key: VerifierKey) -> tuple[Signature, ...]:
        """The signatures that say they are by `key`: unknown until they are checked."""
        return tuple(s for s in self.signatures if (s.name, s.key_id) == (key.name, key.id))


def format_note(text: bytes, signatures: tuple[Signature, ...]) -> bytes:
    """The signed note over `text`. Raises NoteError where `text` can't be a note's."""
    lines = [
        f"{_DASH}{check_name(s.name)} {base64.b64encode(s.key_id + s.signature).decode()}\n" for s in signatures
    ]
    note = text + b"\n" + "".join(lines).encode()
    parse_note(note)
    return note


def parse_note(data: bytes) -> Note:
    """Take a signed note apart. Raises NoteError for anything that is not in the form, and above 64 KiB."""
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError("the note is too long")
    try:
        whole = data.decode()
    except UnicodeDecodeError as e:
        raise NoteError("the note is not UTF-8") from e
    if any(c < " " and c != "\n" for c in whole):
        raise NoteError("the note holds control characters")
    body, blank, tail = whole.rpartition("\n\n")
    if not blank or not body or not tail.endswith("\n"):
        raise NoteError("the note has no signatures behind an empty line")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("the note has too many signatures")
    return Note(f"{body}\n".encode(), tuple(_parse_signature(line) for line in lines))


def _parse_signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteError("a line behind the empty line is not a signature")
    data = _unbase64(encoded)
    if len(data) <= _ID_BYTES:
        raise NoteError("a signature is too short")
    return Signature(check_name(name), data[:_ID_BYTES], data[_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: which log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """The note's text. We write no extension lines: monitors can't check them."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read a note's text; extension lines are allowed and left out. Raises NoteError."""
        try:
            lines = text.decode().split("\n")
        except UnicodeDecodeError as e:
            raise NoteError("the checkpoint is not UTF-8") from e
        if len(lines) <= _CHECKPOINT_LINES or lines.pop() != "" or "" in lines:
            raise NoteError("a checkpoint is three or more lines, none empty")
        origin, size, root = lines[:_CHECKPOINT_LINES]
        if not _SIZE.fullmatch(size):
            raise NoteError("the checkpoint's size is not a number")
        if len(digest := _unbase64(root)) != HASH_BYTES:
            raise NoteError("the checkpoint's root is not 32 bytes")
        return cls(origin, int(size), digest)
