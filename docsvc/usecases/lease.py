"""Who may work on a document: one live process at a time, by a lease in the database with a fencing token."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from docsvc.domain.errors import BusyError, DatabaseError
from docsvc.domain.job import Job
from docsvc.ports import Database, Processes, Transaction


@dataclass(frozen=True, slots=True)
class Leases:
    """Leases of this process. Every writing transaction of a holder begins with `tx.jobs.fence(id, token)`."""

    database: Database
    processes: Processes
    clock: Callable[[], dt.datetime]
    lease_s: float

    def claim(self, tx: Transaction, document_id: str) -> int:
        """The fencing token. A holder that is certainly dead is taken over at once, any other one when its lease
        has run out: until then BusyError.
        """
        now = self.clock()
        holder, until = self.processes.me, now + dt.timedelta(seconds=self.lease_s)
        try:
            return tx.jobs.claim(document_id, holder, now, until)
        except BusyError:
            job = _held(tx, document_id)
            if job is None or job.holder is None or not self.processes.dead(job.holder):
                raise
            tx.jobs.release(document_id, job.token, job.due_at)
            return tx.jobs.claim(document_id, holder, now, until)

    def due_at(self, tx: Transaction, document_id: str) -> dt.datetime | None:
        """When the job of a document whose lease is ours is due."""
        job = _held(tx, document_id)
        return job.due_at if job else None

    def abandon(self, document_id: str) -> None:
        """Give back what this process held when the database went away, so that its end could not be written.

        For a process that works on one document at a time: it knows that nobody uses that lease any more.
        """
        with self.database.begin() as tx:
            job = _held(tx, document_id)
            if job is not None and job.holder == self.processes.me:
                tx.jobs.release(document_id, job.token, job.due_at)

    @contextlib.contextmanager
    def hold(self, document_id: str) -> Iterator[int]:
        """The token of a lease that ends with the block; when the job is due stays as it was.

        Raises BusyError while another live process works on the document.
        """
        with self.database.begin() as tx:
            token = self.claim(tx, document_id)
            due_at = self.due_at(tx, document_id)
        try:
            yield token
        finally:
            # Lost in the meantime, or no database: the lease ends by itself, and the block's own error counts.
            with contextlib.suppress(BusyError, DatabaseError), self.database.begin() as tx:
                tx.jobs.release(document_id, token, due_at)


def _held(tx: Transaction, document_id: str) -> Job | None:
    return next((job for job in tx.jobs.held() if job.document_id == document_id), None)
