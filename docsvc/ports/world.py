"""Everything else that the core needs from outside: files, keys, stores, brokers, the office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from docsvc.domain.document import DocumentType, Remark, SealPlace
from docsvc.domain.envelope import Blank, Signatory
from docsvc.domain.errors import Finding
from docsvc.domain.joint import Row
from docsvc.domain.note import Note
from docsvc.domain.properties import Properties
from docsvc.domain.table import Column, Line
from docsvc.domain.template_lint import Anatomy


class Templates(Protocol):
    """The template folders."""

    def names(self) -> Sequence[str]:
        """Document types, sorted."""

    def get(self, doc_type: str) -> DocumentType:
        """The version in force, or the newest where all are retired. Raises UsageError for an unknown type,
        TemplateFaultError for a broken folder.
        """

    def versions(self, doc_type: str) -> Sequence[DocumentType]:
        """Every version, oldest first."""

    def version(self, doc_type: str, sha256: str) -> DocumentType | None:
        """The version with this digest; None where there is none."""

    def read(self, doc_type: str, files: Mapping[str, bytes]) -> DocumentType:
        """A version from the bytes of its files, by name. Raises TemplateFaultError."""

    def publish(
        self, draft: DocumentType, samples: Mapping[str, bytes], golden: Mapping[str, bytes], remark: Remark
    ) -> DocumentType:
        """A new version, in force from now on, with its samples and what they look like; the ones before stay as
        they are. Raises SetupError, ConflictError.
        """

    def retire(self, doc_type: str, version: str, remark: Remark) -> None:
        """A version makes no new documents any more. Raises UsageError, SetupError, ConflictError."""

    def samples(self, doc_type: str) -> Mapping[str, bytes]:
        """The sample cases of the version in force, by file name."""

    def sample_agencies(self) -> Sequence[Any]:
        """The registry entries that the samples name."""


class DraftBox(Protocol):
    """Drafts that wait for a press, and what became of them, by id."""

    def put(self, request: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
        """The id. Raises OverloadedError, SetupError."""

    def take(self) -> Path | None:
        """The folder of one that waited, ours from now on."""

    def abandoned(self, before: dt.datetime) -> Sequence[Path]:
        """Folders of those that were taken before then, and never finished."""

    def finish(self, taken: Path, result: Mapping[str, Any] | None = None) -> None:
        """It is done: with the result in its folder, or with this one."""

    def look(self, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        """Request, and result once there is one. Raises NotFoundError."""

    def made(self, name: str, file: str) -> bytes:
        """A file that was made of it. Raises NotFoundError."""

    def forget(self, before: dt.datetime) -> None:
        """Remove what is older."""


class Anatomist(Protocol):
    """Word templates, taken apart."""

    def dissect(self, template: bytes) -> Anatomy:
        """The names it uses and what is wrong with it whatever the case; never raises for what is in it."""


class SchemaCheck(Protocol):
    """JSON Schema 2020-12."""

    def check(self, schema: Mapping[str, Any], data: Any) -> list[Finding]:
        """All faults of `data`; rule "SCHEMA", or the id that the schema's `x-rule` names at that place."""

    def unsound(self, schema: Mapping[str, Any]) -> str | None:
        """What makes it no JSON Schema; None where it is one."""


class Tables(Protocol):
    """Files of rows and columns."""

    def lines(self, suffix: str, raw: bytes) -> Iterator[Line]:
        """Rows of a `.csv` or `.xlsx` file. Raises TableRefusedError, also while it is read."""

    def blank(self, suffix: str, columns: Sequence[Column]) -> bytes:
        """A table to fill in."""


class Filler(Protocol):
    """Word templates."""

    def fill(
        self,
        template: bytes,
        context: Mapping[str, Any],
        pictures: Mapping[str, bytes] | None = None,
        names: Sequence[str] = (),
        properties: Properties | None = None,
    ) -> bytes:
        """Filled DOCX, each character in a font that has it. `pictures` replace those of these names; numbers,
        dates, amounts and these people's `names` are kept on one line; `properties` replace the template's.
        Raises TemplateFaultError, MissingGlyphError.
        """


class QrCodes(Protocol):
    """Texts for a telephone's camera."""

    def png(self, text: str) -> bytes:
        """A QR code with its quiet zone: the same text, the same bytes. Raises SetupError for too long a text."""


class ScanSigner(Protocol):
    """The key under the codes on documents."""

    @property
    def key_id(self) -> bytes:
        """What a code names the key by."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature; the same message, the same bytes."""


class ScanKeys(Protocol):
    """The keys that someone trusts to sign codes."""

    def holds(self, key_id: bytes, message: bytes, signature: bytes) -> bool | None:
        """Is it that key's signature? None where no trusted key has this id."""


class Glyphs(Protocol):
    """What the font chains can draw."""

    def undrawable(self, text: str) -> Sequence[str]:
        """Characters of `text` that no font of the body's chain has, in order, once each."""


class FontChains(Protocol):
    """Which font draws which character, by role (fangsong, kai, hei, song, title)."""

    def role(self, name: str) -> str | None:
        """The role that a template means by a font name; None where it names no font of ours."""

    def family(self, role: str) -> tuple[str, bool]:
        """Family of the role's own font, and whether it is a bold one."""

    def split(self, role: str, text: str) -> Sequence[tuple[str | None, str]]:
        """`text` in pieces, each with the family that draws it; None where no font of the chain does."""


class Converter(Protocol):
    """Word to PDF/A-2b, tagged."""

    def convert(self, docx: bytes) -> bytes:
        """Raises ConversionError."""

    def close(self) -> None:
        """End the office that this converter started."""


class Pages(Protocol):
    """An unsigned PDF: completed, and read."""

    def complete(self, pdf: bytes) -> bytes:
        """`pdf` as PDF/A-2b that is PDF/UA-1 too, by tags that the converter left out. Raises ConversionError."""

    def inspect(self, pdf: bytes, expected: str) -> int:
        """Number of pages. Raises MissingGlyphError where a character of `expected` (the text of the filled
        document) can't be read from the pages, or a glyph is .notdef.
        """

    def mark_draft(self, pdf: bytes) -> bytes:
        """The same pages, marked so that nobody takes them for a document."""

    def mark_test(self, pdf: bytes) -> bytes:
        """The same pages, each marked 测试 that does not say itself that it is test data."""

    def blanks(self, pdf: bytes, signatories: Sequence[Signatory]) -> list[Blank]:
        """Where each of them signs. Raises SealError where a label does not stand in the document."""

    def seal_place(self, pdf: bytes, name: str, date: str, diameter_mm: float = 45.0) -> SealPlace:
        """Where the agency's name stands over the date last. Raises SealError where it does not, or where a seal
        of that diameter would leave the page.
        """

    def joint_places(
        self, pdf: bytes, rows: Sequence[Row], date: str, diameters_mm: Sequence[float]
    ) -> list[SealPlace]:
        """Where each name of `rows` stands, in order, the date under the last. Raises SealError where one does not,
        or where a seal would leave the page or touch another.
        """


class ObjectStore(Protocol):
    """Write-once objects by key. Keys are lower-case paths such as `sha256/ab/cd…`."""

    def put(self, key: str, data: bytes, retain_until: dt.datetime | None = None) -> None:
        """Store durably and read the digest back. The same key with the same bytes is a success without effect;
        with other bytes a StoreError.
        """

    def get(self, key: str) -> bytes:
        """Raises ObjectMissingError."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix`, sorted."""

    def probe(self) -> Mapping[str, bool]:
        """What the store really enforces, tried out: write_once, locked, checksum, versioning …"""


class Publisher(Protocol):
    """Where the log's newest checkpoint stands, the one object that is replaced."""

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint atomically."""

    def published(self) -> bytes | None:
        """The checkpoint that readers see."""


class Notary(Protocol):
    """The log's own signing key."""

    def sign(self, note_text: bytes) -> bytes:
        """A signed note (C2SP signed-note) over `note_text`."""

    def signed(self, note: Note) -> bool:
        """Did this key sign the note?"""

    @property
    def vkey(self) -> str:
        """The verifier key, `name+hash+base64`; its name is the log's origin."""


class LogKeys(Protocol):
    """The log keys that someone trusts."""

    def signer(self, note: Note) -> str | None:
        """Name of the trusted key that signed; None where none did. Raises NoteError for a wrong signature."""


class LogReader(Protocol):
    """A published log, somewhere: a folder or an HTTP server."""

    def read(self, path: str, limit: int) -> bytes | None:
        """The file at `path` below the log's prefix; None where there is none. Raises LogError where it can't be
        read or is longer than `limit` bytes.
        """


class Processes(Protocol):
    """Who holds a lease: this process, and whether another is known to be dead."""

    @property
    def me(self) -> str:
        """This process, on this machine, since it started; also right in a forked child."""

    def dead(self, holder: str) -> bool:
        """True only where it is certain: a process of this machine that is no more."""


class Queue(Protocol):
    """The broker: carries ids to the workers, and may lose them."""

    def send(self, document_id: str) -> None:
        """Raises QueueError where the broker did not confirm it."""

    def waiting(self) -> int:
        """How many ids lie in the broker that no worker has taken. Raises QueueError where it is away."""

    def answers(self) -> bool:
        """Can the broker be reached?"""


class PageImages(Protocol):
    """Pages of our own PDFs as pictures."""

    def png(self, pdf: bytes, page: int, width_px: int) -> bytes:
        """Page `page` (from 1). Raises NotFoundError where there is none."""

    def count(self, pdf: bytes) -> int:
        """How many pages."""


class Passwords(Protocol):
    """Password hashing (argon2id, RFC 9106)."""

    def hash(self, password: str) -> str: ...

    def matches(self, password: str, password_hash: str) -> bool: ...

    def outdated(self, password_hash: str) -> bool:
        """Was it made with weaker parameters than today's?"""
