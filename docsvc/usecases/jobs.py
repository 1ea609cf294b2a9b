"""What an operator sees of unfinished work, and can do about it: list it, let it be tried again."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import BusyError, ConflictError, NotFoundError, QueueError
from docsvc.ports import Database, Queue, Transaction
from docsvc.usecases.lease import Leases

OPEN: Final = (State.ACCEPTED, State.RENDERING, State.FAILED)


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A document that is not made: waiting, being made, or given up; and who is making it."""

    row: DocumentRow
    age: dt.timedelta
    holder: str | None


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of all documents."""

    database: Database
    leases: Leases
    queue: Queue
    clock: Callable[[], dt.datetime]

    def open(self, *, failed: bool = False) -> Sequence[OpenJob]:
        """Oldest first; with `failed` those alone that nobody tries any more."""
        now = self.clock()
        with self.database.read() as tx:
            holders = {job.document_id: job.holder for job in tx.jobs.held()}
            rows = tx.documents.search(state=State.FAILED if failed else OPEN)
        return [OpenJob(row, now - row.created_at, holders.get(row.id)) for row in rows]

    def retry(self, document: str) -> DocumentRow:
        """Let a document (by id or number) be tried again, from the first attempt on.

        Raises NotFoundError, ConflictError for one that is made or voided, BusyError while somebody works on it.
        """
        with self.database.begin() as tx:
            row = tx.documents.find(id=document) or tx.documents.find(number=document)
            if row is None:
                raise NotFoundError(f"没有这份文书；no such document: {document}")
            row = self._again(tx, row.id)
        self._send(row.id)
        return row

    def retry_failed(self) -> Sequence[DocumentRow]:
        """Let all failed documents be tried again; those of them that are."""
        again = []
        for job in self.open(failed=True):
            with contextlib.suppress(ConflictError, BusyError):  # somebody was quicker
                again.append(self.retry(job.row.id))
        return again

    def _again(self, tx: Transaction, document_id: str) -> DocumentRow:
        token = self.leases.claim(tx, document_id)
        row = tx.documents.find(id=document_id)
        if row is None or row.state not in OPEN:
            state = row.state if row else "-"
            raise ConflictError(f"文书不在待制作之列；the document is {state}: there is nothing to try again")
        tx.documents.update(document_id, state=State.ACCEPTED, attempts=0, reason=None, retryable=False)
        tx.jobs.release(document_id, token, self.clock())
        return tx.documents.find(id=document_id) or row

    def _send(self, document_id: str) -> None:
        with contextlib.suppress(QueueError):  # it is due: the scheduler sends it
            self.queue.send(document_id)
