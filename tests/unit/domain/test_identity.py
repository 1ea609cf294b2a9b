from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.identity import (
    USCC_ALPHABET,
    Resident,
    is_certificate,
    is_uscc,
    read_resident_id,
    resident_check,
    uscc_check,
)

BODIES = st.text(alphabet=USCC_ALPHABET, min_size=17, max_size=17)
BIRTHS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))


def first17(region, birth, order):
    return f"{region:06}{birth:%Y%m%d}{order:03}"


IDS = st.builds(first17, st.integers(110000, 659999), BIRTHS, st.integers(0, 999))


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91330999MA0TEXT12Y", "92330999MA0TEXT20N"])
def test_known_codes_of_organisations(code):
    """The first is GB 32100-2015's own example."""
    assert is_uscc(code)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_known_numbers_of_people(number):
    """Both are GB 11643-1999's own examples."""
    resident = read_resident_id(number)
    assert resident is not None
    assert f"{resident.birth:%Y%m%d}" == number[6:14]


def test_what_a_number_says():
    assert read_resident_id("11010519491231002X") == Resident(dt.date(1949, 12, 31), "女")
    assert read_resident_id("330999199211059036") == Resident(dt.date(1992, 11, 5), "男")


@given(BODIES, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_one_wrong_character_of_a_code_is_always_found(body, place, other):
    code = body + uscc_check(body)
    assert is_uscc(code)
    wrong = code[:place] + other + code[place + 1 :]
    assert is_uscc(wrong) == (wrong == code)


@given(IDS, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_digit_of_a_number_is_always_found(body, place, other):
    number = body + resident_check(body)
    assert read_resident_id(number) is not None
    wrong = number[:place] + other + number[place + 1 :]
    assert (read_resident_id(wrong) is not None) == (wrong == number)


@given(IDS, st.integers(0, 15))
def test_two_digits_of_a_number_swapped_are_always_found(body, place):
    number = body + resident_check(body)
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (read_resident_id(wrong) is not None) == (wrong == number)


@given(st.text(max_size=40))
def test_any_text_is_judged_without_an_error(text):
    is_uscc(text)
    read_resident_id(text)
    is_certificate(text)


@pytest.mark.parametrize("text", ["", "９１350100M000100Y43", "91350100M000100Y43\n", "91350100M000100y43"])
def test_what_only_looks_like_a_code(text):
    assert not is_uscc(text)


@pytest.mark.parametrize("text", ["", "11010519491231002x", "１１０105194912310021", "11010519491231002X\n"])
def test_what_only_looks_like_a_number(text):
    assert read_resident_id(text) is None


def test_a_day_that_is_none_is_refused_though_the_check_character_is_right():
    body = "33099919920230903"
    assert read_resident_id(body + resident_check(body)) is None


@pytest.mark.parametrize(
    ("text", "right"), [("E12345678", True), ("H60123456(7)", True), ("12", False), ("?" * 9, False)]
)
def test_other_certificates_by_length_and_characters(text, right):
    assert is_certificate(text) is right
