from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from docsvc.adapters.case_schema import MOST_FINDINGS, JsonSchemaCheck
from docsvc.domain.phrases import WORDS
from tests.support.cases import ABSENT, FOLDER, TEMPLATES, TYPES, changed, sample

CHECK = JsonSchemaCheck()
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a"],
    "properties": {
        "a": {"$ref": "#/$defs/day", "description": "beside a reference"},
        "b": {
            "x-rule": "R01",
            "type": "array",
            "items": {"type": "object", "properties": {"c": {"type": "string"}}},
        },
        "d": {"$ref": "#/$defs/moment"},
        "e/f": {
            "type": "integer",
            "minimum": 1,
            "x-rule": "R02",
            "x-message": "另一句",
            "x-message-en": "other words",
        },
    },
    "patternProperties": {"^no_": {"not": {}, "x-rule": "R03"}},
    "$defs": {
        "day": {"type": "string", "format": "date", "x-rule": "G05"},
        "moment": {"type": "string", "format": "local-date-time"},
    },
}


def found(data, schema=SCHEMA):
    return {(f.rule, f.pointer) for f in CHECK.check(schema, data)}


@pytest.mark.parametrize(
    "day", ["2026-09-31", "2026-02-29", "20260930", "2026-W39-2", "2026-9-3", "", " 2026-09-03", "２026-09-03"]
)
def test_days_that_are_none_are_told_under_the_rule_that_the_schema_names(day):
    assert found({"a": day}) == {("G05", "/a")}


@pytest.mark.parametrize(
    "moment", ["2026-09-30T24:00", "2026-09-31T09:00", "2026-09-30 09:00", "2026-09-30T09:00Z", "2026-09-30"]
)
def test_moments_that_are_none(moment):
    assert found({"a": "2026-09-30", "d": moment}) == {("SCHEMA", "/d")}


def test_real_days_and_moments_pass():
    assert found({"a": "2024-02-29", "d": "2026-09-30T23:59"}) == set()
    assert found({"a": "2024-02-29", "d": "2026-09-30T23:59:59"}) == set()


def test_the_nearest_mark_on_the_way_counts():
    assert found({"a": 1}) == {("G05", "/a")}
    assert found({"a": "2026-09-30", "b": "x"}) == {("R01", "/b")}
    assert found({"a": "2026-09-30", "b": [{"c": 1}]}) == {("R01", "/b/0/c")}


def test_own_words_replace_the_general_ones_and_pointers_are_escaped():
    (finding,) = CHECK.check(SCHEMA, {"a": "2026-09-30", "e/f": 0})
    assert (finding.rule, finding.pointer) == ("R02", "/e~1f")
    assert (finding.message, finding.message_en) == ("另一句", "other words")


def test_missing_and_unknown_members_are_faults_of_shape():
    assert found({}) == {("SCHEMA", "/a")}
    assert found({"a": "2026-09-30", "x": 1, "y~": 2}) == {("SCHEMA", "/x"), ("SCHEMA", "/y~0")}
    assert found({"a": "2026-09-30", "no_way": 1}) == {("R03", "/no_way")}


@pytest.mark.parametrize("data", [None, [], "x", 1, True, 1e308, 10**500])
def test_what_is_no_object(data):
    assert found(data) == {("SCHEMA", "")}


def test_depth_is_refused_without_walking_into_it():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    (finding,) = CHECK.check(SCHEMA, {"a": "2026-09-30", "b": deep})
    assert (finding.rule, finding.pointer) == ("SCHEMA", "")
    while deep:  # taken apart by hand: Python would recurse to free it
        deep = deep.pop()


def test_findings_are_few_and_short_whatever_comes():
    findings = CHECK.check(SCHEMA, {"长" * 10_000: 1, **{f"k{i}": i for i in range(10_000)}})
    assert len(findings) <= MOST_FINDINGS
    assert all(len(f.message) < 200 and len(f.pointer) < 200 for f in findings)


def test_odd_text_does_not_raise():
    assert found({"a": "\ud800", "\ud800": "\x00"}) == {("G05", "/a"), ("SCHEMA", "/\ud800")}


@pytest.mark.parametrize("doc_type", TYPES)
def test_each_schema_is_one_and_refuses_unknown_members_everywhere(doc_type):
    schema = FOLDER.get(doc_type).schema
    Draft202012Validator.check_schema(schema)
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if "properties" in node and "type" in node:
                assert node["additionalProperties"] is False
            todo += node.values()
        elif isinstance(node, list):
            todo += node


def test_what_schemas_share_they_share_to_the_letter():
    shared: dict[str, object] = {}
    for doc_type in TYPES:
        for name, definition in FOLDER.get(doc_type).schema["$defs"].items():
            assert shared.setdefault(name, definition) == definition, (doc_type, name)


@pytest.mark.parametrize("doc_type", TYPES)
def test_unknown_members_are_refused_at_every_level_of_a_case(doc_type):
    case = sample(doc_type)
    schema = FOLDER.get(doc_type).schema
    todo = [("", case)]
    while todo:
        pointer, value = todo.pop()
        if isinstance(value, dict):
            place = f"{pointer}/doc_no"[1:]
            if "doc_no" not in value:
                assert found(changed(case, {place: "甲〔2026〕1号"}), schema) == {("SCHEMA", f"/{place}")}
            todo += [(f"{pointer}/{k}", v) for k, v in value.items()]
        elif isinstance(value, list):
            todo += [(f"{pointer}/{i}", v) for i, v in enumerate(value)]


@pytest.mark.parametrize("name", ["issue_date", "test_data", "party", "case", "body", "agency", "action_code"])
def test_what_every_case_must_have(name):
    schema = FOLDER.get("advice").schema
    assert found(changed(sample("advice"), {name: ABSENT}), schema) == {("SCHEMA", f"/{name}")}


def test_a_name_has_a_hundred_characters_at_most():
    schema = FOLDER.get("advice").schema
    assert found(changed(sample("advice"), {"party/name": "名" * 100}), schema) == set()
    assert found(changed(sample("advice"), {"party/name": "名" * 101}), schema) == {("SCHEMA", "/party/name")}


def test_codes_that_the_schema_lists_have_words_to_print():
    record = FOLDER.get("interview_record").schema
    notice = FOLDER.get("interview_notice").schema
    listed = {
        "channel": record["$defs"]["eDelivery"]["properties"]["channel"]["enum"],
        "gender": record["$defs"]["gender"]["enum"],
        "choice": record["properties"]["body"]["properties"]["choice"]["enum"],
        "mode": notice["properties"]["body"]["properties"]["mode"]["enum"],
    }
    for table, codes in listed.items():
        assert set(codes) - {None} <= set(WORDS[table]), table


def test_the_registry_s_schema_takes_its_sample():
    schema = json.loads((TEMPLATES / "agencies.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert CHECK.check(schema, json.loads((TEMPLATES / "agencies.sample.json").read_text("utf-8"))) == []
