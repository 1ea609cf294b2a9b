"""Voiding a document: with a reason, for good; its number is kept and never used again."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import BusyError, ConflictError, UsageError
from docsvc.domain.leaf import VOIDED
from docsvc.ports import Database
from docsvc.usecases.events import by, happened
from docsvc.usecases.find import owned
from docsvc.usecases.lease import Leases

MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Voiding:
    """One transaction: state, reason, event, and the job closed."""

    database: Database
    leases: Leases
    clock: Callable[[], dt.datetime]

    def void(self, principal: Principal, document_id: str, reason: str) -> DocumentRow:
        """The document, voided. Said again with the same reason it is the same answer.

        Raises UsageError for an empty, long or unreadable reason; ForbiddenError; NotFoundError; ConflictError
        where it is voided for another reason already, or being made at this moment.
        """
        principal.require(Permission.VOID)
        reason = reason.strip()
        if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
            raise UsageError(
                f"作废理由须为1至{MAX_REASON}个可见字符；the reason has 1 to {MAX_REASON} printable characters"
            )
        now = self.clock()
        with self.database.begin() as tx:
            # The sequencer marks documents as recorded under this lock: it never meets one that is being voided.
            tx.lock_log()
            row = owned(tx, principal, document_id)
            if row.state is State.VOIDED:
                if row.reason != reason:
                    raise ConflictError(f"{row.number}已因其他理由作废；it was voided for another reason before")
                return row
            try:
                token = self.leases.claim(tx, row.id)  # ends with the transaction
            except BusyError as e:
                raise ConflictError(
                    f"{row.number}正在制作，请稍后再作废；it is being made at this moment: try again"
                ) from e
            tx.documents.update(row.id, state=State.VOIDED, reason=reason, retryable=False)
            voided = owned(tx, principal, document_id)
            for slot in tx.signatures.of(row.id):  # nothing is out for it any more: no link, no prepared digest
                tx.signatures.save(dataclasses.replace(slot, link=None, pending=None, given=None))
            tx.events.add(happened(VOIDED, voided, now, {**by(principal), "reason": reason}))
            tx.jobs.release(row.id, token, None)
            return voided
