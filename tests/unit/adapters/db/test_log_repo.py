"""The log's rows on real SQLite."""

from __future__ import annotations

import pytest

from docsvc.domain.errors import LogError
from docsvc.domain.merkle import GrowingTree, leaf_hash, root
from tests.support.registry_office import RegistryOffice


@pytest.fixture
def office(tmp_path):
    office = RegistryOffice(tmp_path)
    yield office
    office.close()


def append_all(tx, batch):
    while events := tx.events.unsequenced(batch):
        tx.log.append([(e.id, e.entry) for e in events])


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_leaves_are_appended_with_the_hashes_they_complete(office, batch):
    office.fill(20)
    with office.database.begin() as tx:
        append_all(tx, batch)
        assert tx.log.size() == 20
        tree = GrowingTree()
        for _, entry in tx.log.entries(0, 20):
            tree.add(leaf_hash(entry))
        assert root(20, tx.log.hashes) == tree.root()
    with office.database.begin() as tx:
        (event_id, entry), *_ = tx.log.entries(13, 20)
        assert tx.log.index_of(event_id) == 13
        assert tx.log.index_of("nobody") is None
        event = next(e for e in tx.events.of(tx.documents.search()[0].id) if e.id == event_id)
        assert (event.leaf_index, event.entry) == (13, entry)


def test_twice_is_once(office):
    office.fill(3)
    with office.database.begin() as tx:
        events = [(e.id, e.entry) for e in tx.events.unsequenced(10)]
        tx.log.append(events + events[:1])
        tx.log.append(events)
        assert tx.log.size() == 3
        assert not tx.events.unsequenced(10)
        with pytest.raises(LogError, match="event and leaf 1 differ"):
            tx.log.append([(events[1][0], b"other")])


def test_missing_rows_are_named(office):
    office.fill(6)
    with office.database.begin() as tx:
        append_all(tx, 100)
        assert (0, 0) in tx.log.hashes([(0, 0), (9, 9)])
        assert (9, 9) not in tx.log.hashes([(0, 0), (9, 9)])
        assert tx.log.hashes([]) == {}
        assert tx.log.entries(2, 2) == []
        with pytest.raises(LogError, match="leaf 6"):
            tx.log.entries(4, 8)
    office.tamper("DELETE FROM log_entries WHERE idx = 2")
    office.tamper("DELETE FROM log_hashes WHERE level = 2 AND idx = 0")
    with office.database.begin() as tx:
        with pytest.raises(LogError, match="leaf 2"):
            tx.log.entries(0, 6)
        with pytest.raises(LogError, match="level 2 index 0"):
            root(6, tx.log.hashes)


def test_a_signed_checkpoint_stays(office):
    with office.database.begin() as tx:
        assert tx.log.checkpoint() is None
        tx.log.save_checkpoint(0, b"none")
        tx.log.save_checkpoint(5, b"five")
        tx.log.save_checkpoint(5, b"five")
        assert tx.log.checkpoint() == (5, b"five")
        assert tx.log.checkpoint(0) == (0, b"none")
        assert tx.log.checkpoint(3) is None
        assert tx.log.checkpoints() == [(0, b"none"), (5, b"five")]
        with pytest.raises(LogError, match="another checkpoint at size 5"):
            tx.log.save_checkpoint(5, b"5")
