"""What no line end may tear: found in running text, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsvc.domain.unbroken import unbroken


def parts(text: str, *names: str) -> list[str]:
    return [text[start:end] for start, end in unbroken(text, names)]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("文书编号：舟示市监诺〔2026〕12号）。", ["〔2026〕12号"]),
        ("银罚决字〔2026〕104-116号", ["〔2026〕104-116号"]),
        ("浙卫监强〔2026〕第 0001号", ["〔2026〕第 0001号"]),
        ("自2026年9月8日9时30分至9月10日", ["2026年9月8日", "9时30分", "9月10日"]),
        ("2026年度、2026年9月底", ["2026年", "2026年9月"]),
        ("处以1,200.50元罚款，约3万元、20亿元", ["1,200.50元", "3万元", "20亿元"]),
        ("在6个月内、5个工作日、3平方米、30%", ["6个月", "5个工作日", "3平方米"]),
        ("￥200，提高5％", ["￥200", "5％"]),
        ("照片4张，第2款", ["4张", "第2款"]),
        ("自收到之日起六十日内，或者六个月内，三万元", ["六十日", "六个月", "三万元"]),
        ("一般程序和十分重要的第三十三条", []),
        ("联系电话：0580-0000001。", ["0580-0000001"]),
        ("执法证号TEST33099900001，CG-021", ["CG-021"]),
        ("版本：2026-1，A-B-C-D-E-F，非-常", ["2026-1"]),
        ("", []),
    ],
)
def test_numbers_dates_and_amounts(text, whole):
    assert parts(text) == whole


def test_names_beside_them():
    assert parts("刘喆喆于2026年9月8日携犬，刘喆喆的犬", "刘喆喆", "") == ["刘喆喆", "2026年9月8日", "刘喆喆"]
    assert parts("王小明、王小明芳", "王小明", "王小明芳") == ["王小明", "王小明芳"]
    assert parts("甲.乙与甲x乙", "甲.乙") == ["甲.乙"]


def test_a_name_that_is_part_of_a_number_does_not_cut_it():
    assert parts("于2026年9月8日", "月8日对") == ["2026年9月8日"]


@settings(deadline=None, max_examples=500)
@given(st.text(st.sampled_from("〔〕2026年9月8日第号元六十个，。甲乙 ")), st.text("甲乙日号", max_size=3))
def test_the_parts_come_in_order_and_never_overlap(text, name):
    end = 0
    for start, stop in unbroken(text, [name]):
        assert end <= start < stop <= len(text)
        assert not text[start:stop].isascii()
        end = stop
