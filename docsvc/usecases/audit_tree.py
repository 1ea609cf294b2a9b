"""The tree's part of `log fsck`: leaves, stored hashes, checkpoints, published files, recomputed from entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.errors import LogError, StoreError
from docsvc.domain.leaf import Leaf, document_digest, parse_leaf
from docsvc.domain.merkle import GrowingTree, HashId, LogEvent, complete_ranges, completed, leaf_hash
from docsvc.domain.note import Checkpoint, parse_note
from docsvc.domain.tiles import HEIGHT, WIDTH, Tile, pack_bundle, parse_path, tiles_of
from docsvc.ports import Database, LogKeys, ObjectStore, Publisher, Transaction
from docsvc.usecases.record import CHECKPOINTS, PREFIX

TILES: Final = PREFIX + "tile/"


@dataclass(slots=True)
class TreeAudit:
    """What was found, in words, and what was recomputed on the way. `run` is called once."""

    database: Database
    objects: ObjectStore
    publisher: Publisher
    log_keys: LogKeys
    faults: list[str] = field(default_factory=list)
    published_size: int = 0
    size: int = 0
    notes: dict[int, bytes] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)  # at the sizes of checkpoints, from the entries
    bad_leaves: list[int] = field(default_factory=list)
    upper: dict[HashId, bytes] = field(default_factory=dict)  # what tiles above level 0 consist of

    def run(self) -> TreeAudit:
        with self.database.begin() as tx:
            tx.lock_log()  # what is published and what is on record are looked at in one moment
            self.size = tx.log.size()
            self.notes = dict(tx.log.checkpoints())
            published = self._published_note()
        wanted = {0, self.published_size, *self.notes}
        tiles = self._kept_tiles()
        self._leaves(wanted, tiles)
        for tile in [t for ts in tiles.values() for t in ts]:
            self._tile(tile, self._upper_bytes(tile))
        self._checkpoints()
        if published is not None:
            self._published(published)
        return self

    def say(self, chinese: str, english: str) -> None:
        self.faults.append(f"{chinese}；{english}")

    # Entries, events and stored hashes

    def _leaves(self, wanted: set[int], tiles: dict[tuple[int | None, int], list[Tile]]) -> None:
        tree = GrowingTree()
        edge: dict[HashId, bytes] = {}
        self.roots[0] = tree.root()
        for start in range(0, self.size, WIDTH):
            end = min(start + WIDTH, self.size)
            with self.database.read() as tx:
                try:
                    rows = tx.log.entries(start, end)
                except LogError as e:
                    self.faults.append(str(e))
                    return  # without a leaf, nothing behind it has a place or a root
                hashes = [leaf_hash(entry) for _, entry in rows]
                new = completed(start, hashes, edge)
                self._stored_hashes(new, tx.log.hashes(list(new)))
                self._entries(tx, start, rows)
            for tile in tiles.pop((None, start // WIDTH), ()):
                self._tile(tile, _bundle([entry for _, entry in rows[: tile.width]]))
            for tile in tiles.pop((0, start // WIDTH), ()):
                self._tile(tile, b"".join(hashes[: tile.width]))
            known = edge | new
            edge = {id_: known[id_] for id_ in complete_ranges(0, end)}
            self.upper |= {id_: h for id_, h in new.items() if id_[0] and id_[0] % HEIGHT == 0}
            for h in hashes:
                tree.add(h)
                if tree.size in wanted:
                    self.roots[tree.size] = tree.root()

    def _stored_hashes(self, computed: Mapping[HashId, bytes], stored: Mapping[HashId, bytes]) -> None:
        for (level, index), h in sorted(computed.items()):
            if stored.get((level, index)) == h:
                continue
            if level == 0:
                self.bad_leaves.append(index)  # named below, with its document
                continue
            start, end = index << level, (index + 1) << level
            if not any(start <= leaf < end for leaf in self.bad_leaves):  # else it differs because its leaf does
                self.say(
                    f"存储哈希（层 {level}，序 {index}，条目 {start}–{end - 1}）与重算不符",
                    f"the stored hash at level {level} index {index} (leaves {start} to {end - 1}) is wrong",
                )

    def _entries(self, tx: Transaction, start: int, rows: Sequence[tuple[str, bytes]]) -> None:
        events = tx.events.named([event_id for event_id, _ in rows])
        names: dict[str, str] = {}
        for index, (event_id, entry) in enumerate(rows, start):
            try:
                leaf = parse_leaf(entry)
            except LogError as e:
                self.say(f"日志条目 {index}（事件 {event_id}）无法读取", f"leaf {index}: {e}")
                continue
            event = events.get(event_id)
            if event is not None and document_digest(event.document_id) != leaf.document:
                event = None
            if leaf.document not in names:
                row = tx.documents.find(id=event.document_id) if event else None
                names[leaf.document] = row.number if row else leaf.document
            name = names[leaf.document]
            if index in self.bad_leaves:
                self.say(
                    f"日志条目 {index}（{name}）与其存储哈希不符",
                    f"leaf {index} ({name}): its entry is not the one that was hashed",
                )
            self._event(index, name, leaf, entry, event_id, event)

    def _event(
        self, index: int, name: str, leaf: Leaf, entry: bytes, event_id: str, event: LogEvent | None
    ) -> None:
        label, label_en = f"日志条目 {index}（{name}）", f"leaf {index} ({name})"
        if event is None or leaf.event_id != event_id:
            self.say(f"{label}的事件缺失", f"{label_en}: its event {event_id} is missing")
        elif event.entry != entry:
            self.say(f"{label}与事件所存内容不符", f"{label_en}: the event's entry is not the leaf's")
        elif event.leaf_index != index:
            self.say(f"{label}的事件记有另一序号", f"{label_en}: its event names leaf {event.leaf_index}")
        elif (event.type, event.at) != (leaf.type, leaf.at):
            self.say(f"{label}与事件的类型或时间不符", f"{label_en}: the event's type or time is not the leaf's")

    # Files in the store

    def _kept_tiles(self) -> dict[tuple[int | None, int], list[Tile]]:
        """What stands in the store, with what must stand there; by level and index."""
        tiles = set(tiles_of(min(self.published_size, self.size)))
        for key in self.objects.keys(TILES):
            tile = parse_path(key.removeprefix(PREFIX))
            if tile is None:
                self.say(f"存储中有不明文件 {key}", f"{key} in the store is not a tile")
            elif tile.first + tile.width > self.size >> (HEIGHT * (tile.level or 0)):
                self.say(f"存储中 {key} 超出数据库", f"{key} in the store covers leaves that the database has not")
            else:
                tiles.add(tile)
        kept: dict[tuple[int | None, int], list[Tile]] = {}
        for tile in sorted(tiles, key=lambda t: (t.level or 0, t.index, t.width)):
            kept.setdefault((tile.level, tile.index), []).append(tile)
        return kept

    def _upper_bytes(self, tile: Tile) -> bytes:
        """What was recomputed for a tile above level 0; short where the entries ended before it."""
        return b"".join(self.upper.get(id_, b"") for id_ in tile.hash_ids)

    def _tile(self, tile: Tile, computed: bytes) -> None:
        self._object(PREFIX + tile.path, computed)

    def _object(self, key: str, expected: bytes) -> None:
        try:
            if self.objects.get(key) != expected:
                self.say(f"存储中 {key} 与重算不符", f"{key} in the store is not what the database gives")
        except StoreError as e:
            self.say(f"存储中 {key} 无法读取", str(e))

    # Checkpoints

    def _checkpoints(self) -> None:
        if (newest := max(self.notes, default=0)) != self.size:
            self.say(
                f"日志有 {self.size} 条，最新检查点为 {newest} 条",
                f"the log has {self.size} leaves, its newest checkpoint covers {newest}",
            )
        wrong = [size for size, note in self.notes.items() if self._note_fault(size, note)]
        if wrong:
            shown = ", ".join(map(str, wrong[:5])) + (f" … ({len(wrong)})" if len(wrong) > 5 else "")  # noqa: PLR2004 - enough to look for
            self.say(
                f"检查点 {shown} 的签名或树根有误",
                f"checkpoint {shown}: signature wrong, or root not the one recomputed from the entries",
            )
        kept = {key.removeprefix(CHECKPOINTS) for key in self.objects.keys(CHECKPOINTS)}
        for unknown in sorted(kept - {str(size) for size in self.notes}):
            self.say(
                f"存储中的检查点 {unknown} 数据库没有",
                f"the store holds a checkpoint {unknown} that the database has not",
            )
        for size, note in self.notes.items():
            if size <= self.published_size or str(size) in kept:
                self._object(f"{CHECKPOINTS}{size}", note)

    def _note_fault(self, size: int, data: bytes) -> bool:
        try:
            note = parse_note(data)
            checkpoint = Checkpoint.parse(note.text)
            signer = self.log_keys.signer(note)
        except LogError:
            return True
        return signer != checkpoint.origin or checkpoint.size != size or checkpoint.root != self.roots.get(size)

    def _published_note(self) -> bytes | None:
        """The published checkpoint; its size is needed before anything can be looked for in the store."""
        data = self.publisher.published()
        if data is None:
            if self.notes:
                self.say("检查点尚未公布", "no checkpoint is published: run `docsvc log sequence`")
            return None
        try:
            self.published_size = Checkpoint.parse(parse_note(data).text).size
        except LogError as e:
            self.say("已公布的检查点无法读取", str(e))
            return None
        return data

    def _published(self, data: bytes) -> None:
        size = self.published_size
        if size > self.size:
            self.say(
                f"已公布的检查点含 {size} 条，数据库仅 {self.size} 条",
                f"the published checkpoint covers {size} leaves, the database has {self.size}: some were removed",
            )
        elif self._note_fault(size, data):
            self.say(
                "已公布的检查点签名或树根有误", f"the published checkpoint at {size}: signature or root is wrong"
            )
        elif size < max(self.notes, default=0):
            self.say(
                f"最新检查点尚未公布（已公布 {size} 条）",
                f"the newest checkpoint is not published yet ({size} is): run `docsvc log sequence`",
            )


def _bundle(entries: Sequence[bytes]) -> bytes:
    """The bundle; nothing (which no file equals) where an entry was altered into one that no bundle can hold."""
    try:
        return pack_bundle(entries)
    except ValueError:
        return b""
