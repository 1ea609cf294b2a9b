"""Lift documents that stayed below the level asked for (a dead time-stamp or revocation authority) to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentRow, Level, State
from docsvc.domain.errors import SealError
from docsvc.domain.leaf import UPGRADED
from docsvc.domain.verdict import Indication
from docsvc.pipeline.store import object_key, store
from docsvc.ports import Database, ObjectStore, Sealer, Templates, Verifier
from docsvc.usecases.events import happened
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import retain_until

SIGNED: Final = (State.SEALED, State.RECORDED)


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
            with self.database.read() as tx:
                row = tx.documents.find(id=row.id) or row
            if row.state not in SIGNED or row.signed_sha256 is None or not _below(row):
                return Lifted(row, gained=False, shortfall=None)
            before = self.objects.get(object_key(row.signed_sha256))
            pdf, level, shortfall = self.sealer.lift(before, row.target_level)
            if row.achieved_level and level.rank <= row.achieved_level.rank:
                return Lifted(row, gained=False, shortfall=shortfall)
            if not pdf.startswith(before):
                raise SealError(f"{row.number}: the lifted file does not continue the signed one")
            report = self.verifier.verify(pdf, self.clock())
            if report.indication is Indication.FAILED:
                raise SealError(f"{row.number}: the lifted file does not verify")
            manifest = self.templates.get(row.doc_type).manifest
            store(pdf, self.objects, retain_until(row, manifest.retention_years))
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
                )
                lifted = tx.documents.find(id=row.id) or row
                tx.events.add(happened(UPGRADED, lifted, self.clock(), {"continues": row.signed_sha256}))
            return Lifted(lifted, gained=True, shortfall=shortfall)
