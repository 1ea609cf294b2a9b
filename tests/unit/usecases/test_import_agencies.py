from __future__ import annotations

import json

import pytest

from docsvc.adapters.case_schema import JsonSchemaCheck
from docsvc.adapters.db.database import SqlDatabase
from docsvc.adapters.pades.seal_image import fault_of, read_picture
from docsvc.adapters.stores.local import LocalStore
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import RegistryRefusedError
from docsvc.domain.identity import uscc_check
from docsvc.pipeline.store import object_key
from docsvc.usecases.import_agencies import SealImages, import_agencies
from tests.support.cases import ABSENT, TEMPLATES, agencies
from tests.support.seal_pictures import bomb, picture, png

SCHEMA = json.loads((TEMPLATES / "agencies.schema.json").read_text("utf-8"))


@pytest.fixture
def database(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'docsvc.db'}")
    yield database
    database.close()


def imported(database, entries):
    return import_agencies(entries, database, JsonSchemaCheck(), SCHEMA)


def registered(database):
    with database.begin() as tx:
        return {a.id: a for a in tx.agencies.list()}


def set_at(entries, place, value):
    *way, last = (int(s) if s.isdigit() else s for s in place.split("/"))
    at = entries
    for step in way:
        at = at[step]
    if value is ABSENT:
        del at[last]
    else:
        at[last] = value


def test_the_sample_is_imported_once(database):
    assert imported(database, agencies()) == 2
    assert imported(database, agencies()) == 0
    assert registered(database)["demo-market"].seal.diameter_mm == 42


def test_an_entry_replaces_the_agency_of_its_id_and_leaves_the_others(database):
    imported(database, agencies())
    entry = agencies()[0]
    entry["phone"] = "0580-0000009"
    assert imported(database, [entry]) == 1
    after = registered(database)
    assert after["demo-market"].phone == "0580-0000009"
    assert "demo-enforcement" in after


@pytest.mark.parametrize(
    ("place", "value", "rule", "pointer"),
    [
        ("0/uscc", "1133099900A1B2C367", "G02", "/0/uscc"),
        ("0/uscc", 7, "G02", "/0/uscc"),
        ("1/seal/name", "舟山市示例区公安局", "G09", "/1/seal/name"),
        ("1/name", "舟山市示例区公安局", "G09", "/1/seal/name"),
        ("1/id", "demo-market", "REGISTRY", "/1/id"),
        ("1/seal/id", "SEAL-TEST-MKT", "REGISTRY", "/1/seal/id"),
        ("0/seal/diameter_mm", 4.2, "REGISTRY", "/0/seal/diameter_mm"),
        ("0/seal/diameter_mm", 420, "REGISTRY", "/0/seal/diameter_mm"),
        ("0/seal/diameter_mm", "42", "SCHEMA", "/0/seal/diameter_mm"),
        ("0/seal/emblem", "lion", "SCHEMA", "/0/seal/emblem"),
        ("0/numbering/reminder", "舟示市监行建", "REGISTRY", "/0/numbering/reminder"),
        ("1/numbering/advice", "舟示市监行建", "REGISTRY", "/1/numbering/advice"),
        ("0/numbering/advice", "舟示〔2026〕", "SCHEMA", "/0/numbering/advice"),
        ("0/court", ABSENT, "SCHEMA", "/0/court"),
        ("0/colour", "red", "SCHEMA", "/0/colour"),
        ("0/id", "../etc", "SCHEMA", "/0/id"),
    ],
)
def test_one_fault_refuses_the_whole_file(database, place, value, rule, pointer):
    entries = agencies()
    set_at(entries, place, value)
    with pytest.raises(RegistryRefusedError) as refused:
        imported(database, entries)
    assert [(f.rule, f.pointer) for f in refused.value.findings] == [(rule, pointer)]
    assert registered(database) == {}


@pytest.mark.parametrize("data", [None, {}, [], "x", [7]])
def test_what_is_no_list_of_agencies(database, data):
    with pytest.raises(RegistryRefusedError) as refused:
        imported(database, data)
    assert {f.rule for f in refused.value.findings} == {"SCHEMA"}


def test_a_word_that_a_registered_agency_numbers_with_is_taken(database):
    imported(database, agencies())
    entry = agencies()[1]
    code = "1133099900D4E5F63"
    entry |= {"id": "demo-other", "uscc": code + uscc_check(code), "seal": {**entry["seal"], "id": "SEAL-OTHER"}}
    with pytest.raises(RegistryRefusedError) as refused:
        imported(database, [entry])
    assert {f.rule for f in refused.value.findings} == {"REGISTRY"}
    assert len(refused.value.findings) == len(entry["numbering"])
    assert "demo-other" not in registered(database)


def test_a_word_may_move_between_agencies_of_one_file(database):
    imported(database, agencies())
    entries = agencies()
    words = [entry["numbering"]["advice"] for entry in entries]
    entries[0]["numbering"]["advice"], entries[1]["numbering"]["advice"] = reversed(words)
    assert imported(database, entries) == 2


@pytest.fixture
def images(tmp_path):
    """A folder of pictures, and a store."""
    return SealImages(lambda name: read_picture(tmp_path / name), fault_of, LocalStore(tmp_path / "objects"))


def with_image(name):
    entries = agencies()
    entries[0]["seal"]["image"] = name
    return entries


def test_a_picture_beside_the_file_is_kept_by_its_digest(database, images, tmp_path):
    data = png(picture())
    (tmp_path / "seal.png").write_bytes(data)
    entries = with_image("seal.png")
    for changed in (2, 0):
        assert import_agencies(entries, database, JsonSchemaCheck(), SCHEMA, images) == changed
    seals = {a.id: a.seal for a in registered(database).values()}
    assert seals["demo-market"].image == sha256_hex(data)
    assert images.objects.get(object_key(sha256_hex(data))) == data
    assert seals["demo-enforcement"].image is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(bomb(), "图片过大"), (b"GIF89a", "不是 PNG"), (None, "读不到")],
    ids=["bomb", "gif", "absent"],
)
def test_one_bad_picture_and_nothing_is_imported(database, images, tmp_path, content, words):
    if content is not None:
        (tmp_path / "seal.png").write_bytes(content)
    with pytest.raises(RegistryRefusedError) as refused:
        import_agencies(with_image("seal.png"), database, JsonSchemaCheck(), SCHEMA, images)
    (finding,) = refused.value.findings
    assert (finding.rule, finding.pointer) == ("REGISTRY", "/0/seal/image")
    assert words in finding.message
    assert registered(database) == {}


@pytest.mark.parametrize(
    "name", ["../seal.png", "/etc/seal.png", "a\\b.png", ".png", "seal.svg", "seal.jpg", "", 7]
)
def test_a_picture_lies_beside_the_file_and_nowhere_else(database, images, name):
    with pytest.raises(RegistryRefusedError) as refused:
        import_agencies(with_image(name), database, JsonSchemaCheck(), SCHEMA, images)
    assert {f.pointer for f in refused.value.findings} == {"/0/seal/image"}


def test_where_no_files_are_a_picture_is_refused(database):
    with pytest.raises(RegistryRefusedError, match="不能导入图片"):
        imported(database, with_image("seal.png"))
