"""Files of many cases, posted by callers: read at once, kept row by row, asked about while they are taken in."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.access import Permission, Principal
from docsvc.domain.batch import Batch, BatchRow, Counts, Outcome
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import KeyReusedError, NotFoundError, OverloadedError
from docsvc.domain.table import Row
from docsvc.ports import Database, Transaction
from docsvc.usecases import cursor

MOST_AT_ONCE: Final = 2  # files that are read at the same time: each may take seconds and a lot of memory


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch and how far it is."""

    batch: Batch
    counts: Counts


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Batches, newest first; `next` is the cursor of the page after this one, None at the end."""

    batches: tuple[Seen, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows in the file's order; `next` as above."""

    rows: tuple[BatchRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Batches:
    """What a caller does with their batches. `read` makes rows of a file by its format."""

    database: Database
    read: Callable[[str, bytes], Sequence[Row]]
    cursor_key: bytes
    clock: Callable[[], dt.datetime]
    _place: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE), init=False
    )

    def post(self, principal: Principal, key: str, format: str, raw: bytes) -> Seen:
        """Keep the rows of a file, to be taken in one by one; the same key with the same file is the same batch.

        Raises ForbiddenError; TableRefusedError where the file as a whole can't be read, TableTooLargeError;
        KeyReusedError for the key with another file; OverloadedError.
        """
        principal.require(Permission.CREATE)
        sha256 = sha256_hex(raw)
        with self.database.read() as tx:
            there = tx.batches.find(key=(principal.id, key))
        if there is None:
            rows = self._rows(format, raw)
            batch = Batch(
                id=str(uuid.uuid4()),
                owner_kind=principal.kind,
                owner_id=principal.id,
                owner_name=principal.name,
                agency_id=principal.agency_id,
                key=key,
                sha256=sha256,
                format=format,
                total=len(rows),
                created_at=self.clock(),
            )
            with self.database.begin() as tx:
                # Of two calls with one key at once, one is kept.
                there = batch if tx.batches.add(batch, rows) else tx.batches.find(key=(principal.id, key))
        if there is None or (there.sha256, there.format) != (sha256, format):
            raise KeyReusedError(
                "此 Idempotency-Key 已用于另一份内容；this Idempotency-Key came with another body before"
            )
        with self.database.read() as tx:
            return Seen(there, tx.batches.counts(there.id))

    def one(self, principal: Principal, batch_id: str) -> Seen:
        """Raises NotFoundError, also for another caller's batch; ForbiddenError."""
        with self.database.read() as tx:
            return Seen(own(tx, principal, batch_id), tx.batches.counts(batch_id))

    def page(self, principal: Principal, after: str | None = None, limit: int = 20) -> BatchPage:
        """The caller's own. Raises UsageError for a cursor that is not of this list, ForbiddenError."""
        principal.require(Permission.READ)
        asked = f"batches {principal.id}".encode()
        before = None
        if after is not None:
            at, _, batch_id = cursor.opened(self.cursor_key, after, asked).partition(" ")
            before = dt.datetime.fromisoformat(at), batch_id
        with self.database.read() as tx:
            found = tx.batches.page(principal.id, before, limit + 1)
            seen = tuple(Seen(batch, tx.batches.counts(batch.id)) for batch in found[:limit])
        if len(found) <= limit:
            return BatchPage(seen, None)
        last = found[limit - 1]
        place = f"{last.created_at.astimezone(dt.UTC).isoformat()} {last.id}"
        return BatchPage(seen, cursor.sealed(self.cursor_key, place, asked))

    def rows(
        self,
        principal: Principal,
        batch_id: str,
        outcome: Outcome | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> RowPage:
        """What became of each row. Raises as `one`, and UsageError for a cursor that is not of this question."""
        asked = f"rows {batch_id} {outcome}".encode()
        behind = -1 if after is None else int(cursor.opened(self.cursor_key, after, asked))
        with self.database.read() as tx:
            own(tx, principal, batch_id)
            found = tx.batches.rows(batch_id, behind, limit + 1, outcome)
        if len(found) <= limit:
            return RowPage(tuple(found), None)
        return RowPage(tuple(found[:limit]), cursor.sealed(self.cursor_key, str(found[limit - 1].number), asked))

    def _rows(self, format: str, raw: bytes) -> Sequence[Row]:
        if not self._place.acquire(blocking=False):
            raise OverloadedError("正在读取的文件过多，请稍后重试；too many files are being read: try again later")
        try:
            return self.read(format, raw)
        finally:
            self._place.release()


def own(tx: Transaction, principal: Principal, batch_id: str) -> Batch:
    """The batch, if it is the caller's. Raises NotFoundError, the same in both cases; ForbiddenError."""
    principal.require(Permission.READ)
    batch = tx.batches.find(id=batch_id)
    if batch is None or (batch.owner_kind, batch.owner_id) != (principal.kind, principal.id):
        raise NotFoundError("没有这个批次；no such batch")
    return batch
