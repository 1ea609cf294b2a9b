"""Keep signed documents at their level: lift what stayed below it, renew what its last time-stamp soon fails.

Both add a revision to the file; what was signed before stays byte for byte as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentRow, Level, State
from docsvc.domain.errors import SealError
from docsvc.domain.leaf import RENEWED, UPGRADED
from docsvc.domain.verdict import Indication
from docsvc.pipeline.store import object_key, store
from docsvc.ports import Database, ObjectStore, Sealer, Templates, Verifier
from docsvc.usecases.events import happened
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import retain_until

SIGNED: Final = (State.SEALED, State.RECORDED)
AT_ONCE: Final = 1000  # documents that are looked at in one pass
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Lifted:
    """What became of one document."""

    row: DocumentRow
    gained: bool
    shortfall: str | None


def below_level(database: Database) -> Sequence[DocumentRow]:
    """Sealed documents below their target."""
    found: list[DocumentRow] = []
    with database.read() as tx:
        for target in Level:
            lower = [level for level in Level if level.rank < target.rank]
            found += tx.documents.search(state=SIGNED, target_level=target, achieved_level=lower)
    return found


def unread_renewals(database: Database) -> Sequence[DocumentRow]:
    """Documents of which it is not known yet when their last time-stamp weakens; not all, where there are many."""
    with database.read() as tx:
        return tx.documents.unread_renewals(AT_ONCE)


def due_renewals(database: Database, now: dt.datetime, lead: dt.timedelta) -> Sequence[DocumentRow]:
    """Documents whose last time-stamp weakens within `lead`; the first of them, where there are many."""
    with database.read() as tx:
        return tx.documents.renewable(now, now + lead, AT_ONCE)


def lapsed(database: Database, now: dt.datetime) -> Sequence[DocumentRow]:
    """Documents that nobody renewed in time: another time-stamp would prove nothing about the time before."""
    with database.read() as tx:
        return tx.documents.renewable(EPOCH - dt.timedelta(1), now, AT_ONCE)


def _below(row: DocumentRow) -> bool:
    return row.achieved_level is None or row.achieved_level.rank < row.target_level.rank


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Adds what is missing by incremental update; what was signed stays byte for byte as it was."""

    database: Database
    templates: Templates
    sealer: Sealer
    verifier: Verifier
    objects: ObjectStore
    leases: Leases
    clock: Callable[[], dt.datetime]

    def lift(self, row: DocumentRow) -> Lifted:
        """One document. Raises SealError where the lifted file does not pass our own verifier, BusyError where
        another process works on it.
        """
        with self.leases.hold(row.id) as token:
            row = self._newest(row)
            if row.state not in SIGNED or row.signed_sha256 is None or not _below(row):
                return Lifted(row, gained=False, shortfall=None)
            before = self.objects.get(object_key(row.signed_sha256))
            pdf, level, shortfall = self.sealer.lift(before, row.target_level)
            if row.achieved_level and level.rank <= row.achieved_level.rank:
                return Lifted(row, gained=False, shortfall=shortfall)
            if not pdf.startswith(before):
                raise SealError(f"{row.number}: the lifted file does not continue the signed one")
            if self.verifier.verify(pdf, self.clock()).indication is Indication.FAILED:
                raise SealError(f"{row.number}: the lifted file does not verify")
            lifted = self._keep(row, token, pdf, UPGRADED, level, shortfall, self.sealer.good_until(pdf))
            return Lifted(lifted, gained=True, shortfall=shortfall)

    def look(self, row: DocumentRow) -> DocumentRow:
        """Read off the file when its last time-stamp weakens, for a row from before that was kept."""
        with self.leases.hold(row.id) as token:
            row = self._newest(row)
            if row.signed_sha256 is None or row.renew_before is not None:
                return row
            until = self.sealer.good_until(self.objects.get(object_key(row.signed_sha256)))
            with self.database.begin() as tx:
                tx.jobs.fence(row.id, token)
                tx.documents.update(row.id, renew_before=until)
            return self._newest(row)

    def renew(self, row: DocumentRow) -> Lifted:
        """One more time-stamp over a document at B-LTA, while the last one still holds.

        It must at least double the time that is left: an authority whose own certificate ends soon would have the
        document grow with every pass. Raises SealError where the renewed file does not pass our own verifier,
        BusyError where another process works on it.
        """
        with self.leases.hold(row.id) as token:
            row = self._newest(row)
            if row.state not in SIGNED or row.signed_sha256 is None or row.renew_before is None:
                return Lifted(row, gained=False, shortfall=None)
            before = self.objects.get(object_key(row.signed_sha256))
            pdf, level, shortfall = self.sealer.renew(before)
            until = self.sealer.good_until(pdf)
            if pdf == before or until is None:
                return Lifted(row, gained=False, shortfall=shortfall)
            now = self.clock()
            if until - now < 2 * (row.renew_before - now):
                why = f"the new time-stamp would weaken on {until:%Y-%m-%d}, hardly later than the last one"
                return Lifted(row, gained=False, shortfall=why)
            if not pdf.startswith(before):
                raise SealError(f"{row.number}: the renewed file does not continue the signed one")
            if self.verifier.verify(pdf, now).indication is not Indication.PASSED:
                raise SealError(f"{row.number}: the renewed file does not verify")
            renewed = self._keep(row, token, pdf, RENEWED, level, row.shortfall, until)
            return Lifted(renewed, gained=True, shortfall=None)

    def _newest(self, row: DocumentRow) -> DocumentRow:
        with self.database.read() as tx:
            return tx.documents.find(id=row.id) or row

    def _keep(
        self,
        row: DocumentRow,
        token: int,
        pdf: bytes,
        event: str,
        level: Level,
        shortfall: str | None,
        until: dt.datetime | None,
    ) -> DocumentRow:
        """Store the new revision, then say so: whoever is killed between both leaves the document as it was."""
        keep = retain_until(row, self.templates.get(row.doc_type).manifest.retention_years)
        store(pdf, self.objects, keep if keep > self.clock() else None)  # nothing can be locked until yesterday
        with self.database.begin() as tx:
            # The sequencer marks documents as recorded under this lock: never one that changed meanwhile.
            tx.lock_log()
            tx.jobs.fence(row.id, token)
            tx.documents.update(
                row.id,
                state=State.SEALED,  # until a checkpoint covers the new revision
                signed_sha256=sha256_hex(pdf),
                size=len(pdf),
                achieved_level=level,
                shortfall=shortfall,
                renew_before=until,
            )
            kept = tx.documents.find(id=row.id) or row
            tx.events.add(happened(event, kept, self.clock(), {"continues": row.signed_sha256}))
        return kept
