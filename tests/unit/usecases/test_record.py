"""The sequencer: one leaf an event, published in order, whatever fails and whoever else runs."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from docsvc.adapters.notary import KeyFileNotary, TrustedLogKeys, create_log_key
from docsvc.adapters.stores.local import LocalStore
from docsvc.adapters.stores.publisher import LocalPublisher
from docsvc.domain.document import State
from docsvc.domain.errors import LogError, StoreError
from docsvc.domain.note import Checkpoint, parse_note
from docsvc.usecases.record import sequence
from tests.support.registry_office import RegistryOffice


@pytest.fixture
def office(tmp_path):
    office = RegistryOffice(tmp_path / "office")
    yield office
    office.close()


def head(office):
    return Checkpoint.parse(parse_note(office.publisher.published()).text)


def test_an_empty_log_has_a_checkpoint(office):
    assert office.sequence() == 0
    assert head(office).size == 0
    assert office.fsck() == []


def test_documents_are_recorded_when_the_published_checkpoint_covers_them(office):
    first, second = office.issue(2)
    accepted = office.accept()
    assert office.row(first.id).state is State.SEALED
    assert office.sequence() == 5
    assert head(office).size == 5
    assert [office.row(r.id).state for r in (first, second, accepted)] == [
        State.RECORDED,
        State.RECORDED,
        State.ACCEPTED,
    ]
    assert office.sequence() == 0
    office.upgrade(first)
    assert office.row(first.id).state is State.SEALED
    assert office.sequence() == 1
    assert office.row(first.id).state is State.RECORDED
    assert office.fsck() == []


def test_the_store_holds_a_whole_static_log_and_every_checkpoint(office):
    for leaves in (100, 200, 300):
        office.fill(leaves)
        office.sequence()
    names = {p.relative_to(office.log_folder).as_posix() for p in office.log_folder.rglob("*") if p.is_file()}
    assert names == {
        "checkpoint",
        "checkpoints/100",
        "checkpoints/300",
        "checkpoints/600",
        "tile/0/000.p/100",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/1",
        "tile/1/000.p/2",
        "tile/entries/000.p/100",
        "tile/entries/000",
        "tile/entries/001.p/44",
        "tile/entries/001",
        "tile/entries/002.p/88",
    }
    assert (office.log_folder / "checkpoints" / "600").read_bytes() == office.publisher.published()


def test_the_leaf_is_the_event_as_it_was_made(office):
    row = office.issue()[0]
    with office.database.begin() as tx:
        made = [e.entry for e in tx.events.of(row.id)]
    office.sequence()
    with office.database.begin() as tx:
        assert [entry for _, entry in tx.log.entries(0, 2)] == made


class CutOffError(Exception):
    """The process dies here."""


class Failing:
    """Passes calls on until the nth, which fails: before it does anything, or after it has done all."""

    def __init__(self, budget, inner):
        self._budget, self._inner = budget, inner

    def __getattr__(self, name):
        call = getattr(self._inner, name)

        def counted(*args):
            with cut_off(self._budget):
                return call(*args)

        return counted


class FailingDatabase:
    """A database whose nth transaction is cut off: before it begins, or after its commit."""

    def __init__(self, budget, inner):
        self._budget, self._inner = budget, inner

    @contextmanager
    def begin(self):
        with cut_off(self._budget), self._inner.begin() as tx:
            yield tx

    @contextmanager
    def read(self):
        with cut_off(self._budget), self._inner.read() as tx:
            yield tx


@contextmanager
def cut_off(budget):
    budget["left"] -= 1
    now = budget["left"] == 0
    if now and not budget["after"]:
        raise CutOffError
    yield
    if now:
        raise CutOffError


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_cut_off_at_any_call_and_run_again_loses_nothing_and_repeats_nothing(tmp_path, after):
    office = RegistryOffice(tmp_path / "office")
    office.fill(250)
    office.sequence()  # the next batch crosses the end of a tile
    cuts = 0
    documents = []
    for n in range(1, 100):
        documents += office.issue(2)
        budget = {"left": n, "after": after}
        try:
            sequence(
                FailingDatabase(budget, office.database),
                office.notary,
                Failing(budget, office.objects),
                Failing(budget, office.publisher),
            )
        except CutOffError:
            cuts += 1
        else:
            break
        if n % 3 == 0:
            office.issue(1)  # life goes on before anybody runs it again
        office.sequence()
        assert office.fsck() == [], f"cut off at call {n}"
    assert cuts > 10
    assert office.fsck() == []
    assert {office.row(r.id).state for r in documents} == {State.RECORDED}
    with office.database.begin() as tx:
        ids = [event_id for event_id, _ in tx.log.entries(0, tx.log.size())]
        sizes = [size for size, _ in tx.log.checkpoints()]
    assert len(ids) == len(set(ids))
    kept = {int(p.name) for p in (office.log_folder / "checkpoints").iterdir()}
    assert kept == set(sizes), "every checkpoint ever signed is in the store"
    office.close()


def test_what_the_store_lost_before_publication_is_written_again(office, monkeypatch):
    office.issue(3)

    def refuse(_):
        raise StoreError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(office.publisher, "publish", refuse)
        with pytest.raises(StoreError, match="disk full"):
            office.sequence()
    assert office.publisher.published() is None
    shutil.rmtree(office.log_folder / "tile")
    assert office.sequence() == 0
    assert office.fsck() == []


def test_a_lost_store_is_written_anew_from_the_database(office):
    office.fill(300)
    office.sequence()
    shutil.rmtree(office.log_folder)
    office.fill(10)
    office.sequence()
    assert [f for f in office.fsck() if "tile" in f] == []


def test_several_sequencers_at_once_make_one_log(tmp_path):
    office = RegistryOffice(tmp_path / "office")
    office.sequence()
    rows = office.issue(8)

    def run(_):
        other = RegistryOffice(office.folder)
        try:
            for _ in range(3):
                other.issue()
                other.sequence()
        finally:
            other.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    office.sequence()
    assert {office.row(r.id).state for r in rows} == {State.RECORDED}
    assert head(office).size == (8 + 12) * 2
    assert office.fsck() == []
    office.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 2 AND idx = 0", "contradicts"),
        ("DELETE FROM log_hashes WHERE level = 2 AND idx = 0", "no stored hash"),
        ("DELETE FROM log_entries WHERE idx = 5", "ahead of the database"),
        ("DELETE FROM log_checkpoints", "no checkpoint"),
    ],
)
def test_a_log_that_was_altered_is_not_signed_on(office, statement, message):
    office.issue(3)
    office.sequence()
    before = office.publisher.published()
    office.tamper(statement)
    office.issue(1)
    with pytest.raises(LogError, match=message):
        office.sequence()
    assert office.publisher.published() == before


def test_a_database_restored_from_an_old_copy_is_not_signed_on(tmp_path):
    office = RegistryOffice(tmp_path / "office")
    office.issue(2)
    office.sequence()
    office.close()
    shutil.copy(office.path, tmp_path / "old.db")
    office.issue(2)
    office.sequence()
    office.close()
    for leftover in office.folder.glob("docsvc.db*"):
        leftover.unlink()
    shutil.copy(tmp_path / "old.db", office.path)

    again = RegistryOffice(office.folder)
    with pytest.raises(LogError, match="ahead of the database"):
        again.sequence()
    again.fill(20)  # even when it has grown past the published size
    with pytest.raises(LogError, match="ahead of the database"):
        again.sequence()
    again.close()


def test_a_checkpoint_by_another_key_is_not_continued(office, tmp_path):
    office.issue(1)
    office.sequence()
    create_log_key(tmp_path / "other.key")
    other = KeyFileNotary(tmp_path / "other.key", office.origin)
    with pytest.raises(LogError, match="not signed by this log's key"):
        sequence(office.database, other, office.objects, office.publisher)
    renamed = KeyFileNotary(office.folder / "log.key", "another.example/log")
    with pytest.raises(LogError, match="not signed by this log's key"):
        sequence(office.database, renamed, office.objects, office.publisher)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 3 AND idx = 0", "own newest checkpoint"),
        ("UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 0 AND idx = 3", r"tile/entries/000\.p/10"),
        ("UPDATE log_entries SET entry = x'00' WHERE idx = 3", r"tile/entries/000\.p/10"),
        ("DELETE FROM log_checkpoints WHERE size = 10", "differ in size"),
        ("UPDATE log_checkpoints SET note = CAST(replace(CAST(note AS TEXT), '=', 'A=') AS BLOB)", "有误"),
    ],
)
def test_with_an_empty_store_the_database_is_held_against_its_own_signature(office, statement, message):
    """Nothing that was altered gets into a store that keeps it for ever."""
    office.issue(2)
    office.sequence()
    office.issue(3)
    office.sequence()
    shutil.rmtree(office.log_folder)
    office.tamper(statement)
    with pytest.raises(LogError, match=message):
        office.sequence()
    assert office.publisher.published() is None
    assert not list(office.log_folder.rglob("*.p/*"))


def test_an_altered_event_does_not_make_a_document_recorded(office):
    row = office.issue(1)[0]
    office.sequence()
    office.tamper("UPDATE documents SET state = 'sealed', signed_sha256 = ? WHERE id = ?", "ee" * 32, row.id)
    office.sequence()
    assert office.row(row.id).state is State.SEALED


def test_objects_elsewhere_do_not_matter(tmp_path):
    """The same events on another store and publisher give the same published files, but for salts and ids."""
    office = RegistryOffice(tmp_path / "office")
    office.issue(3)
    office.sequence()
    moved = tmp_path / "moved"
    sequence(office.database, office.notary, LocalStore(moved), LocalPublisher(moved))
    for file in office.log_folder.rglob("*"):
        if file.is_file():
            assert (moved / "log" / file.relative_to(office.log_folder)).read_bytes() == file.read_bytes()
    assert TrustedLogKeys([office.notary.vkey]).signer(parse_note((moved / "log" / "checkpoint").read_bytes()))
    office.close()


def test_a_store_that_lost_the_log_gets_all_of_it_again(office):
    for _ in range(3):
        office.issue()
        office.sequence()
    shutil.rmtree(office.log_folder)
    office.sequence()
    assert office.fsck() == []
