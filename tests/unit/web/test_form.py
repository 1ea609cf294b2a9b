import json

import pytest

from docsvc.adapters.case_schema import JsonSchemaCheck
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
