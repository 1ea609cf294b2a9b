"""Taking cases in over the wire: each key once, then the broker is told; and waiting for what becomes of them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from docsvc.domain.access import Permission, Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentRow, Signing, State
from docsvc.domain.errors import KeyReusedError, NotFoundError, QueueError, StillRunningError
from docsvc.domain.job import Posting
from docsvc.ports import Database, Queue
from docsvc.usecases.intake import Acceptance, Intake, read_case

RUNNING_S: Final = 20  # then whoever began it counts as dead; if not, both find the same document
ENDS: Final = frozenset({State.RECORDED, State.FAILED, State.VOIDED, State.AWAITING_SIGNATURES})
FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Reception:
    """The way in for callers. `resend_s`: the scheduler sends an id again that nobody took up in that time."""

    database: Database
    intake: Intake
    queue: Queue
    clock: Callable[[], dt.datetime]
    resend_s: float = 30
    sleep: Callable[[float], None] = time.sleep

    def post(
        self,
        principal: Principal,
        key: str,
        raw: bytes,
        layout: str | None = None,
        signing: Signing = Signing.SEAL,
    ) -> Acceptance:
        """The document of the case in `raw`, under the caller's Idempotency-Key; the others as Intake has them.

        The same key with the same bytes gives the same document again, as it is now. Raises ForbiddenError;
        KeyReusedError for the key with other bytes; StillRunningError while the first call with it still runs;
        CaseRefusedError, which leaves neither a document nor a key behind.
        """
        principal.require(Permission.CREATE)
        now = self.clock()
        posting = Posting(principal.id, key, sha256_hex(raw), None, now + dt.timedelta(seconds=RUNNING_S), now)
        with self.database.begin() as tx:
            earlier = tx.postings.open(posting)
            if earlier is not None:
                if earlier.body_sha256 != posting.body_sha256:
                    raise KeyReusedError(
                        "此 Idempotency-Key 已用于另一份内容；this Idempotency-Key came with another body before"
                    )
                row = None if earlier.document_id is None else tx.documents.find(id=earlier.document_id)
                if row is None:
                    raise StillRunningError(
                        "使用同一 Idempotency-Key 的请求仍在处理；a request with this Idempotency-Key still runs"
                    )
                return Acceptance(row, new=False)
        try:
            acceptance = self.intake.accept(
                read_case(raw),
                principal=principal,
                settle=lambda tx, accepted: tx.postings.settle(principal.id, key, accepted.row.id),
                due_at=now + dt.timedelta(seconds=self.resend_s),
                layout=layout,
                signing=signing,
            )
        except Exception:
            with self.database.begin() as tx:
                tx.postings.drop(principal.id, key)
            raise
        if acceptance.new:
            self._tell(acceptance.row.id)
        return acceptance

    def wait(self, document_id: str, seconds: float) -> DocumentRow:
        """The document as it is when nothing more comes of it by itself, or else after `seconds`.

        Raises NotFoundError.
        """
        end = time.monotonic() + seconds
        pause = FIRST_PAUSE_S
        while True:
            with self.database.read() as tx:
                row = tx.documents.find(id=document_id)
            if row is None:
                raise NotFoundError("没有这份文书；no such document")
            left = end - time.monotonic()
            if row.state in ENDS or left <= 0:
                return row
            self.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def _tell(self, document_id: str) -> None:
        """Best effort: the job is in the database, and the scheduler sends it again."""
        try:
            self.queue.send(document_id)
        except QueueError:
            # The scheduler need not wait: the message is known not to have gone.
            with self.database.begin() as tx:
                tx.jobs.schedule([document_id], self.clock())
