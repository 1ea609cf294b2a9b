"""What a leaf says, what it keeps to itself, and that nothing else can be read as one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.canonical import canonical_json, sha256_hex
from docsvc.domain.document import Level
from docsvc.domain.errors import LogError
from docsvc.domain.leaf import SEALED, make_event, parse_leaf, parse_opening
from tests.support.registry_office import NOON, document_row

ID = "7d1f4c1e-0b3a-4f0e-9a53-0b8c1c2f4d11"


@pytest.fixture
def row():
    return document_row(
        7,
        "11111111-2222-3333-4444-555555555555",
        docx_sha256="bb" * 32,
        unsigned_sha256="cc" * 32,
        signed_sha256="dd" * 32,
        achieved_level=Level.B_T,
    )


@pytest.fixture
def event(row):
    return make_event(row, id=ID, type=SEALED, at=NOON, salt=b"s" * 32, detail={"why": "因"})


def test_the_leaf_and_its_opening_say_what_the_row_says(row, event):
    leaf, opening = parse_leaf(event.entry), parse_opening(event.opening)
    assert (leaf.event_id, leaf.document, leaf.type, leaf.at) == (ID, sha256_hex(row.id.encode()), SEALED, NOON)
    assert (leaf.template_sha256, leaf.signed_sha256) == ("aa" * 32, "dd" * 32)
    assert (leaf.target, leaf.achieved) == (Level.B_LTA, Level.B_T)
    assert leaf.commitment == sha256_hex(event.opening)
    assert opening.facts == {
        "number": row.number,
        "doc_type": "advice",
        "agency": "demo-market",
        "party": row.party_name,
        "action_code": row.action_code,
        "issue_date": "2026-10-12",
    }
    assert opening.sha256["case"] == row.case_sha256
    assert opening.detail == {"why": "因"}
    assert opening.salt == (b"s" * 32).hex()


def test_the_leaf_names_no_one_and_can_not_be_guessed(row, event):
    text = event.entry.decode()
    for secret in (row.id, row.number, row.party_name, row.action_code, row.agency_id, "2026-10-12T00"):
        assert secret not in text
    for guessable in (row.case_sha256, row.docx_sha256, row.unsigned_sha256):
        assert guessable not in text
    other = make_event(row, id=ID, type=SEALED, at=NOON, salt=b"t" * 32)
    assert parse_leaf(other.entry).commitment != parse_leaf(event.entry).commitment


def test_leaf_and_opening_are_canonical_json(event):
    for data in (event.entry, event.opening):
        assert canonical_json(json.loads(data)) == data


def test_the_time_is_written_in_utc(row):
    beijing = NOON.astimezone(dt.timezone(dt.timedelta(hours=8)))
    event = make_event(row, id=ID, type=SEALED, at=beijing, salt=b"s" * 32)
    assert json.loads(event.entry)["at"] == "2026-10-12T04:00:00.000000Z"
    assert event.at == NOON


def test_salt_and_zone_are_required(row):
    with pytest.raises(ValueError, match="31 bytes"):
        make_event(row, id=ID, type=SEALED, at=NOON, salt=b"s" * 31)
    with pytest.raises(ValueError, match="zone"):
        make_event(row, id=ID, type=SEALED, at=NOON.replace(tzinfo=None), salt=b"s" * 32)


def test_an_unsigned_document_has_no_level(row):
    row = dataclasses.replace(row, signed_sha256=None, achieved_level=None)
    leaf = parse_leaf(make_event(row, id=ID, type="document.accepted", at=NOON, salt=b"s" * 32).entry)
    assert (leaf.signed_sha256, leaf.achieved) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema="docsvc.leaf/3"),
        lambda d: d.pop("commitment"),
        lambda d: d.update(commitment="XY" * 32),
        lambda d: d.update(event_id=5),
        lambda d: d.update(at="2026-10-12T04:00:00"),
        lambda d: d.update(at="noon"),
        lambda d: d.update(sha256=[]),
        lambda d: d.update(pades={"target": "B-X", "achieved": None}),
    ],
)
def test_other_leaves_are_refused(event, change):
    data = json.loads(event.entry)
    change(data)
    with pytest.raises(LogError, match="leaf"):
        parse_leaf(canonical_json(data))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema="docsvc.leaf/1"),
        lambda d: d.update(facts=[]),
        lambda d: d["facts"].update(number=5),
        lambda d: d["sha256"].update(case="short"),
        lambda d: d.update(detail="text"),
        lambda d: d.pop("salt"),
    ],
)
def test_other_openings_are_refused(event, change):
    data = json.loads(event.opening)
    change(data)
    with pytest.raises(LogError, match="opening"):
        parse_opening(canonical_json(data))


def test_only_one_form_of_the_same_json_is_a_leaf(event):
    for data in (event.entry + b" ", b" " + event.entry, event.entry.replace(b'{"at"', b'{"at":1,"at"')):
        with pytest.raises(LogError):
            parse_leaf(data)


@given(st.binary(max_size=100) | st.just(b"[" * 20_000) | st.just(b"5") | st.just(b'{"schema":NaN}'))
def test_no_bytes_break_the_reading(data):
    with pytest.raises(LogError):
        parse_leaf(data)
    with pytest.raises(LogError):
        parse_opening(data)


def test_a_leaf_of_the_first_form_is_still_read(event, row):
    data = json.loads(event.entry)
    del data["document"]
    first = canonical_json(data | {"schema": "docsvc.leaf/1", "document_id": row.id})
    assert parse_leaf(first) == parse_leaf(event.entry)
    with pytest.raises(LogError):
        parse_leaf(canonical_json(data | {"document_id": row.id}))
