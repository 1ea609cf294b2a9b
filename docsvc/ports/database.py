"""The database as the core needs it: repositories, and the transaction that holds them together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from docsvc.domain.access import Client, Session, User
from docsvc.domain.agency import Agency
from docsvc.domain.batch import Batch, BatchRow, Counts, Outcome, RowFault
from docsvc.domain.custody import SealUse
from docsvc.domain.document import DocumentFilter, DocumentRow
from docsvc.domain.job import Backlog, Job, Posting
from docsvc.domain.merkle import LogEvent
from docsvc.domain.signature import Signature
from docsvc.domain.signer import Signer
from docsvc.domain.table import Row


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

    def renewable(self, start: dt.datetime, end: dt.datetime, limit: int) -> Sequence[DocumentRow]:
        """Sealed documents at B-LTA whose last time-stamp weakens after `start`, up to `end`; the first first."""

    def unread_renewals(self, limit: int) -> Sequence[DocumentRow]:
        """Sealed documents at B-LTA of which nobody has looked up yet when their last time-stamp weakens."""

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


class BatchRepo(Protocol):
    """Files of many cases, and what became of each of their rows."""

    def add(self, batch: Batch, rows: Iterable[Row]) -> bool:
        """False where the owner's key has a batch already; then nothing was added."""

    def find(self, *, id: str | None = None, key: tuple[str, str] | None = None) -> Batch | None:
        """By its id, or by (owner's id, Idempotency-Key)."""

    def page(self, owner_id: str, before: tuple[dt.datetime, str] | None, limit: int) -> Sequence[Batch]:
        """An owner's, newest first; `before` is (created_at, id) of the last one of the page before."""

    def counts(self, batch_id: str) -> Counts: ...

    def rows(self, batch_id: str, after: int, limit: int, outcome: Outcome | None) -> Sequence[BatchRow]:
        """In the file's order, those behind row `after`."""

    def open(self) -> Sequence[Batch]:
        """Batches with rows that wait to be taken in, oldest first."""

    def waiting(self, batch_id: str, limit: int) -> Sequence[Row]:
        """The next rows to be taken in, in the file's order."""

    def accept(self, batch_id: str, number: int, document_id: str, *, new: bool) -> None:
        """In the transaction that accepts the row's case. Raises ConflictError where it waits no longer."""

    def refuse(self, batch_id: str, number: int, faults: Sequence[RowFault]) -> None:
        """Raises ConflictError where the row waits no longer."""

    def close(self, batch_id: str, at: dt.datetime) -> None:
        """No row waits any more."""

    def expire(self, taken_before: dt.datetime) -> int:
        """Forget old ones, not their documents; how many."""


class SealUseRepo(Protocol):
    """Every use of every seal."""

    def lock(self, seal_ids: Iterable[str]) -> None:
        """Until the end of the transaction nobody else counts or begins uses of these seals."""

    def count(self, seal_id: str, since: dt.datetime, *, sm2: bool = False) -> int:
        """Uses begun at or after `since`, whatever became of them: of the SM2 key alone, or of all others."""

    def add(self, use: SealUse) -> None: ...

    def sign(self, document_id: str, signed_sha256: str, certificates: Mapping[str, str]) -> None:
        """What was begun for it gave a file with that digest; by seal, the certificates whose keys were used."""

    def keep(self, document_id: str, signed_sha256: str, at: dt.datetime) -> Sequence[SealUse]:
        """That file is stored, and is the document now; the uses that it bears, in their order."""

    def fail(self, document_id: str, reason: str, at: dt.datetime) -> None:
        """Nothing came of what was begun for this document."""

    def list(self, seal_id: str, since: dt.datetime | None, until: dt.datetime | None) -> Sequence[SealUse]:
        """A seal's uses that began in that time, oldest first."""


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


class SignatureRepo(Protocol):
    """The signatures of envelopes; whoever writes holds the document's lease."""

    def add(self, slots: Iterable[Signature]) -> None:
        """The slots of a document that was just laid out."""

    def save(self, slot: Signature) -> None:
        """The slot as it is now. Raises NotFoundError."""

    def of(self, document_id: str) -> Sequence[Signature]:
        """In the order of signing; none where the document has no envelope, or is not laid out yet."""

    def by_link(self, token_sha256: str) -> Signature | None:
        """The slot that this one-time link is out for."""


class SignerRepo(Protocol):
    """Certificates of officers whose keys the service keeps."""

    def save(self, signer: Signer) -> None:
        """Insert, or replace the one that the user had."""

    def find(self, user_id: str) -> Signer | None:
        """In a transaction that may write, nobody else changes it before its end."""

    def list(self) -> Sequence[Signer]: ...

    def remove(self, user_id: str) -> bool:
        """Was there one?"""


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
    def batches(self) -> BatchRepo: ...

    @property
    def seal_uses(self) -> SealUseRepo: ...

    @property
    def clients(self) -> ClientRepo: ...

    @property
    def users(self) -> UserRepo: ...

    @property
    def sessions(self) -> SessionRepo: ...

    @property
    def signatures(self) -> SignatureRepo: ...

    @property
    def signers(self) -> SignerRepo: ...

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
