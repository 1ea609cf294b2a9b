"""A published log is checked from its files alone; whatever is wrong in them is said, and nothing raises."""

from __future__ import annotations

import pytest

from docsvc.adapters.log_reader import FolderLog
from docsvc.adapters.notary import KeyFileNotary, TrustedLogKeys, create_log_key
from docsvc.domain.merkle import GrowingTree, leaf_hash
from docsvc.domain.note import Checkpoint
from docsvc.domain.tiles import Tile, pack_bundle, tiles_of
from docsvc.usecases.check_log import MAX_FAULTS, check_log
from tests.support.registry_office import RegistryOffice


class Shelf:
    """A log in memory, made with nothing but the specification: any size, any fault."""

    def __init__(self, notary, size, origin="log.example/shelf"):
        self.entries = [b"entry %d" % i for i in range(size)]
        leaves = [leaf_hash(e) for e in self.entries]
        self.files = {}
        for tile in tiles_of(size):
            if tile.level is None:
                self.files[tile.path] = pack_bundle(self.entries[tile.first : tile.first + tile.width])
            else:
                span = 256**tile.level
                self.files[tile.path] = b"".join(
                    _root(leaves[(tile.first + i) * span : (tile.first + i + 1) * span]) for i in range(tile.width)
                )
        self.files["checkpoint"] = notary.sign(Checkpoint(origin, size, _root(leaves)).text)

    def read(self, path, limit):
        data = self.files.get(path)
        assert data is None or len(data) <= limit
        return data


def _root(leaves):
    tree = GrowingTree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


@pytest.fixture
def notary(tmp_path):
    create_log_key(tmp_path / "log.key")
    return KeyFileNotary(tmp_path / "log.key", "log.example/shelf")


@pytest.fixture
def keys(notary):
    return TrustedLogKeys([notary.vkey])


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 513, 1000])
def test_good_logs_of_any_size(notary, keys, size):
    verdict = check_log(Shelf(notary, size), keys)
    assert verdict.faults == ()
    assert verdict.checkpoint.size == size
    assert f"log.example/shelf, {size} 条" in verdict.summary
    assert "signed by log.example/shelf" in verdict.summary


def test_our_own_published_folder(tmp_path):
    office = RegistryOffice(tmp_path / "office")
    for leaves in (200, 100, 1):
        office.fill(leaves)
        office.sequence()
    assert check_log(FolderLog(office.log_folder), office.keys).faults == ()
    office.tamper_object("log/tile/entries/001.p/45", lambda d: d.replace(b"downloaded", b"deadloaded", 1))
    (first, *_) = check_log(FolderLog(office.log_folder), office.keys).faults
    assert "entry 25" in first or "entry 2" in first
    office.close()


def test_a_full_tile_stands_in_for_a_partial_one_that_was_deleted(notary, keys):
    old, grown = Shelf(notary, 300), Shelf(notary, 512)
    old.files = {
        **{p: d for p, d in old.files.items() if not p.startswith(("tile/0/001", "tile/entries/001"))},
        "tile/0/001": grown.files["tile/0/001"],
        "tile/entries/001": grown.files["tile/entries/001"],
    }
    assert check_log(old, keys).faults == ()


def test_a_log_without_bundles_is_checked_by_its_hashes(notary, keys):
    shelf = Shelf(notary, 300)
    shelf.files = {p: d for p, d in shelf.files.items() if "entries" not in p}
    verdict = check_log(shelf, keys)
    assert verdict.faults == ()
    assert "no entry bundles" in verdict.summary


def test_without_keys_the_signature_is_said_to_be_unchecked(notary):
    assert "NOT checked" in check_log(Shelf(notary, 3), None).summary


def test_trust(notary, tmp_path):
    create_log_key(tmp_path / "other.key")
    other = KeyFileNotary(tmp_path / "other.key", "log.example/shelf")
    (fault,) = check_log(Shelf(notary, 3), TrustedLogKeys([other.vkey])).faults
    assert "no trusted key" in fault
    shelf = Shelf(notary, 3)
    shelf.files["checkpoint"] = shelf.files["checkpoint"].replace(b"\n3\n", b"\n2\n")
    (fault,) = check_log(shelf, TrustedLogKeys([notary.vkey])).faults
    assert "signature of log.example/shelf is wrong" in fault


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/88", "tile/entries/001", "tile/1/000.p/2"])
def test_every_bit_counts(notary, keys, path):
    for at in (0, 5, -1):
        shelf = Shelf(notary, 600)
        data = bytearray(shelf.files[path])
        data[at] ^= 1
        shelf.files[path] = bytes(data)
        assert check_log(shelf, keys).faults


@pytest.mark.parametrize("path", [t.path for t in tiles_of(600)])
def test_every_file_counts(notary, keys, path):
    shelf = Shelf(notary, 600)
    del shelf.files[path]
    assert any(path in fault for fault in check_log(shelf, keys).faults)


@pytest.mark.parametrize("path", [t.path for t in tiles_of(600)])
@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"\x00" * 31])
def test_malformed_files_are_named(notary, keys, path, data):
    shelf = Shelf(notary, 600)
    shelf.files[path] = data
    assert any(path in fault for fault in check_log(shelf, keys).faults)


def test_entries_swapped_with_their_tiles_still_miss_the_root(notary, keys):
    shelf, forged = Shelf(notary, 300), Shelf(notary, 301)
    forged.files["checkpoint"] = shelf.files["checkpoint"]
    for tile in (Tile(0, 1, 44), Tile(None, 1, 44)):
        data = forged.files[Tile(tile.level, 1, 45).path]
        forged.files[tile.path] = data[-44 * 32 :] if tile.level == 0 else data[2 + len(b"entry 256") :]
    faults = check_log(forged, keys).faults
    assert any("root computed from the entries" in fault for fault in faults)


def test_missing_leaves_stop_the_reading(notary, keys):
    shelf = Shelf(notary, 600)
    del shelf.files["tile/0/001"], shelf.files["tile/entries/001"]
    assert "gave up" in check_log(shelf, keys).faults[-1]


def test_nothing_at_all(keys):
    class Nothing:
        def read(self, *_):
            return None

    assert "no checkpoint" in check_log(Nothing(), keys).faults[0]


def test_a_size_that_no_one_could_read_is_not_begun(notary, keys):
    shelf = Shelf(notary, 3)
    shelf.files["checkpoint"] = notary.sign(Checkpoint("log.example/shelf", 10**18, bytes(32)).text)
    assert "more than" in check_log(shelf, keys).faults[0]
    assert "more than 2 " in check_log(Shelf(notary, 3), keys, max_leaves=2).faults[0]


def test_a_log_that_is_wrong_everywhere_gets_a_short_list(notary, keys):
    shelf, other = Shelf(notary, 300), Shelf(notary, 300)
    other.entries = [b"forged %d" % i for i in range(300)]
    for i, (start, end) in enumerate([(0, 256), (256, 300)]):
        shelf.files[Tile(None, i, end - start).path] = pack_bundle(other.entries[start:end])
    verdict = check_log(shelf, keys)
    assert len(verdict.faults) == MAX_FAULTS + 1
    assert "gave up" in verdict.faults[-1]


def test_nothing_in_a_log_reaches_the_terminal_unseen(notary):
    shelf = Shelf(notary, 1, origin="log\x9b31m\u202egnp")
    verdict = check_log(shelf, None)
    assert verdict.faults == ()
    assert verdict.summary.isprintable()
    shelf.files["checkpoint"] = shelf.files["checkpoint"].replace(b"\n1\n", b"\n2\n")
    assert all(fault.isprintable() for fault in check_log(shelf, None).faults)
