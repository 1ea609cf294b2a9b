"""Dates, numerals, citations and words for codes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain import phrases
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.laws import numeral_value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-09-22", "2026年9月22日"),
        ("2026-12-01", "2026年12月1日"),
        (dt.date(2028, 2, 29), "2028年2月29日"),
        (None, ""),
    ],
)
def test_dates_have_no_padding(value, words):
    assert phrases.date(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-09-16T09:30", "2026年9月16日9时30分"),
        ("2026-09-16T09:05", "2026年9月16日9时5分"),
        ("2026-09-23T14:00", "2026年9月23日14时00分"),
        (None, ""),
    ],
)
def test_moments(value, words):
    assert phrases.moment(value) == words


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "零"),
        (6, "六"),
        (10, "十"),
        (15, "十五"),
        (60, "六十"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1005, "一千零五"),
        (1260, "一千二百六十"),
        (9999, "九千九百九十九"),
    ],
)
def test_numerals(n, words):
    assert phrases.numeral(n) == words


@given(st.integers(1, 9999))
def test_numerals_read_back_as_laws_are_read(n):
    assert numeral_value(phrases.numeral(n)) == n


@pytest.mark.parametrize("n", [-1, 10_000])
def test_numerals_beyond_four_digits_are_refused(n):
    with pytest.raises(ValueError, match=str(n)):
        phrases.numeral(n)


def test_citations():
    price = {"law": "中华人民共和国价格法", "article": "第十三条"}
    noted = {"law": "《信用修复管理办法》", "article": None, "note": "自2026年4月1日起施行"}
    assert (
        phrases.citations([price, noted])
        == "《中华人民共和国价格法》第十三条、《信用修复管理办法》（自2026年4月1日起施行）"
    )


def test_items_become_one_enumeration_without_doubled_stops():
    assert phrases.listed(["甲", "乙。", "丙"]) == ["1.甲；", "2.乙。", "3.丙。"]
    assert phrases.listed([]) == []


def test_texts_end_once_and_empty_ones_stay_empty():
    assert [phrases.ended(t) for t in ("甲", "甲。", "甲？", "")] == ["甲。", "甲。", "甲？", ""]


def test_lines_become_paragraphs():
    assert phrases.paragraphs("甲\r\n\n  乙 \n") == ["甲", "乙"]


def test_a_person_without_certificate_or_role():
    assert phrases.person({"name": "甲", "role": "主办", "cert_no": "T1"}) == "甲（主办，执法证号T1）"
    assert phrases.person({"name": "甲", "cert_no": "T1"}) == "甲（执法证号T1）"
    assert phrases.person({"name": "甲"}) == "甲"


def test_codes_have_words():
    assert phrases.word("party.type", "enterprise") == "企业"
    assert phrases.word("channel", "当面扫码") == "当面扫码"
    with pytest.raises(TemplateFaultError, match="arbitration"):
        phrases.word("mode", "arbitration")


@pytest.mark.parametrize(
    ("yuan", "words"),
    [
        (0, "零"),
        (10, "壹拾"),
        (50, "伍拾"),
        (105, "壹佰零伍"),
        (110, "壹佰壹拾"),
        (200, "贰佰"),
        (2015, "贰仟零壹拾伍"),
        (10_000, "壹万"),
        (10_050, "壹万零伍拾"),
        (123_456, "壹拾贰万叁仟肆佰伍拾陆"),
    ],
)
def test_money_is_written_in_figures_and_in_capitals(yuan, words):
    assert phrases.money(yuan) == f"{yuan}元（大写：{words}元整）"
