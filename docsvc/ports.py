"""What the core needs from outside, as Protocols of one to four methods; adapters fit them, bootstrap picks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from docsvc.domain.access import Client, Session, User
from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.document import DocumentFilter, DocumentRow, DocumentType, Level, SealPlace
from docsvc.domain.errors import Finding
from docsvc.domain.job import Backlog, Job, Posting
from docsvc.domain.merkle import LogEvent
from docsvc.domain.note import Note
from docsvc.domain.verdict import Report


class Templates(Protocol):
    """The template folders."""

    def names(self) -> Sequence[str]:
        """Document types, sorted."""

    def get(self, doc_type: str) -> DocumentType:
        """Raises UsageError for an unknown type, TemplateFaultError for a broken folder."""


class SchemaCheck(Protocol):
    """JSON Schema 2020-12."""

    def check(self, schema: Mapping[str, Any], data: Any) -> list[Finding]:
        """All faults of `data`; rule "SCHEMA", or the id that the schema's `x-rule` names at that place."""


class Filler(Protocol):
    """Word templates."""

    def fill(
        self,
        template: bytes,
        context: Mapping[str, Any],
        pictures: Mapping[str, bytes] | None = None,
        names: Sequence[str] = (),
    ) -> bytes:
        """Filled DOCX, each character in a font that has it. `pictures` replace those of these names; numbers,
        dates, amounts and these people's `names` are kept on one line. Raises TemplateFaultError,
        MissingGlyphError.
        """


class QrCodes(Protocol):
    """Texts for a telephone's camera."""

    def png(self, text: str) -> bytes:
        """A QR code with its quiet zone: the same text, the same bytes. Raises SetupError for too long a text."""


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
    """Reading an unsigned PDF."""

    def inspect(self, pdf: bytes, expected: str) -> int:
        """Number of pages. Raises MissingGlyphError where a character of `expected` (the text of the filled
        document) can't be read from the pages, or a glyph is .notdef.
        """

    def seal_place(self, pdf: bytes, name: str, date: str, diameter_mm: float = 45.0) -> SealPlace:
        """Where the agency's name stands over the date last. Raises SealError where it does not, or where a seal
        of that diameter would leave the page.
        """


class Sealer(Protocol):
    """PAdES signatures."""

    def seal(
        self, pdf: bytes, place: SealPlace, design: SealDesign, level: Level
    ) -> tuple[bytes, Level, str | None]:
        """Signed PDF, level reached and, where less than `level`, why. Raises SealError."""

    def lift(self, pdf: bytes, level: Level) -> tuple[bytes, Level, str | None]:
        """Raise an own signed PDF to `level` by incremental update; the same bytes where nothing was gained."""


class SealKey(Protocol):
    """One seal's private key, held loaded by whoever may use it; nothing but signatures comes out."""

    @property
    def chain(self) -> Sequence[bytes]:
        """DER certificates: the seal's own first, each issuer after, the root last."""

    @property
    def development(self) -> bool:
        """A key of the development PKI, without legal effect."""

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        """CAdES detached signature (DER) over a SHA-256 digest; `stamp` gives a time-stamp token over its value."""


class SealKeys(Protocol):
    """The key of each seal."""

    def of(self, design: SealDesign) -> SealKey:
        """Raises SealError that names the seal where no key or certificate of it is here."""

    @property
    def roots(self) -> Sequence[bytes]:
        """DER certificates that seals, authorities and time-stamps are trusted by."""


class SealChains(Protocol):
    """The public certificates of each seal, for those who hold no key."""

    def of(self, design: SealDesign) -> Sequence[bytes]:
        """DER certificates as in SealKey.chain. Raises SetupError that names the seal where there are none."""

    def valid_until(self, design: SealDesign) -> dt.datetime:
        """When the first of them expires. Raises SetupError."""


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


class AgencyRepo(Protocol):
    """The registry's table."""

    def save(self, agencies: Iterable[Agency]) -> int:
        """Insert or replace; returns how many changed."""

    def get(self, agency_id: str) -> Agency | None: ...

    def list(self) -> Sequence[Agency]: ...


class NumberRepo(Protocol):
    """Counters, one an agency × word × year."""

    def take(self, agency_id: str, word: str, year: int) -> int:
        """The next place, from 1; kept only if the transaction commits."""


class DocumentRepo(Protocol):
    """Documents."""

    def add(self, row: DocumentRow) -> None:
        """Raises DuplicateError where its id, number or case is another document's."""

    def find(
        self,
        *,
        id: str | None = None,
        case_sha256: str | None = None,
        number: str | None = None,
        signed_sha256: str | None = None,
    ) -> DocumentRow | None:
        """By one of its unique fields."""

    def search(self, **equal: Any) -> Sequence[DocumentRow]:
        """Rows whose fields equal these, by creation; a list or tuple value means any of its items."""

    def page(
        self, wanted: DocumentFilter, before: tuple[dt.datetime, str] | None, limit: int
    ) -> Sequence[DocumentRow]:
        """Newest first; `before` is (created_at, id) of the last row of the page before."""

    def count_by_state(self) -> Mapping[str, int]: ...

    def update(self, document_id: str, **fields: Any) -> None:
        """Set fields of DocumentRow; `updated_at` follows by itself."""


class EventRepo(Protocol):
    """The history of each document, append only."""

    def add(self, event: LogEvent) -> None:
        """Once per event id; the same again changes nothing."""

    def of(self, document_id: str) -> Sequence[LogEvent]: ...

    def named(self, event_ids: Sequence[str]) -> Mapping[str, LogEvent]:
        """Events by their ids; missing ones are absent."""

    def unsequenced(self, limit: int) -> Sequence[LogEvent]:
        """Events that have no leaf yet, oldest first."""

    def waiting(self) -> tuple[int, dt.datetime | None]:
        """How many have no leaf yet, and when the oldest of them happened."""


class LogRepo(Protocol):
    """The tree: entries, stored subtree hashes, signed checkpoints."""

    def size(self) -> int: ...

    def append(self, entries: Sequence[tuple[str, bytes]]) -> None:
        """Add (event id, entry bytes) as the next leaves with all subtree hashes they complete, and set the events'
        leaf_index. An event that has its leaf already gets no second one.
        """

    def entries(self, start: int, end: int) -> Sequence[tuple[str, bytes]]:
        """(event id, entry bytes) of leaves [start, end)."""

    def index_of(self, event_id: str) -> int | None: ...

    def hashes(self, ids: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Stored hashes by (level, index); missing ones are absent."""

    def save_checkpoint(self, size: int, note: bytes) -> None: ...

    def checkpoint(self, size: int | None = None) -> tuple[int, bytes] | None:
        """The checkpoint at `size`, or the newest."""

    def checkpoints(self) -> Sequence[tuple[int, bytes]]:
        """Every checkpoint, smallest first."""


class JobRepo(Protocol):
    """The work that is to be done, one row a document: outbox, lease and fencing token."""

    def add(self, document_id: str, due_at: dt.datetime) -> None:
        """In the transaction that accepts the document."""

    def claim(self, document_id: str, holder: str, now: dt.datetime, until: dt.datetime) -> int:
        """The new fencing token. Raises BusyError while another holder's lease runs."""

    def fence(self, document_id: str, token: int) -> None:
        """First statement of each writing transaction of a holder: locks the job's row.

        Raises LeaseLostError where `token` is no longer the newest.
        """

    def release(self, document_id: str, token: int, due_at: dt.datetime | None) -> None:
        """Let go; None: nothing is left to do. Raises LeaseLostError."""

    def schedule(self, document_ids: Sequence[str], due_at: dt.datetime) -> None:
        """When jobs that nobody holds are to be sent (again)."""

    def due(self, now: dt.datetime, limit: int) -> Sequence[str]:
        """Documents whose job is due and that no running lease covers, longest due first."""

    def held(self) -> Sequence[Job]:
        """Jobs with a holder."""

    def backlog(self) -> Backlog:
        """How much work there is."""


class PostingRepo(Protocol):
    """Idempotency-Keys by client."""

    def open(self, posting: Posting) -> Posting | None:
        """None: it is new, or whoever ran it is dead and it had the same body: now ours. Else the one there."""

    def settle(self, client_id: str, key: str, document_id: str) -> None:
        """It made (or found) this document; in the transaction that accepts it."""

    def drop(self, client_id: str, key: str) -> None:
        """It was refused, and a refused case leaves nothing behind."""

    def expire(self, created_before: dt.datetime) -> int:
        """Forget old ones; how many."""


class ClientRepo(Protocol):
    """Systems that call the API."""

    def add(self, client: Client) -> None:
        """Raises ConflictError where the name is taken by one that is not revoked."""

    def find(self, *, id: str | None = None, name: str | None = None) -> Client | None: ...

    def list(self) -> Sequence[Client]: ...

    def revoke(self, client_id: str, at: dt.datetime) -> None: ...


class UserRepo(Protocol):
    """People who sign in."""

    def add(self, user: User) -> None:
        """Raises ConflictError where the name is taken."""

    def find(self, *, id: str | None = None, name: str | None = None) -> User | None:
        """In a transaction that may write, nobody else changes the user before its end."""

    def list(self) -> Sequence[User]: ...

    def update(self, user_id: str, **fields: Any) -> None:
        """Set fields of User."""


class SessionRepo(Protocol):
    """Signed-in browsers."""

    def add(self, session: Session) -> None: ...

    def find(self, token_sha256: str) -> Session | None: ...

    def touch(self, token_sha256: str, at: dt.datetime) -> None: ...

    def remove(self, *, token_sha256: str | None = None, user_id: str | None = None) -> None:
        """One session, or all of a user."""

    def expire(self, created_before: dt.datetime, seen_before: dt.datetime) -> int:
        """Remove those that are too old or idle for too long; how many."""


class Transaction(Protocol):
    """One database transaction: commits when the block ends well, else rolls back."""

    @property
    def agencies(self) -> AgencyRepo: ...

    @property
    def numbers(self) -> NumberRepo: ...

    @property
    def documents(self) -> DocumentRepo: ...

    @property
    def events(self) -> EventRepo: ...

    @property
    def log(self) -> LogRepo: ...

    @property
    def jobs(self) -> JobRepo: ...

    @property
    def postings(self) -> PostingRepo: ...

    @property
    def clients(self) -> ClientRepo: ...

    @property
    def users(self) -> UserRepo: ...

    @property
    def sessions(self) -> SessionRepo: ...

    def lock_log(self) -> None:
        """Until the end of the transaction no other process sequences."""


class Database(Protocol):
    """Opens transactions."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write (serialised with other writers where the engine needs it)."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads, one consistent state throughout; holds no writer up."""

    def upgrade(self) -> Sequence[str]:
        """Bring the schema to this version by the migrations that are missing; their names, in order."""

    def pending(self) -> Sequence[str]:
        """The migrations that `upgrade` would run. Raises SetupError for a schema newer than this version."""

    def close(self) -> None: ...


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
