from __future__ import annotations

import datetime as dt
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.errors import SetupError
from docsvc.domain.laws import Law, Laws, articles_cited, numeral_value
from docsvc.domain.phrases import numeral
from tests.support.cases import TEMPLATES, laws

DAY = dt.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("text", "articles"),
    [
        ("第十三条", [13]),
        ("第六十一条之一", [61]),
        ("第三十三条第一款", [33]),
        ("第三十六条第二项", [36]),
        ("第五十七条第一款第三项", [57]),
        ("第一千二百六十条", [1260]),
        ("第一百零五条第（三）项", [105]),
        ("第十条、第十二条第二款", [10, 12]),
        ("第十条第一款、第三款", [10]),
        ("第三条至第五条", [3, 5]),
        ("第13条", [13]),
        ("附件一", []),
    ],
)
def test_citations_are_read(text, articles):
    assert articles_cited(text) == articles


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "十三条",
        "第条",
        "第零条",
        "第三三条",
        "第十三",
        "第三条三",
        "第三条、",
        "、第三条",
        "第三款",
        "第0条",
        "三",
    ],
)
def test_what_is_no_citation(text):
    assert articles_cited(text) is None


@given(st.integers(1, 9999))
def test_numerals_are_read_back(n):
    assert numeral_value(numeral(n)) == n
    assert articles_cited(f"第{numeral(n)}条") == [n]


@pytest.mark.parametrize("text", ["", "百十", "十百", "零十", "一百二三", "一二", "甲", "123456", "0", "一百十"])
def test_what_is_no_numeral(text):
    assert numeral_value(text) is None


@given(st.text(alphabet="第条款项目之、至零一二十百千0123456789（） ", max_size=30))
def test_any_text_is_read_or_refused(text):
    found = articles_cited(text)
    assert found is None or all(n > 0 for n in found)


@pytest.mark.parametrize(
    ("law", "day", "expected"),
    [
        (Law("甲法"), DAY, True),
        (Law("甲法", effective=DAY), DAY, True),
        (Law("甲法", effective=DAY), DAY - dt.timedelta(days=1), False),
        (Law("甲法", repealed=DAY), DAY, False),
        (Law("甲法", repealed=DAY), DAY - dt.timedelta(days=1), True),
    ],
)
def test_a_law_is_in_force_from_its_first_day_until_the_day_it_lapses(law, day, expected):
    assert law.in_force(day) is expected


def test_a_law_is_found_by_its_other_titles_and_with_title_marks():
    register = Laws.from_mapping({"law": [{"title": "甲法", "aliases": ["乙法"], "effective": DAY}]})
    assert register.find("《乙法》") is register.find("甲法") is not None
    assert register.find("丙法") is None
    assert Laws.from_mapping({}).find("甲法") is None


@pytest.mark.parametrize(
    "entry",
    [
        {"title": ""},
        {"aliases": ["甲"]},
        {"title": "甲法", "effective": "2020-01-01"},
        {"title": "甲法", "effective": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        {"title": "甲法", "effective": DAY, "repealed": DAY - dt.timedelta(days=1)},
        {"title": "甲法", "articles": 0},
        {"title": "甲法", "articles": True},
        {"title": "甲法", "colour": "red"},
        "甲法",
    ],
)
def test_a_broken_register_is_refused(entry):
    with pytest.raises(SetupError):
        Laws.from_mapping({"law": [entry]})


def test_a_title_stands_once():
    with pytest.raises(SetupError, match="甲法"):
        Laws.from_mapping({"law": [{"title": "甲法"}, {"title": "乙法", "aliases": ["甲法"]}]})


def test_the_register_that_is_delivered():
    entries = tomllib.loads((TEMPLATES / "laws.toml").read_text("utf-8"))["law"]
    assert len(entries) >= 60
    for entry in entries:
        law = laws().find(entry["title"])
        assert not law.replaced_by or laws().find(law.replaced_by), law
        assert not law.replaced_by or law.repealed, law


def test_each_successor_was_in_force_when_its_predecessor_lapsed():
    for law in laws().by_title.values():
        if law.replaced_by:
            assert laws().find(law.replaced_by).in_force(law.repealed), law
