"""Rows of seals' uses, over one open connection."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from docsvc.adapters.db.tables import seal_uses
from docsvc.domain.canonical import canonical_json
from docsvc.domain.custody import SM2_DOOR, SealUse, UseState

FIELDS: Final = [seal_uses.c[f.name] for f in dataclasses.fields(SealUse)]
SEAL_LOCK: Final = 0x5EA1  # of PostgreSQL's advisory locks with two numbers: this, and one for the seal


class SqlSealUseRepo:
    """Every use of every seal: begun in the transaction that counts it, settled later."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lock(self, seal_ids: Iterable[str]) -> None:
        """Until the end of the transaction nobody else counts or begins uses of these seals."""
        if self._connection.dialect.name != "postgresql":
            return  # on SQLite BEGIN IMMEDIATE already holds every other writer off
        # In order, so that two joint documents can't each wait for the other's seal.
        for number in sorted({_number(seal_id) for seal_id in seal_ids}):
            self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SEAL_LOCK, number)))

    def count(self, seal_id: str, since: dt.datetime, *, sm2: bool = False) -> int:
        """Uses begun at or after `since`, whatever became of them: of the SM2 key alone, or of all others."""
        query = sa.select(sa.func.count()).where(
            seal_uses.c.seal_id == seal_id,
            seal_uses.c.begun_at >= since,
            seal_uses.c.door == SM2_DOOR if sm2 else seal_uses.c.door != SM2_DOOR,
        )
        return int(self._connection.scalar(query) or 0)

    def add(self, use: SealUse) -> None:
        """In the transaction that counted it."""
        values = {f.name: getattr(use, f.name) for f in dataclasses.fields(use)}
        values["asked_by"] = canonical_json(dict(use.asked_by)).decode()
        self._connection.execute(sa.insert(seal_uses).values(**values))

    def sign(self, document_id: str, signed_sha256: str, certificates: Mapping[str, str]) -> None:
        """What was begun for it gave a file with that digest; by seal, the certificates whose keys were used."""
        for seal_id, sha256 in certificates.items():
            its_own = seal_uses.c.seal_id == seal_id
            self._settle(document_id, [UseState.BEGUN], its_own, certificate_sha256=sha256)
        self._settle(document_id, [UseState.BEGUN], state=UseState.SIGNED, signed_sha256=signed_sha256)

    def keep(self, document_id: str, signed_sha256: str, at: dt.datetime) -> Sequence[SealUse]:
        """That file is stored, and is the document now; the uses that it bears, in their order."""
        same = seal_uses.c.signed_sha256 == signed_sha256
        self._settle(document_id, [UseState.SIGNED], same, state=UseState.KEPT, settled_at=at)
        return self._found(seal_uses.c.document_id == document_id, same)

    def fail(self, document_id: str, reason: str, at: dt.datetime) -> None:
        """Nothing came of what was begun for this document."""
        open_states = [UseState.BEGUN, UseState.SIGNED]
        self._settle(document_id, open_states, state=UseState.FAILED, settled_at=at, reason=reason)

    def list(self, seal_id: str, since: dt.datetime | None, until: dt.datetime | None) -> Sequence[SealUse]:
        """A seal's uses that began in that time (`until` excluded), oldest first."""
        conditions = [seal_uses.c.seal_id == seal_id]
        if since is not None:
            conditions.append(seal_uses.c.begun_at >= since)
        if until is not None:
            conditions.append(seal_uses.c.begun_at < until)
        return self._found(*conditions)

    def _settle(
        self, document_id: str, states: Sequence[UseState], *more: sa.ColumnElement[bool], **to: Any
    ) -> None:
        where = (seal_uses.c.document_id == document_id, seal_uses.c.state.in_(states), *more)
        self._connection.execute(sa.update(seal_uses).where(*where).values(**to))

    def _found(self, *conditions: sa.ColumnElement[bool]) -> Sequence[SealUse]:
        query = sa.select(*FIELDS).where(*conditions).order_by(seal_uses.c.begun_at, seal_uses.c.id)
        return [_use(row) for row in self._connection.execute(query).mappings()]


def _use(row: sa.RowMapping) -> SealUse:
    return SealUse(**{**row, "asked_by": json.loads(row["asked_by"]), "state": UseState(row["state"])})


def _number(seal_id: str) -> int:
    return int.from_bytes(hashlib.sha256(seal_id.encode()).digest()[:4], "big", signed=True)
