"""fsck finds what was altered, and names leaf and document."""

from __future__ import annotations

import pytest

from docsvc.domain.canonical import sha256_hex
from tests.support.registry_office import RegistryOffice


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """Three documents in a log of eight leaves: 0-5 issued, 6 upgraded, 7 voided."""
    office = RegistryOffice(tmp_path_factory.mktemp("pattern") / "office")
    first, second, _ = office.issue(3)
    office.sequence()
    office.upgrade(first)
    office.void(second)
    office.sequence()
    office.close()
    return office


@pytest.fixture
def office(pattern, tmp_path):
    """A copy to be altered."""
    office = pattern.copy(tmp_path / "office")
    yield office
    office.close()


def test_an_untouched_log_has_no_faults(office):
    assert office.fsck() == []


def test_events_that_wait_and_documents_in_the_making_are_no_faults(office):
    office.accept()
    office.issue(1)
    assert office.fsck() == []


# What an operator with the database in hand could do -> words that the report must hold.
TAMPERED = {
    "event entry": (
        "UPDATE events SET entry = replace(entry, 'B-B', 'B-T') WHERE leaf_index = 3",
        ["leaf 3 (舟示市监建〔2026〕2号): the event's entry is not the leaf's"],
    ),
    "event entry garbage": (
        "UPDATE events SET entry = x'00' WHERE leaf_index = 3",
        ["leaf 3 (舟示市监建〔2026〕2号)", "document 舟示市监建〔2026〕2号: leaf 3"],
    ),
    "leaf": (
        "UPDATE log_entries SET entry = CAST(replace(entry, 'B-B', 'B-T') AS BLOB) WHERE idx = 3",
        ["leaf 3 (舟示市监建〔2026〕2号): its entry is not the one that was hashed", "checkpoint 6, 8"],
    ),
    "leaf garbage": ("UPDATE log_entries SET entry = x'00' WHERE idx = 3", ["leaf 3: ", "checkpoint 6, 8"]),
    "leaf too long for a bundle": (
        "UPDATE log_entries SET entry = zeroblob(70000) WHERE idx = 3",
        ["leaf 3: ", "tile/entries/000.p/6"],
    ),
    "leaf removed": ("DELETE FROM log_entries WHERE idx = 3", ["leaf 3 is missing from the database"]),
    "leaf hash": (
        "UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 0 AND idx = 4",
        ["leaf 4 (舟示市监建〔2026〕3号)"],
    ),
    "node hash": (
        "UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 2 AND idx = 1",
        ["level 2 index 1 (leaves 4 to 7)"],
    ),
    "node hash removed": (
        "DELETE FROM log_hashes WHERE level = 1 AND idx = 0",
        ["level 1 index 0 (leaves 0 to 1)"],
    ),
    "event moved": ("UPDATE events SET leaf_index = 99 WHERE leaf_index = 7", ["its event names leaf 99"]),
    "event retyped": (
        "UPDATE events SET type = 'document.accepted' WHERE leaf_index = 7",
        ["leaf 7 (舟示市监建〔2026〕2号): the event's type"],
    ),
    "event removed": ("DELETE FROM events WHERE leaf_index = 7", ["leaf 7 (舟示市监建〔2026〕2号): its event"]),
    "event given to another": (
        "UPDATE log_entries SET event_id = 'x' WHERE idx = 7",
        ["leaf 7 (舟示市监建〔2026〕2号): its event x is missing"],
    ),
    "checkpoint": (
        "UPDATE log_checkpoints SET note = CAST(replace(note, 'example', 'elpmaxe') AS BLOB) WHERE size = 6",
        ["checkpoint 6: signature wrong", "log/checkpoints/6"],
    ),
    "checkpoint garbage": ("UPDATE log_checkpoints SET note = x'00' WHERE size = 6", ["checkpoint 6:"]),
    "checkpoint removed": (
        "DELETE FROM log_checkpoints WHERE size = 8",
        ["its newest checkpoint covers 6", "a checkpoint 8 that the database has not"],
    ),
    "signed digest": (
        f"UPDATE documents SET signed_sha256 = '{'ee' * 32}' WHERE number = '舟示市监建〔2026〕3号'",
        ["document 舟示市监建〔2026〕3号: its signed_sha256 is not what leaf 5 records"],
    ),
    "unsigned digest": (
        f"UPDATE documents SET unsigned_sha256 = '{'ee' * 32}' WHERE number = '舟示市监建〔2026〕1号'",
        ["document 舟示市监建〔2026〕1号: its unsigned_sha256 is not what leaf 6 records"],
    ),
    "level": (
        "UPDATE documents SET achieved_level = 'B-LTA' WHERE number = '舟示市监建〔2026〕3号'",
        ["document 舟示市监建〔2026〕3号: its PAdES level"],
    ),
    "party": (
        "UPDATE documents SET party_name = '别人' WHERE number = '舟示市监建〔2026〕3号'",
        ["document 舟示市监建〔2026〕3号: leaf 4 says otherwise of: party"],
    ),
    "case": (
        "UPDATE documents SET case_json = '{}' WHERE number = '舟示市监建〔2026〕3号'",
        ["document 舟示市监建〔2026〕3号: its case is not"],
    ),
    "case garbage": (
        "UPDATE documents SET case_json = 'NaN' WHERE number = '舟示市监建〔2026〕3号'",
        ["document 舟示市监建〔2026〕3号: its case is not"],
    ),
    "opening": (
        "UPDATE events SET opening = CAST(replace(opening, '第3公司', '第4公司') AS BLOB) WHERE leaf_index = 4",
        ["document 舟示市监建〔2026〕3号: leaf 4: its opening is not", "says otherwise of: party"],
    ),
    "opening garbage": (
        "UPDATE events SET opening = x'00' WHERE leaf_index = 5",
        ["document 舟示市监建〔2026〕3号: leaf 5: "],
    ),
    "number": (
        "UPDATE documents SET number = '舟示市监建〔2026〕9号' WHERE number = '舟示市监建〔2026〕2号'",
        ["says otherwise of: number", "number 2, 5-8 of 舟示市监建〔2026〕 is missing"],
    ),
    "number far away": (
        "UPDATE documents SET number = '舟示市监建〔2026〕999999999999号' WHERE number = '舟示市监建〔2026〕2号'",
        ["number 2, 5-999999999998 of 舟示市监建〔2026〕 is missing"],
    ),
    "number garbage": (
        "UPDATE documents SET number = 'x' WHERE number = '舟示市监建〔2026〕2号'",
        ["document x: its number is not in the form", "number 2 of 舟示市监建〔2026〕 is missing"],
    ),
    "state": (
        "UPDATE documents SET state = 'recorded' WHERE number = '舟示市监建〔2026〕4号'",
        ["document 舟示市监建〔2026〕4号: it is sealed without an event"],
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_altered_in_the_database_is_named(office, what):
    office.accept()
    statement, words = TAMPERED[what]
    office.tamper(statement.replace("replace(entry", "replace(CAST(entry AS TEXT)")
                  .replace("replace(opening", "replace(CAST(opening AS TEXT)")
                  .replace("replace(note", "replace(CAST(note AS TEXT)"))  # fmt: skip
    report = "\n".join(office.fsck())
    for word in words:
        assert word in report


def test_a_document_removed_with_its_events_is_missed(office):
    office.tamper("DELETE FROM events WHERE leaf_index IN (4, 5)")
    office.tamper("DELETE FROM documents WHERE number = '舟示市监建〔2026〕3号'")
    report = "\n".join(office.fsck())
    assert "leaf 4" in report
    assert "leaf 5" in report


def test_a_document_whose_events_were_removed_is_named(office):
    office.issue(1)
    office.tamper("DELETE FROM events WHERE leaf_index IS NULL")
    report = "\n".join(office.fsck())
    assert "document 舟示市监建〔2026〕4号: it has no event document.accepted" in report
    assert "document 舟示市监建〔2026〕4号: it is sealed without an event" in report


def test_recorded_too_early_is_named(office):
    office.issue(1)
    office.tamper("UPDATE documents SET state = 'recorded' WHERE number = '舟示市监建〔2026〕4号'")
    assert "no published checkpoint covers it" in "\n".join(office.fsck())


def test_the_log_cut_back_consistently_is_still_found(office):
    """The whole database taken back to the first checkpoint: only what is published tells."""
    for table, column in (("log_entries", "idx"), ("log_checkpoints", "size - 1"), ("events", "leaf_index")):
        office.tamper(f"DELETE FROM {table} WHERE {column} >= 6")
    office.tamper("DELETE FROM log_hashes WHERE (idx + 1) << level > 6")
    report = "\n".join(office.fsck())
    assert "the published checkpoint covers 8 leaves, the database has 6" in report


# What an operator with the store in hand could do.
def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


@pytest.mark.parametrize("path", ["tile/0/000.p/8", "tile/0/000.p/6", "tile/entries/000.p/8", "checkpoints/6"])
def test_what_was_altered_in_the_published_log_is_named(office, path):
    office.tamper_object(f"log/{path}", flip)
    (fault,) = office.fsck()
    assert f"log/{path}" in fault


@pytest.mark.parametrize("path", ["tile/0/000.p/8", "tile/entries/000.p/8", "checkpoints/8"])
def test_what_is_missing_in_the_published_log_is_named(office, path):
    (office.log_folder / path).unlink()
    (fault,) = office.fsck()
    assert f"log/{path}" in fault


def test_big_logs_are_checked_tile_by_tile(tmp_path):
    office = RegistryOffice(tmp_path / "office")
    office.fill(600)
    office.sequence()
    assert office.fsck() == []
    office.tamper_object("log/tile/1/000.p/2", flip)
    office.tamper_object("log/tile/0/001", flip)
    office.tamper_object("log/tile/entries/001", flip)
    office.tamper("UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 9 AND idx = 0")
    report = office.fsck()
    assert len(report) == 4
    assert "level 9 index 0 (leaves 0 to 511)" in "\n".join(report)
    office.close()


def test_strangers_in_the_store_are_named(office):
    (office.log_folder / "tile" / "0" / "stranger").write_bytes(b"")
    (office.log_folder / "tile" / "0" / "001").write_bytes(b"")
    (office.log_folder / "checkpoints" / "7").write_bytes(b"")
    report = "\n".join(office.fsck())
    assert "log/tile/0/stranger in the store is not a tile" in report
    assert "log/tile/0/001 in the store covers leaves that the database has not" in report
    assert "a checkpoint 7 that the database has not" in report


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d.replace(b"log.example", b"log.elpmaxe"), "signature or root is wrong"),
        (lambda d: d.replace(b"\n8\n", b"\n7\n"), "signature or root is wrong"),
        (lambda _: b"", "已公布的检查点无法读取"),
    ],
)
def test_an_altered_published_checkpoint_is_named(office, change, word):
    office.tamper_object("log/checkpoint", change)
    assert word in "\n".join(office.fsck())


def test_an_unpublished_checkpoint_is_told(office):
    old = (office.log_folder / "checkpoints" / "6").read_bytes()
    office.tamper_object("log/checkpoint", lambda _: old)
    assert "is not published yet (6 is)" in "\n".join(office.fsck())
    (office.log_folder / "checkpoint").unlink()
    assert "no checkpoint is published" in "\n".join(office.fsck())


def test_a_lost_or_altered_file_is_named_with_its_document(office):
    with office.database.begin() as tx:
        row = tx.documents.find(number="舟示市监建〔2026〕3号")
    key = f"sha256/{row.signed_sha256[:2]}/{row.signed_sha256[2:]}"
    office.tamper_object(key, flip)
    assert "document 舟示市监建〔2026〕3号: its signed file" in "\n".join(office.fsck())
    (office.store_path / key).unlink()
    assert "document 舟示市监建〔2026〕3号: its signed file" in "\n".join(office.fsck())


def test_the_file_before_the_upgrade_must_stay_too(office):
    sealed = sha256_hex(b"%PDF-1.7 of " + "舟示市监建〔2026〕1号".encode() + b" signed")
    (office.store_path / f"sha256/{sealed[:2]}/{sealed[2:]}").unlink()
    (fault,) = office.fsck()
    assert sealed[2:] in fault


def test_a_store_that_hands_back_other_bytes_without_noticing_is_found_out(office):
    class Careless:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            return getattr(self._inner, name)

        def get(self, key):
            data = self._inner.get(key)
            return data[:-1] if key.startswith("sha256/") else data

    office.objects = Careless(office.objects)
    assert "signed file in the store was altered" in "\n".join(office.fsck())


def test_every_fault_is_one_line_of_text(office):
    office.tamper("UPDATE log_entries SET event_id = ?, entry = x'00' WHERE idx = 3", "\n\x1b[31m")
    office.tamper("UPDATE documents SET number = ? WHERE number = '舟示市监建〔2026〕1号'", "\n\x1b[31m")
    assert all("\n" not in fault and "\x1b" not in fault for fault in office.fsck())
