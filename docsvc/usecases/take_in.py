"""Taking the rows of batches in, one transaction a row, so that it may end at any moment and go on later."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.batch import Batch, RowFault
from docsvc.domain.errors import CaseRefusedError, ConflictError, DocsvcError, Finding, ForbiddenError
from docsvc.domain.table import Row
from docsvc.ports import Database, Transaction
from docsvc.usecases.intake import Acceptance, Intake

SLICE: Final = 20  # rows of one batch before the next batch has its turn


@dataclass(frozen=True, slots=True)
class TakingIn:
    """The same way in as for single cases. `intake` is built when a row waits; `note` writes to the log."""

    database: Database
    intake: Callable[[], Intake]
    clock: Callable[[], dt.datetime]
    note: Callable[..., Any]

    def run(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Take in all that waits, the batches in turns; how many rows were taken.

        Raises what hinders a batch and may pass or be mended (the database is away, a template is broken), when all
        others are through: the row waits, and so do those behind it.
        """
        taken, hindered = 0, dict[str, DocsvcError]()
        while True:
            with self.database.read() as tx:
                open_batches = [batch for batch in tx.batches.open() if batch.id not in hindered]
            for batch in open_batches:
                try:
                    taken += self._slice(batch, stopped)
                except DocsvcError as e:
                    hindered[batch.id] = e
            if stopped() or not open_batches:
                for fault in hindered.values():
                    raise fault
                return taken

    def _slice(self, batch: Batch, stopped: Callable[[], bool]) -> int:
        with self.database.read() as tx:
            rows = tx.batches.waiting(batch.id, SLICE)
        if not rows:
            with self.database.begin() as tx:
                tx.batches.close(batch.id, self.clock())
        taken = 0
        for row in rows:
            if stopped():
                break
            self._take(batch, row)
            taken += 1
        return taken

    def _take(self, batch: Batch, row: Row) -> None:
        def settle(tx: Transaction, accepted: Acceptance) -> None:
            """In the transaction of the acceptance: both stand or neither."""
            tx.batches.accept(batch.id, row.number, accepted.row.id, new=accepted.new)

        try:
            self.intake().accept(row.case, principal=batch.poster, settle=settle)
        except ConflictError:
            return  # another process took it in meanwhile: what we did for it is rolled back
        except CaseRefusedError as e:
            self._refuse(batch, row, *e.findings)
        except ForbiddenError as e:
            self._refuse(batch, row, Finding("FORBIDDEN", "/agency", str(e), str(e)))
        except DocsvcError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is: the other rows must not wait for ever behind this one
            self.note(logging.ERROR, "batch_row_failed", batch=batch.id, row=row.number, exc_info=True)
            self._refuse(batch, row, Finding("INTERNAL", "", "服务内部错误", "internal error"))

    def _refuse(self, batch: Batch, row: Row, *findings: Finding) -> None:
        faults = [RowFault.of(row, finding) for finding in findings]
        try:
            with self.database.begin() as tx:
                tx.batches.refuse(batch.id, row.number, faults)
        except ConflictError:
            return
