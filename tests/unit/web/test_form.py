import json

import pytest

from docsvc.adapters.case_schema import JsonSchemaCheck
from docsvc.domain.errors import Finding
from docsvc.web.form import Form
from tests.support.workspace import CHECKOUT

TEMPLATES = CHECKOUT / "templates"
CASES = sorted(TEMPLATES.glob("*/cases/valid-*.json"))


def schema_of(doc_type):
    return json.loads((TEMPLATES / doc_type / "schema.json").read_text())


def told(value):
    """Without what says nothing: null, and empty optional lists."""
    if isinstance(value, dict):
        return {k: told(v) for k, v in value.items() if v is not None and v != []}
    return [told(v) for v in value] if isinstance(value, list) else value


def posted(fields):
    """What a browser would send for a form that looks like this."""
    return {f.pointer: f.value.replace("\n", "\r\n") for f in fields.walk() if f.kind not in {"group", "rows"}}


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_a_case_typed_into_the_form_arrives_as_it_is(path):
    case = json.loads(path.read_text())
    form = Form(schema_of(case["doc_type"]))
    values = posted(form.fields(form.typed(case)))
    arrived = form.case(form.compact(form.gather(values)))
    assert told(arrived) == told(case)
    assert JsonSchemaCheck().check(form.schema, arrived) == []


@pytest.mark.parametrize("folder", sorted(p.parent for p in TEMPLATES.glob("*/schema.json")), ids=lambda p: p.name)
def test_every_place_has_a_label_in_both_languages(folder):
    form = Form(schema_of(folder.name))
    typed = form.blank()
    for pointer in [f.pointer for f in form.fields(typed).walk() if f.kind == "rows"]:
        typed = form.with_row(typed, pointer)
    for f in form.fields(typed).walk():
        item_of_a_list = f.pointer.rpartition("/")[2].isdecimal()
        if f.pointer and not item_of_a_list:
            assert f.words.zh, f.pointer
            assert f.words.en, f.pointer
        for option in f.options:
            assert option.words.en, (f.pointer, option)


SCHEMA = {
    "title": "T",
    "properties": {
        "kind": {"const": "x"},
        "when": {"$ref": "#/$defs/day", "title": "何时 When"},
        "count": {"type": ["integer", "null"]},
        "sure": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
        "forbidden": {"description": "不得出现"},
        "inner": {"type": "object", "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/pair"}}}},
        "choice": {"oneOf": [{"enum": ["a", "b", None]}, {"type": "null"}]},
    },
    "type": "object",
    "required": ["when"],
    "$defs": {
        "day": {"type": "string", "format": "date"},
        "pair": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
    },
}


def values_of(form, values):
    return form.case(form.compact(form.gather(values)))


def test_what_is_left_empty_is_left_out():
    form = Form(SCHEMA)
    assert values_of(form, {}) == {"kind": "x"}
    assert values_of(form, {"/inner/rows/0/a": " ", "/count": "", "/sure": ""}) == {"kind": "x"}
    assert values_of(form, {"/inner/rows/3/b": "y", "/inner/rows/1/a": ""}) == {
        "kind": "x",
        "inner": {"rows": [{"b": "y"}]},
    }


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), ("-3", -3), (" 12 ", 12), ("1.5", "1.5"), ("七", "七"), ("٧", "٧")]
)
def test_a_number_that_is_none_stays_as_it_was_typed(text, value):
    assert values_of(Form(SCHEMA), {"/count": text})["count"] == value


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("maybe", "maybe")])
def test_yes_and_no(text, value):
    form = Form(SCHEMA)
    assert values_of(form, {"/sure": text})["sure"] == value
    field = next(f for f in form.fields(form.gather({"/sure": text})).walk() if f.pointer == "/sure")
    assert text in [o.value for o in field.options]


def test_names_that_are_no_place_are_passed_over():
    form = Form(SCHEMA)
    rows = ("/inner/rows/x/a", "/inner/rows/-1/a", "/inner/rows/0", "/inner/rows/99999999/a")
    odd = ("/nowhere", "/inner", "/forbidden", "/kind", "when", "//", *rows)
    assert values_of(form, dict.fromkeys(odd, "y")) == {"kind": "x"}


def test_a_field_for_a_date_is_one_only_while_it_can_show_what_was_typed():
    form = Form(SCHEMA)
    for text, kind in (
        ("", "date"),
        ("2026-01-31", "date"),
        ("2026-1-31", "line"),
        ("2026-02-30", "line"),
        ("明天", "line"),
    ):
        (field,) = [f for f in form.fields(form.gather({"/when": text})).walk() if f.pointer == "/when"]
        assert (field.kind, field.value, field.words.en, field.required) == (kind, text, "When", True)


def test_a_finding_stands_at_the_nearest_place_above_it():
    form = Form(SCHEMA)
    findings = [
        Finding("G01", "/inner/rows/5/zzz", "五", "five"),
        Finding("G02", "/unknown", "无", "none"),
        Finding("G03", "/when", "何", "when"),
    ]
    root = form.fields(form.gather({"/inner/rows/0/a": "x"}), findings)
    at = {f.pointer: [e.rule for e in f.errors] for f in root.walk() if f.errors}
    assert at == {"": ["G02"], "/when": ["G03"], "/inner/rows": ["G01"]}
    assert [f.pointer for f in root.walk() if f.first_wrong] == [""]


def test_a_closed_list_of_ours_and_a_value_outside_it():
    form = Form(SCHEMA, {"/choice": {"a": "甲 A"}})
    (field,) = [f for f in form.fields(form.gather({"/choice": "z"})).walk() if f.pointer == "/choice"]
    assert [(o.value, o.words.zh, o.words.en) for o in field.options] == [("a", "甲", "A"), ("z", "z", "")]
    (field,) = [f for f in Form(SCHEMA).fields(Form(SCHEMA).blank()).walk() if f.pointer == "/choice"]
    assert [o.value for o in field.options] == ["a", "b"]


@pytest.mark.parametrize(
    "case", [None, [], "x", 7, {"inner": []}, {"inner": {"rows": {"0": 1}}}, {"when": {"x": 1}}]
)
def test_anything_at_all_can_be_pasted(case):
    form = Form(SCHEMA)
    assert form.case(form.compact(form.typed(case))) == {"kind": "x"}


def test_a_rules_sentence_in_the_forms_words():
    form = Form(schema_of("advice"))
    root = form.fields(form.blank())
    told_of = root.told(
        Finding(
            "G06", "/party/type", "须为：enterprise、natural_person；缺少uscc", "lacks 'uscc' and legal_rep; a name"
        )
    )
    assert told_of.zh == "须为：企业、自然人；缺少统一社会信用代码"
    assert told_of.en == "lacks Unified social credit code and Legal representative; a name"


def test_what_must_be_named_and_may_be_nothing_is_named_as_nothing():
    form = Form(
        {
            "type": "object",
            "required": ["day", "inner", "must"],
            "properties": {
                "day": {"type": ["string", "null"]},
                "inner": {"type": ["object", "null"], "properties": {"a": {"type": "string"}}},
                "must": {"type": "string"},
            },
        }
    )
    assert values_of(form, {"/must": "x"}) == {"day": None, "inner": None, "must": "x"}
    assert values_of(form, {}) == {"day": None, "inner": None}
    assert values_of(form, {"/inner/a": "y"}) == {"day": None, "inner": {"a": "y"}}
    required = {f.pointer for f in form.fields(form.blank()).walk() if f.required}
    assert required == {"", "/must"}


def test_a_reminder_without_a_filed_case_can_be_typed():
    case = json.loads((TEMPLATES / "reminder" / "cases" / "valid-1.json").read_text())
    case["case"]["filed_on"] = None
    form = Form(schema_of("reminder"))
    arrived = form.case(form.compact(form.gather(posted(form.fields(form.typed(case))))))
    assert arrived["case"] == case["case"]
    assert JsonSchemaCheck().check(form.schema, arrived) == []
