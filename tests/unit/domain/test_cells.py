from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.cells import CUT, Unreadable, typed_value

TEXT = {"type": ["string", "null"]}
DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "local-date-time"}
WORDS = {"type": "string", "x-labels": {"enterprise": "企业 Enterprise", "natural_person": "自然人 Natural person"}}
YEARS = {"type": "integer", "x-labels": {"2": "二年 Two years"}}


@pytest.mark.parametrize(
    ("node", "cell", "value"),
    [
        (TEXT, "00000000001", "00000000001"),
        (TEXT, " 首行\r\n次行 ", " 首行\n次行 "),
        (TEXT, 13800000000, "13800000000"),
        (TEXT, 13800000000.0, "13800000000"),
        (DATE, "2026-09-08", "2026-09-08"),
        (DATE, "2026/9/8", "2026-09-08"),
        (DATE, "2026年9月8日", "2026-09-08"),
        (DATE, dt.datetime.fromisoformat("2026-09-08"), "2026-09-08"),
        (DATE, dt.date(2026, 9, 8), "2026-09-08"),
        (MOMENT, dt.datetime.fromisoformat("2026-09-08T14:29:59.999700"), "2026-09-08T14:30"),
        (MOMENT, "2026/9/8 9:05", "2026-09-08T09:05"),
        (MOMENT, "2026-09-08T14:30:00", "2026-09-08T14:30"),
        (MOMENT, "2026年9月8日 14:30:15", "2026-09-08T14:30:15"),
        ({"type": "boolean"}, "是", True),
        ({"type": "boolean"}, " FALSE ", False),
        ({"type": "boolean"}, True, True),
        ({"type": "integer"}, 3.0, 3),
        ({"type": "integer"}, "12", 12),
        (YEARS, "二年", 2),
        (WORDS, "企业", "enterprise"),
        (WORDS, "企业 Enterprise", "enterprise"),
        (WORDS, "enterprise", "enterprise"),
    ],
)
def test_values_are_typed_by_the_schema(node, cell, value):
    said = typed_value(node, cell)
    assert said == value
    assert type(said) is type(value)


@pytest.mark.parametrize(
    ("node", "cell"),
    [
        (DATE, "2026-02-30"),  # the schema says that there is no such day
        (DATE, "明天"),
        ({"type": "boolean"}, "也许"),
        ({"type": "boolean"}, 1),
        ({"type": "integer"}, "三"),
        ({"type": "integer"}, 2.5),
        (WORDS, "公司"),
    ],
)
def test_what_can_not_be_read_stays_for_the_schema_to_refuse(node, cell):
    assert typed_value(node, cell) == cell


def test_an_unreadable_cell_stays_so_whatever_belongs_there():
    formula = Unreadable("公式", "a formula")
    assert {typed_value(node, formula) for node in (TEXT, DATE, MOMENT, YEARS)} == {formula}


@pytest.mark.parametrize("cell", ["下午", dt.date(2026, 9, 8), 46000.5])
def test_what_is_no_moment_stays_as_text(cell):
    assert typed_value(MOMENT, cell) == str(cell)


def test_a_date_with_a_time_is_no_date():
    assert typed_value(DATE, dt.datetime.fromisoformat("2026-09-08T10:00")) == "2026-09-08T10:00:00"


@pytest.mark.parametrize("cell", [330999198503129011, 3.30999198503129e17, 10**400, "3.30999E+17", "1e+15"])
def test_a_number_that_lost_digits_is_never_taken_for_text(cell):
    assert typed_value(TEXT, cell) is CUT


@pytest.mark.parametrize(
    "cell",
    [
        3.1,
        float("inf"),
        float("nan"),
        dt.time(9, 30),
        True,
        dt.datetime.fromisoformat("2026-09-08"),
        dt.date(2026, 3, 5),
    ],
)
def test_what_a_spreadsheet_made_of_a_text_is_refused(cell):
    assert isinstance(typed_value(TEXT, cell), Unreadable)
