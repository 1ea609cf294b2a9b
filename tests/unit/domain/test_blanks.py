"""What a blank form keeps of a sample, and what it does not."""

from __future__ import annotations

import json
import re

import pytest

from docsvc.domain.blanks import KEPT, blank_context
from docsvc.domain.phrases import RULE
from docsvc.domain.wording import context
from tests.support.drafts import accepted, samples

each_sample = pytest.mark.parametrize("path", samples(), ids=lambda p: f"{p.parent.parent.name}-{p.stem}")


def blank(path):
    case = accepted(path)
    return blank_context(context(case), case.case.data)


def texts(value, key=""):
    """Every text under `value` that a form may print, but for labels and for what a form keeps."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in KEPT | {"label", "scan"}:
                yield from texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, key)
    elif isinstance(value, str):
        yield value


@each_sample
def test_nothing_of_the_case_is_left(path):
    case = accepted(path).case.data
    printed = "\n".join(texts(blank(path)))
    party, officers = case["party"], case["officers"]
    people = [*(officer[key] for officer in officers for key in ("name", "cert_no"))]
    for fact in (
        party["name"],
        party.get("address"),
        party.get("phone"),
        case["action_code"],
        case["case"]["place"],
    ):
        assert not fact or fact not in printed
    assert not [fact for fact in people if fact in printed]
    assert not re.search(r"\d{4}年|〔\d{4}〕|\d{6}", printed)


@each_sample
def test_labels_title_and_the_words_of_the_law_stay(path):
    case, form = accepted(path), blank(path)
    told = context(case)
    assert form["title"] == told["title"]
    assert [row["label"] for row in form["info"]] == [row["label"] for row in told["info"]]
    assert form["info"][0] == {"label": "文书名称", "value": told["title"]}
    assert form["number"] == f"{RULE * 4}〔{RULE * 4}〕{RULE * 2}号"
    if notice := case.case.data["body"].get("voluntary_notice"):
        assert notice in json.dumps(form["body"], ensure_ascii=False)
    assert not form["test_data"]


def test_a_word_of_a_closed_table_becomes_a_choice_and_a_sentence_keeps_its_words():
    path = next(p for p in samples() if p.parent.parent.name == "no_penalty_decision")
    form = blank(path)
    assert {"label": "当事人类型", "value": "□企业　□个体工商户　□自然人　□其他组织"} in form["party"]["rows"]
    year, two = RULE * 4, RULE * 2
    assert form["body"]["correction"] == (
        f"当事人已于{year}年{two}月{two}日改正违法行为，本机关于{year}年{two}月{two}日复查确认。"
    )
    assert form["body"]["reconsideration"]["days"] == "六十日"
    assert form["body"]["ground"] == context(accepted(path))["body"]["ground"]


def test_a_longer_fact_leaves_more_room():
    path = next(p for p in samples() if p.parent.parent.name == "advice")
    body = blank(path)["body"]
    assert set(body["problem"][0]) == {RULE}
    assert len(body["problem"][0]) > 28 * 2  # more than two lines
    assert re.fullmatch(rf"1\.{RULE}+；", body["suggestions"][0])
