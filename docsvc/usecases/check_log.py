"""Check any published tlog-tiles log from outside, however hostile: its checkpoint, its tiles, its entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.errors import LogError
from docsvc.domain.merkle import HASH_BYTES, GrowingTree, leaf_hash
from docsvc.domain.note import MAX_NOTE_BYTES, Checkpoint, parse_note, shown
from docsvc.domain.tiles import MAX_ENTRY_BYTES, WIDTH, Tile, split_hashes, tile_root, tiles_of, unpack_bundle
from docsvc.ports import LogKeys, LogReader

MAX_LEAVES: Final = 20_000_000
MAX_FAULTS: Final = 100  # a log that is wrong everywhere needs no longer list
MAX_TILE_BYTES: Final = WIDTH * HASH_BYTES
MAX_BUNDLE_BYTES: Final = WIDTH * (2 + MAX_ENTRY_BYTES)


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """What was found: contradictions in words (none: the log holds), and one sentence for people."""

    faults: tuple[str, ...]
    summary: str
    checkpoint: Checkpoint | None = None


@dataclass(slots=True)
class _Walk:
    """One reading of a whole log, left to right; only the hashes of full tiles are kept."""

    reader: LogReader
    tree: GrowingTree = field(default_factory=GrowingTree)
    above: dict[int, list[bytes]] = field(default_factory=dict)  # level -> hashes of the full tiles below
    faults: list[str] = field(default_factory=list)
    bundles: int = 0
    unbundled: list[str] = field(default_factory=list)

    def say(self, fault: str) -> None:
        """Raises LogError when there is nothing left to be learnt."""
        self.faults.append(fault)
        if len(self.faults) >= MAX_FAULTS:
            raise LogError("问题过多，已停止检查；too many faults, gave up")

    def fetch(self, tile: Tile, limit: int) -> tuple[Tile, bytes] | None:
        """The tile; for a partial one that is gone, the full one (C2SP tlog-tiles allows to delete the former)."""
        if (data := self.reader.read(tile.path, limit)) is not None:
            return tile, data
        full = Tile(tile.level, tile.index)
        if tile != full and (data := self.reader.read(full.path, limit)) is not None:
            return full, data
        return None

    def hashes(self, tile: Tile) -> list[bytes] | None:
        """Hashes of a tile; None, and a fault, where it is missing or malformed."""
        found = self.fetch(tile, MAX_TILE_BYTES)
        if found is None:
            self.say(f"{tile.path}：缺失；missing")
            return None
        try:
            return split_hashes(found[1], found[0].width)[: tile.width]
        except ValueError as e:
            self.say(f"{found[0].path}：格式有误；{e}")
            return None

    def entries(self, tile: Tile) -> list[bytes] | None:
        """Leaf hashes of an entry bundle; None where the log has none there (or, with a fault, a malformed one)."""
        bundle = Tile(None, tile.index, tile.width)
        found = self.fetch(bundle, MAX_BUNDLE_BYTES)
        if found is None:
            self.unbundled.append(bundle.path)
            return None
        self.bundles += 1
        try:
            return [leaf_hash(e) for e in unpack_bundle(found[1], found[0].width)[: tile.width]]
        except ValueError as e:
            self.say(f"{found[0].path}：格式有误；{e}")
            return None

    def leaves(self, tile: Tile) -> bool:
        """Take the leaves of a level-0 tile in; False where neither tile nor bundle gives them."""
        hashes, entries = self.hashes(tile), self.entries(tile)
        if hashes is not None and entries is not None:
            for i, (h, e) in enumerate(zip(hashes, entries, strict=True), tile.first):
                if h != e:
                    self.say(f"条目 {i}：内容与 {tile.path} 中的哈希不符；entry {i} is not the one in its tile")
        leaves = entries or hashes
        if leaves is None:
            return False
        for leaf in leaves:
            self.tree.add(leaf)
        self.lift(tile, leaves)
        return True

    def parents(self, tile: Tile) -> None:
        """Compare a tile above level 0 with what was computed from below."""
        level = tile.level or 0
        computed = self.above.get(level, [])[tile.first : tile.first + tile.width]
        hashes = self.hashes(tile)
        if hashes is not None and hashes != computed:
            self.say(f"{tile.path}：与下层不符；does not follow from the tiles below it")
        self.lift(tile, computed)

    def lift(self, tile: Tile, hashes: list[bytes]) -> None:
        if tile.width == WIDTH and len(hashes) == WIDTH:
            self.above.setdefault((tile.level or 0) + 1, []).append(tile_root(hashes))


def check_log(reader: LogReader, keys: LogKeys | None, max_leaves: int = MAX_LEAVES) -> LogVerdict:
    """Read the whole log and recompute its root. Never raises for what a log contains.

    `keys` None skips the signature, and the summary says so. Logs that keep entries in another form than bundles
    (Certificate Transparency) are checked from their level-0 tiles.
    """
    checkpoint = None
    faults: list[str] = []
    try:
        checkpoint, by = _head(reader, keys)
        walk = _Walk(reader)
        faults = walk.faults
        _read_through(walk, checkpoint, max_leaves)
    except LogError as e:
        faults.append(str(e))
        return _faulty(faults, checkpoint)
    if faults:
        return _faulty(faults, checkpoint)
    signed = f"签名者 {by}；signed by {by}" if by else "签名未检查；signature NOT checked"
    bare = "" if walk.bundles or not checkpoint.size else "（无条目包，仅检查哈希；no entry bundles, hashes only）"
    summary = (
        f"日志一致 (the log is consistent): {checkpoint.origin}, {checkpoint.size} 条 (entries){bare}, {signed}"
    )
    return LogVerdict((), shown(summary), checkpoint)


def _faulty(faults: list[str], checkpoint: Checkpoint | None) -> LogVerdict:
    summary = f"日志有误 (the log is faulty): {len(faults)} 处 (faults)"
    return LogVerdict(tuple(shown(fault) for fault in faults), summary, checkpoint)


def _head(reader: LogReader, keys: LogKeys | None) -> tuple[Checkpoint, str | None]:
    data = reader.read("checkpoint", MAX_NOTE_BYTES)
    if data is None:
        raise LogError("没有检查点；there is no checkpoint")
    note = parse_note(data)
    checkpoint = Checkpoint.parse(note.text)
    if keys is None:
        return checkpoint, None
    by = keys.signer(note)
    if by is None:
        raise LogError(f"检查点未经可信密钥签名；no trusted key has signed the checkpoint of {checkpoint.origin}")
    return checkpoint, by


def _read_through(walk: _Walk, checkpoint: Checkpoint, max_leaves: int) -> None:
    """Level 0 first, then each level above: by then what it must say is known."""
    if checkpoint.size > max_leaves:
        raise LogError(f"日志 {checkpoint.size} 条，超过上限；more than {max_leaves} entries are not read")
    for tile in tiles_of(checkpoint.size):
        if tile.level == 0 and not walk.leaves(tile):
            raise LogError(f"{tile.path}：无法得到条目，已停止；its leaves are in neither tile nor bundle, gave up")
        if tile.level:
            walk.parents(tile)
    if walk.bundles:  # a log keeps bundles or it does not; some alone is a gap
        for path in walk.unbundled[:MAX_FAULTS]:
            walk.say(f"{path}：缺失；missing")
    if walk.tree.root() != checkpoint.root:
        walk.say("由条目重算的树根与检查点不符；the root computed from the entries is not the checkpoint's")
