"""Everything else that the core needs from outside: files, keys, stores, brokers, the office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from docsvc.domain.agency import SealDesign
from docsvc.domain.document import DocumentType, Level, Remark, SealPlace, Slot
from docsvc.domain.envelope import Blank, Mark, Prepared, Signatory
from docsvc.domain.errors import Finding
from docsvc.domain.joint import Row
from docsvc.domain.note import Note
from docsvc.domain.properties import Properties
from docsvc.domain.signer import Person
from docsvc.domain.table import Column, Line
from docsvc.domain.template_lint import Anatomy
from docsvc.domain.validity import Held
from docsvc.domain.verdict import Report


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


class Sealer(Protocol):
    """PAdES signatures."""

    def seal(self, pdf: bytes, slots: Sequence[Slot], level: Level) -> tuple[bytes, Level, str | None]:
        """The PDF with a signature in each of `slots`, in their order, or with none; the level reached and, where
        less than `level`, why. Raises SealError.
        """

    def lift(self, pdf: bytes, level: Level) -> tuple[bytes, Level, str | None]:
        """Raise an own signed PDF to `level` by incremental update; the same bytes where nothing was gained."""

    def renew(self, pdf: bytes) -> tuple[bytes, Level, str | None]:
        """One more document time-stamp over a B-LTA file, with what validates the one before; the same bytes, and
        why, where the authorities give none.
        """

    def good_until(self, pdf: bytes) -> dt.datetime | None:
        """Until when the last document time-stamp of a B-LTA file can be relied on; None for a lower level."""

    def sign(
        self, pdf: bytes, fields: Sequence[Blank | Slot], mark: Mark, key: SealKey
    ) -> tuple[bytes, str | None]:
        """The PDF with the signature of `key` in the first of `fields`, which shows `mark`; the others are those
        that are still to be signed, in order. Time-stamped, else why not. Raises SealError.
        """

    def prepare(
        self, pdf: bytes, fields: Sequence[Blank | Slot], mark: Mark, chain: Sequence[bytes], at: dt.datetime
    ) -> Prepared:
        """The same for a key that is elsewhere; `chain` is its DER certificates, its own first. Raises SealError
        where that certificate must not be used.
        """

    def complete(
        self, pdf: bytes, prepared: Prepared, *, value: bytes | None = None, cms: bytes | None = None
    ) -> tuple[bytes, str | None]:
        """`pdf` continued by a prepared signature with its raw `value`, or with a whole CMS of the signer's making;
        time-stamped, else why not. Raises SealError where it is not that signer's signature over this document.
        """


class Sm2Sealer(Protocol):
    """Signatures of the SM2 profile, which is no PAdES."""

    def seal(self, pdf: bytes, slots: Sequence[Slot]) -> bytes:
        """The PDF with an SM2 signature in each of `slots`, in their order. Raises SealError."""


class SealKey(Protocol):
    """One seal's private key, held loaded by whoever may use it; nothing but signatures comes out."""

    @property
    def chain(self) -> Sequence[bytes]:
        """DER certificates: the seal's own first, each issuer after, the root last."""

    @property
    def development(self) -> bool:
        """A key of the development PKI, without legal effect."""

    @property
    def digest(self) -> str:
        """Name of the digest that goes with the key: sha256, sha384 or sha512."""

    @property
    def door(self) -> str:
        """The way to the key: pkcs12, pkcs11 or remote."""

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        """CAdES detached (DER) over a digest by `self.digest`; `stamp` gives a time-stamp token over its value."""


class SealKeys(Protocol):
    """The keys of each seal: one, or several while one follows another."""

    def of(self, design: SealDesign) -> SealKey:
        """The one to be used first. Raises SealError as `all_of`."""

    def all_of(self, design: SealDesign) -> Sequence[SealKey]:
        """Those that the operator lets be used now, one at least; the one to be used first comes first, ready.

        Raises SealError that names the seal where no key or certificate of it is here, KeyAwayError where what
        holds the key does not answer.
        """

    @property
    def roots(self) -> Sequence[bytes]:
        """DER certificates that seals, authorities and time-stamps are trusted by."""


class PlatformKeys(Protocol):
    """The service's own key."""

    @property
    def platform(self) -> SealKey:
        """Seals what people sign by hand. Raises SealError where there is none."""


class SealChains(Protocol):
    """The public certificates of each seal, and of the authorities, for those who hold no key."""

    def of(self, design: SealDesign) -> Sequence[bytes]:
        """DER certificates of all its keys, each chain as in SealKey.chain, the one in use first; once each.

        Raises SetupError that names the seal where there are none.
        """

    def held(self, design: SealDesign) -> Sequence[Held]:
        """The certificate of each of its keys, the one in use first. Raises SetupError as `of`."""

    def others(self) -> Sequence[Held]:
        """Those of authorities and roots that lie here. Raises SetupError where one can't be read."""

    def development(self, design: SealDesign) -> bool:
        """Is it a seal of the development PKI, without legal effect? Raises SetupError."""


class Verifier(Protocol):
    """PAdES validation, offline."""

    def verify(self, pdf: bytes, at: dt.datetime) -> Report:
        """A verdict with findings, whatever the bytes are; never raises for what is in the file."""


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


class SignatureChecks(Protocol):
    """Certificates and signatures that people hand in; needs no key."""

    def person(self, certificate: bytes) -> Person | None:
        """Whose certificate (DER) it is; None where it is none."""

    def fault(self, prepared: Prepared, value: bytes | None, cms: bytes | None) -> str | None:
        """Why the value, or the CMS, is not that signer's signature over what was prepared; None where it is."""

    def picture(self, png: bytes) -> str | None:
        """Why the picture can't be shown as a mark made by hand; None where it can."""


class Vault(Protocol):
    """Private keys that open by a PIN alone."""

    def locked(self, key: bytes, pin: str) -> bytes:
        """A key (PKCS#8, DER), encrypted. Raises UsageError where it is no key that can sign here."""

    def opened(self, locked: bytes, pin: str) -> Callable[[bytes], bytes] | None:
        """What signs with it; None for a wrong PIN."""
