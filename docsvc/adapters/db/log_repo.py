"""The log's rows: entries, stored subtree hashes and signed checkpoints, over one open connection."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from docsvc.adapters.db.tables import events, log_checkpoints, log_entries, log_hashes
from docsvc.domain.errors import LogError
from docsvc.domain.merkle import HashId, complete_ranges, completed, leaf_hash

CHUNK: Final = 500  # values of one IN: far below what SQLite (32,766) and PostgreSQL (65,535) take

# Built once: putting such statements together takes SQLAlchemy longer than the engines need to answer them.
HASHES_AT: Final = sa.select(log_hashes.c.idx, log_hashes.c.hash).where(
    log_hashes.c.level == sa.bindparam("at_level"), log_hashes.c.idx.in_(sa.bindparam("wanted", expanding=True))
)
LEAVES_OF: Final = sa.select(log_entries.c.event_id, log_entries.c.idx, log_entries.c.entry).where(
    log_entries.c.event_id.in_(sa.bindparam("wanted", expanding=True))
)
TELL_EVENT: Final = (
    sa.update(events).where(events.c.id == sa.bindparam("event")).values(leaf_index=sa.bindparam("leaf"))
)


class SqlLogRepo:
    """The tree. Whoever appends holds the log's lock (Transaction.lock_log)."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        """One more than the last leaf's index."""
        last = self._connection.scalar(sa.select(sa.func.max(log_entries.c.idx)))
        return 0 if last is None else int(last) + 1

    def append(self, entries: Sequence[tuple[str, bytes]]) -> None:
        """Add (event id, entry bytes) as the next leaves with all subtree hashes they complete, and tell the events
        their leaves. An event that has its leaf already gets no second one.

        Raises LogError where a hash is missing, or an event's leaf says something else than its entry.
        """
        there = self._leaves([event_id for event_id, _ in entries])
        start = self.size()
        indices: dict[str, int] = {}
        new: list[tuple[str, bytes]] = []
        for event_id, entry in entries:
            if event_id in there:
                indices[event_id], leaf = there[event_id]
                if leaf != entry:
                    raise LogError(f"事件 {event_id} 与其日志条目不符；event and leaf {indices[event_id]} differ")
            elif event_id not in indices:
                indices[event_id] = start + len(new)
                new.append((event_id, entry))
        if new:
            self._extend(start, new)
        if indices:
            told = [{"event": event_id, "leaf": index} for event_id, index in indices.items()]
            self._connection.execute(TELL_EVENT, told)

    def _extend(self, start: int, new: Sequence[tuple[str, bytes]]) -> None:
        leaves = [leaf_hash(entry) for _, entry in new]
        hashes = completed(start, leaves, self.hashes(complete_ranges(0, start)))
        self._connection.execute(
            sa.insert(log_entries),
            [{"idx": i, "event_id": event_id, "entry": entry} for i, (event_id, entry) in enumerate(new, start)],
        )
        self._connection.execute(
            sa.insert(log_hashes), [{"level": lv, "idx": i, "hash": h} for (lv, i), h in hashes.items()]
        )

    def entries(self, start: int, end: int) -> Sequence[tuple[str, bytes]]:
        """(event id, entry bytes) of leaves [start, end). Raises LogError where one of them is missing."""
        query = (
            sa.select(log_entries.c.idx, log_entries.c.event_id, log_entries.c.entry)
            .where(log_entries.c.idx >= start, log_entries.c.idx < end)
            .order_by(log_entries.c.idx)
        )
        rows = self._connection.execute(query).all()
        for index, row in itertools.zip_longest(range(start, end), rows):
            if row is None or row.idx != index:
                raise LogError(f"日志条目 {index} 缺失；leaf {index} is missing from the database")
        return [(row.event_id, bytes(row.entry)) for row in rows]

    def index_of(self, event_id: str) -> int | None:
        leaf = self._leaves([event_id]).get(event_id)
        return leaf and leaf[0]

    def hashes(self, ids: Sequence[HashId]) -> Mapping[HashId, bytes]:
        """Stored hashes by (level, index); missing ones are absent."""
        found: dict[HashId, bytes] = {}
        levels: dict[int, list[int]] = {}
        for level, index in ids:
            levels.setdefault(level, []).append(index)
        for level, wanted in levels.items():
            for at in range(0, len(wanted), CHUNK):
                chunk = {"at_level": level, "wanted": wanted[at : at + CHUNK]}
                found |= {(level, int(idx)): bytes(h) for idx, h in self._connection.execute(HASHES_AT, chunk)}
        return found

    def save_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the checkpoint at `size`. Raises LogError where another one stands there: what is signed, stays."""
        there = self.checkpoint(size)
        if there is None:
            self._connection.execute(sa.insert(log_checkpoints).values(size=size, note=note))
        elif there[1] != note:
            raise LogError(f"大小为 {size} 的检查点已存在且不同；another checkpoint at size {size} is on record")

    def checkpoint(self, size: int | None = None) -> tuple[int, bytes] | None:
        """The checkpoint at `size`, or the newest."""
        query = sa.select(log_checkpoints.c.size, log_checkpoints.c.note)
        query = (
            query.order_by(log_checkpoints.c.size.desc()).limit(1)
            if size is None
            else query.where(log_checkpoints.c.size == size)
        )
        row = self._connection.execute(query).first()
        return None if row is None else (int(row.size), bytes(row.note))

    def checkpoints(self) -> Sequence[tuple[int, bytes]]:
        """Every checkpoint, smallest first."""
        query = sa.select(log_checkpoints.c.size, log_checkpoints.c.note).order_by(log_checkpoints.c.size)
        return [(int(row.size), bytes(row.note)) for row in self._connection.execute(query)]

    def _leaves(self, event_ids: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        found: dict[str, tuple[int, bytes]] = {}
        for at in range(0, len(event_ids), CHUNK):
            chunk = {"wanted": event_ids[at : at + CHUNK]}
            found |= {id_: (int(i), bytes(entry)) for id_, i, entry in self._connection.execute(LEAVES_OF, chunk)}
        return found
