from __future__ import annotations

import copy
import datetime as dt
import json
import re

import pytest

from docsvc.domain.case import strings_of
from docsvc.domain.rules.catalogue import HISTORY, RULES, check_case
from tests.support.cases import ABSENT, TEMPLATES, TYPES, broken, changed, judged, known, sample

CASES = sorted(TEMPLATES.glob("*/cases/*.json"))
# What a case alone can't break: the registry's seal, and what an earlier notice did.
NOT_BY_CASE = {"G09", "T04"}
IDS = {r.id for r in (*RULES, *HISTORY)} - {"SCHEMA"}


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_each_sample_breaks_exactly_the_rules_that_it_names(path):
    data = json.loads(path.read_text("utf-8"))
    case, expected = (data["case"], set(data["expect_rules"])) if "expect_rules" in data else (data, set())
    assert broken(case) == expected
    assert path.stem.startswith("invalid") == bool(expected)


@pytest.mark.parametrize("doc_type", TYPES)
def test_for_each_rule_that_concerns_a_type_there_is_a_sample_that_breaks_it(doc_type):
    shown = set()
    for path in (TEMPLATES / doc_type / "cases").glob("invalid-*.json"):
        shown |= set(json.loads(path.read_text("utf-8"))["expect_rules"])
    assert {r.id for r in RULES if r.concerns(doc_type)} - NOT_BY_CASE <= shown


def test_the_catalogue_has_all_rules_of_its_types():
    numbered = {f"NP{n:02}" for n in range(1, 14)} | {f"T{n:02}" for n in range(1, 5)}
    numbered |= {f"I{n:02}" for n in (1, 2, 3, 4, 5, 6, 8)}
    numbered |= {f"C{n:02}" for n in range(1, 7)} | {f"D{n:02}" for n in (1, 2, 3, 4, 5, 6, 7, 9)} | {"V01", "V02"}
    numbered |= {f"S{n:02}" for n in range(1, 5)} | {"X01", "X02", "A01", "A02", "A03"}
    numbered |= {f"G{n:02}" for n in range(1, 15)}
    assert numbered == IDS


def test_each_rule_has_a_meaning_in_both_languages_and_known_types():
    for rule in RULES:
        assert rule.meaning
        assert rule.meaning_en.isascii()
        assert rule.types <= set(TYPES)


def places(value, way=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*way, key)
            yield from places(item, (*way, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield (*way, str(i))
            yield from places(item, (*way, str(i)))


@pytest.mark.parametrize("doc_type", TYPES)
@pytest.mark.parametrize(
    "value",
    [ABSENT, None, "", "××", [], True, 10**400, "长" * 20_000, "\ud800", "9999-12-31", "0001-01-01"],
    ids=lambda v: "absent" if v is ABSENT else str(v).encode("ascii", "replace").decode()[:12],
)
def test_any_one_fault_at_any_place_is_told_under_one_id_and_never_raises(doc_type, value):
    case = sample(doc_type)
    for way in places(case):
        if way == ("doc_type",):
            continue
        rules = broken(changed(case, {"/".join(way): value}))
        assert len(rules) <= 1, (way, rules)


# Held by the schema.
LISTED = ("/schema", "/doc_type", "/action_code", "/mode", "/choice", "/e_delivery/channel", "/gender")
LISTED += ("/detail/channel", "/stage", "/retention", "/volume", "/kind")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@pytest.mark.parametrize("doc_type", TYPES)
def test_every_text_is_looked_at_for_what_cannot_be_drawn(doc_type):
    case = sample(doc_type)
    for pointer, text in strings_of(case):
        if pointer.endswith(LISTED) or DATE.match(text):
            continue
        rules = broken(changed(case, {pointer[1:]: text + "\ue5d2"}))
        assert rules == {"G12"}, pointer


def test_two_faults_are_two_findings():
    case = changed(sample("advice"), {"officers": [], "body/voluntary_notice": ""})
    assert broken(case) == {"G01", "G13"}


def test_findings_have_places_and_words_in_both_languages():
    for path in CASES:
        data = json.loads(path.read_text("utf-8"))
        for finding in judged(data["case"] if "expect_rules" in data else data):
            assert finding.pointer == "" or finding.pointer.startswith("/")
            assert any("\u4e00" <= c <= "\u9fff" for c in finding.message), finding
            assert finding.message_en
            assert finding.message_en[0] not in "：，。"


def test_the_case_is_not_changed():
    case = sample("no_penalty_decision")
    before = copy.deepcopy(case)
    check_case(case, known(case))
    assert case == before


def test_a_case_issued_on_the_day_it_is_judged_is_accepted():
    case = sample("advice")
    assert broken(case, today=dt.date(2026, 9, 22)) == set()
    assert broken(case, today=dt.date(2026, 9, 21)) == {"G05"}


def test_a_seal_of_another_name_is_refused():
    import dataclasses

    case = sample("advice")
    agency = known(case).agency
    other = dataclasses.replace(agency, seal=dataclasses.replace(agency.seal, name="舟山市示例区公安局"))
    assert broken(case, agency=other) == {"G09"}


CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    "path", [p for p in CASES if p.stem.startswith("invalid")], ids=lambda p: f"{p.parent.parent.name}-{p.stem}"
)
def test_each_fault_is_told_in_both_languages_with_its_place_and_rule(path):
    case = json.loads(path.read_text("utf-8"))["case"]
    for finding in judged(case):
        assert finding.rule in IDS | {"SCHEMA", "REF", "LAW", "CALENDAR", "PLAIN"}
        assert CHINESE.search(finding.message)
        assert len(re.findall(r"[A-Za-z]{2,}", finding.message_en)) >= 2, finding
        assert finding.message != finding.message_en
        value = case
        *way, _ = finding.pointer.split("/")[1:] or [""]
        for step in way:  # what is missing may itself not be there, or stand in something that is not
            value = value[int(step)] if isinstance(value, list) else (value or {}).get(step)


def test_each_rule_says_what_it_means_in_both_languages():
    for rule in (*RULES, *HISTORY):
        assert CHINESE.search(rule.meaning)
        assert re.search(r"[a-z]{2,}", rule.meaning_en)
        assert not CHINESE.search(rule.meaning_en)
