"""Every field of a case as a template may print it, and what its schema lets one rely on."""

from __future__ import annotations

import pytest

from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.wording import context, unworded
from docsvc.domain.wording.fields import Field, fields, fields_of, filled
from tests.support.cases import FOLDER, TYPES
from tests.support.drafts import accepted as accepted_of
from tests.support.drafts import samples

SCHEMA = {
    "type": "object",
    "required": ["day", "kind", "group", "people"],
    "properties": {
        "day": {"type": "string", "format": "date"},
        "at": {"$ref": "#/$defs/moment"},
        "yes": {"type": "boolean"},
        "fine_yuan": {"type": "integer"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "kind": {"enum": ["big", "small"], "x-labels": {"big": "大型 Big", "small": "小型"}},
        "bare": {"enum": ["big", "small"]},
        "text": {"type": ["string", "null"]},
        "words": {"type": "array", "items": {"type": "string"}},
        "flags": {"type": "array", "items": {"type": "boolean"}},
        "group": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "maybe": {"anyOf": [{"type": "object", "properties": {"name": {"type": "string"}}}, {"type": "null"}]},
        "people": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "nick": {"type": "string"}},
            },
        },
        "items": {"type": "string"},
    },
    "$defs": {"moment": {"type": "string", "format": "local-date-time"}},
}


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("day", "2026-10-12", "2026年10月12日"),
        ("at", "2026-10-12T09:30", "2026年10月12日9时30分"),
        ("yes", True, True),
        ("yes", False, False),
        ("fine_yuan", 150, "150元（大写：壹佰伍拾元整）"),
        ("fine_yuan", 10**9, "1000000000元"),
        ("count", 0, "0"),
        ("share", 2.5, "2.5"),
        ("kind", "big", "大型"),
        ("kind", "small", "小型"),
        ("text", " 甲\r\n乙 ", "甲乙"),
        ("text", None, None),
        ("text", {"a": 1}, None),
        ("words", ["甲", None, "乙"], ["甲", "乙"]),
        ("flags", [True, False], ["是", "否"]),
        ("words", None, []),
        ("maybe", None, {"name": None}),
        ("people", [{"name": "甲"}], [{"name": "甲", "nick": None}]),
    ],
)
def test_values_are_said_as_documents_say_them(name, value, printed):
    assert fields(SCHEMA, {name: value})[name] == printed
    assert fields(SCHEMA, {}).keys() == SCHEMA["properties"].keys()


def test_what_every_case_has_and_what_may_be_missing():
    known = fields_of(SCHEMA)
    assert known["day",] == Field("text", always=True, free=True)
    assert known["at",] == Field("text", always=False, free=True)
    assert known["kind",] == Field("text", always=True)
    assert known["bare",] == Field("text", always=False, worded=False)
    assert known["group",] == Field("group", always=True)
    assert known["group", "name"].always
    assert not known["maybe", "name"].always
    assert known["people",].shape == "groups"
    assert known["people", "[]", "name"].always
    assert not known["people", "[]", "nick"].always
    assert known["words",] == Field("texts", always=False)


def test_which_places_a_case_fills():
    case = {"day": "2026-10-12", "people": [{"name": "甲"}, {"nick": "乙"}], "words": [], "text": ""}
    assert filled(SCHEMA, case) == {("day",), ("people", "[]", "name"), ("people", "[]", "nick")}


def test_a_schema_that_grows_without_end_is_refused():
    inner = {f"n{i}": {"$ref": "#/$defs/leaf"} for i in range(50)}
    middle = {f"m{i}": {"type": "object", "properties": inner} for i in range(50)}
    with pytest.raises(TemplateFaultError, match="2000"):
        fields_of({"properties": middle, "$defs": {"leaf": {"type": "string"}}})


@pytest.mark.parametrize("name", TYPES)
def test_our_schemas_name_words_for_all_their_codes(name):
    bare = {path for path, one in fields_of(FOLDER.get(name).schema).items() if not one.worded}
    # Of male and female no words: the form offers 男 and 女 instead.
    assert {path for path in bare if path[-1] != "gender"} <= {("schema",), ("doc_type",)}


@pytest.mark.parametrize("path", samples(), ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_our_wording_passes_no_text_over(path):
    case = accepted_of(path)
    assert unworded(case) == set()
    assert context(case)["fields"]["party"]["name"] == case.case.party_name
