"""Tile paths, partial tiles and entry bundles, against the examples of the C2SP specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.merkle import MissingHashError, complete_ranges, completed, leaf_hash, root
from docsvc.domain.tiles import (
    Tile,
    pack_bundle,
    pack_tile,
    parents,
    parse_path,
    split_hashes,
    tile_root,
    tiles_of,
    unpack_bundle,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(2, 999, 255), "tile/2/999.p/255"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(63, 5), "tile/63/005"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths(tile, path):
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/1",
        "tile/0/0001",
        "tile/0/001/002",
        "tile/entries/000/",
        "tile/data/000",
        "tile/0/٠٠٠",
        "../tile/0/000",
        "checkpoint",
        "",
    ],
)
def test_other_paths_are_no_tiles(path):
    assert parse_path(path) is None


def test_the_specifications_tree_of_70000():
    tiles = list(tiles_of(70_000))
    by_level = {level: [t for t in tiles if t.level == level] for level in (None, 0, 1, 2)}
    assert [len(by_level[level]) for level in (None, 0, 1, 2)] == [274, 274, 2, 1]
    assert by_level[0][-1] == Tile(0, 273, 112)
    assert by_level[1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert by_level[2] == [Tile(2, 0, 1)]
    assert len(tiles) == 551


def test_the_specifications_tree_of_256():
    assert list(tiles_of(256)) == [Tile(None, 0), Tile(0, 0), Tile(1, 0, 1)]


def test_an_empty_tree_has_no_tiles():
    assert list(tiles_of(0)) == []


@given(first=st.integers(0, 70_000), more=st.integers(0, 2000))
def test_what_two_sizes_need_is_what_the_first_had_and_the_difference(first, more):
    size = first + more
    assert set(tiles_of(size)) <= set(tiles_of(first)) | set(tiles_of(size, first))
    assert set(tiles_of(size, first)) <= set(tiles_of(size))
    assert not (more == 0 and list(tiles_of(size, first)))


@given(st.lists(st.binary(max_size=300), max_size=40))
def test_bundles_round_trip(entries):
    assert unpack_bundle(pack_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=200), st.integers(0, 256))
def test_no_bytes_break_the_reading_of_bundles(data, width):
    try:
        entries = unpack_bundle(data, width)
    except ValueError:
        return
    assert pack_bundle(entries) == data


def test_a_tile_agrees_with_the_stored_hashes_over_it():
    leaves = [leaf_hash(b"%d" % i) for i in range(700)]
    stored = completed(0, leaves, {})
    for tile in tiles_of(700):
        over = parents(tile, split_hashes(pack_tile(tile, lambda _: stored), tile.width))
        assert over.items() <= stored.items()
        assert sum(1 << (level - 8 * (tile.level or 0)) for level, _ in over) == tile.width


def test_bundle_limits():
    assert len(pack_bundle([b"x" * 65_535])) == 65_537
    with pytest.raises(ValueError, match="65536 bytes"):
        pack_bundle([b"x" * 65_536])
    with pytest.raises(ValueError, match="inside entry 0"):
        unpack_bundle(b"\x00\x05abc", 1)
    with pytest.raises(ValueError, match="inside entry 1"):
        unpack_bundle(b"\x00\x00\x00", 2)
    with pytest.raises(ValueError, match="2 bytes behind"):
        unpack_bundle(b"\x00\x00\x00\x00", 1)


def test_tiles_hold_hashes_and_hash_into_the_level_above():
    leaves = [leaf_hash(b"%d" % i) for i in range(300)]
    stored = completed(0, leaves, {})
    full = split_hashes(pack_tile(Tile(0, 0), lambda _: stored), 256)
    assert full == leaves[:256]
    assert pack_tile(Tile(1, 0, 1), lambda _: stored) == tile_root(full) == root(256, lambda _: stored)
    assert complete_ranges(0, 256) == [(8, 0)]
    with pytest.raises(MissingHashError):
        pack_tile(Tile(0, 1), lambda _: stored)
    with pytest.raises(ValueError, match="in a tile of 2"):
        split_hashes(b"x" * 65, 2)
