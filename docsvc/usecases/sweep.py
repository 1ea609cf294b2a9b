"""What makes every accepted document end somewhere: due jobs are sent (again), dead holders lose their leases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.document import State
from docsvc.domain.errors import LeaseLostError, QueueError
from docsvc.ports import Database, Processes, Queue

BATCH: Final = 200  # no more of our sending lie in the broker: workers make fewer until the next sweep
KEEP_KEYS: Final = dt.timedelta(hours=24)
MADE: Final = (State.SEALED, State.RECORDED, State.VOIDED)
ENDED: Final = "处理进程在用印中被终止；the process was ended while it sealed"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Looks at the database alone: what the broker holds, lost or doubled does not matter."""

    database: Database
    processes: Processes
    queue: Queue
    clock: Callable[[], dt.datetime]
    resend_s: float
    keep_batches: dt.timedelta = dt.timedelta(days=90)

    def free(self) -> int:
        """Take the leases of holders that are certainly dead; their jobs are due now. How many."""
        with self.database.read() as tx:
            dead = [job for job in tx.jobs.held() if job.holder and self.processes.dead(job.holder)]
        freed = 0
        for job in dead:
            try:
                with self.database.begin() as tx:
                    tx.jobs.release(job.document_id, job.token, self.clock() if job.due_at else None)
                    row = tx.documents.find(id=job.document_id)
                    if row is not None and row.state in MADE:  # nobody may ever ask for its SM2 copy again
                        tx.seal_uses.fail(row.id, ENDED, self.clock())
            except LeaseLostError:
                continue  # somebody was quicker
            freed += 1
        return freed

    def send(self) -> int:
        """Send the ids of due jobs that nobody works on, and defer them; how many.

        Raises QueueError at the first that the broker does not take: those not sent stay due.
        """
        with self.database.read() as tx:
            due = tx.jobs.due(self.clock(), BATCH)
        # Of a long backlog the same ids would be sent every so often, and stand before each new document.
        if due:
            due = due[: max(0, BATCH - self.queue.waiting())]
        if not due:
            return 0
        # Deferred before they are sent: afterwards a quick worker's own word on when to try again could be lost.
        self._defer(due, self.resend_s)
        for sent, document_id in enumerate(due):
            try:
                self.queue.send(document_id)
            except QueueError:
                self._defer(due[sent:], 0)
                raise
        return len(due)

    def expire(self, session: dt.timedelta, idle: dt.timedelta) -> int:
        """Forget Idempotency-Keys after a day, sessions that ended, and what became of old batches; how many."""
        now = self.clock()
        with self.database.begin() as tx:
            keys = tx.postings.expire(now - KEEP_KEYS)
            return keys + tx.sessions.expire(now - session, now - idle) + tx.batches.expire(now - self.keep_batches)

    def _defer(self, document_ids: Sequence[str], seconds: float) -> None:
        with self.database.begin() as tx:
            tx.jobs.schedule(document_ids, self.clock() + dt.timedelta(seconds=seconds))
