"""Tiles: how a log is laid out as files that never change (C2SP tlog-tiles)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docsvc.domain.merkle import HASH_BYTES, HashId, MissingHashError, ReadHashes, complete_ranges, node_hash

WIDTH = 256  # hashes in a full tile, entries in a full bundle
HEIGHT = 8  # tree levels that a tile spans
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 0xFFFF  # a bundle writes an entry's length in two bytes

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]\d?)/(?P<index>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file: `level` 0 … 63, or None for an entry bundle; `width` 1 … 256 hashes or entries."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]` below the log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([*("x" + p for p in parts[:-1]), parts[-1]])
        kind = "entries" if self.level is None else str(self.level)
        return f"tile/{kind}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def first(self) -> int:
        """Index of its first hash within its level (of its first entry within the log)."""
        return self.index * WIDTH

    @property
    def hash_ids(self) -> list[HashId]:
        """Stored hashes that it consists of, in order; a bundle's are those of its leaves."""
        level = HEIGHT * (self.level or 0)
        return [(level, self.first + i) for i in range(self.width)]


def parse_path(path: str) -> Tile | None:
    """The tile at a path such as `tile/0/x001/234.p/7`; None for a path that is not in the one right form."""
    m = _PATH.fullmatch(path)
    if m is None:
        return None
    level = None if m["level"] == "entries" else int(m["level"])
    width = int(m["width"]) if m["width"] else WIDTH
    if (level is not None and level > MAX_LEVEL) or (m["width"] and width >= WIDTH):
        return None
    tile = Tile(level, int(re.sub("[x/]", "", m["index"])), width)
    return tile if tile.path == path else None  # refuses x000/001


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Every tile and bundle of a log of `size` entries that one of `since` entries had not, bundles first.

    Bundles precede tiles and lower levels higher ones, so that nothing refers to what is not there yet.
    """
    for level in (None, *range(MAX_LEVEL + 1)):
        shift = HEIGHT * (level or 0)
        hashes, had = size >> shift, since >> shift
        if hashes == 0:
            return
        if hashes == had:
            continue
        first = had // WIDTH
        for index in range(first, hashes // WIDTH):
            yield Tile(level, index)
        if hashes % WIDTH:
            yield Tile(level, hashes // WIDTH, hashes % WIDTH)


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length (two bytes, big-endian). Raises ValueError above 65,535."""
    out = bytearray()
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes; a bundle holds {MAX_ENTRY_BYTES} at most")
        out += len(entry).to_bytes(2, "big") + entry
    return bytes(out)


def unpack_bundle(data: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle. Raises ValueError where it holds more, fewer or half ones."""
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or len(entry) != length:
            raise ValueError(f"the bundle ends inside entry {len(entries)}")
        entries.append(entry)
        at += 2 + length
    if at != len(data):
        raise ValueError(f"the bundle holds {len(data) - at} bytes behind its {width} entries")
    return entries


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """The `width` hashes of a tile. Raises ValueError where its length is not `width` × 32."""
    if len(data) != width * HASH_BYTES:
        raise ValueError(f"{len(data)} bytes in a tile of {width} hashes")
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes; over a full tile, the hash that stands in the tile above it."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def parents(tile: Tile, hashes: Sequence[bytes]) -> dict[HashId, bytes]:
    """The widest stored hashes over a tile's hashes, computed from them: what they must agree with."""
    base = HEIGHT * (tile.level or 0)
    found = {}
    for level, index in complete_ranges(tile.first, tile.first + tile.width):
        start = (index << level) - tile.first
        found[base + level, index] = tile_root(hashes[start : start + (1 << level)])
    return found


def pack_tile(tile: Tile, read: ReadHashes) -> bytes:
    """A tile's bytes out of the stored hashes. Raises MissingHashError."""
    ids = tile.hash_ids
    stored = read(ids)
    if missing := [id_ for id_ in ids if id_ not in stored]:
        raise MissingHashError(missing)
    return b"".join(stored[id_] for id_ in ids)
