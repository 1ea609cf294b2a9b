from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.calendar import (
    is_known,
    is_working_day,
    known_years,
    months_after,
    working_day_after,
    years_after,
)

BEYOND = dt.date(known_years()[1] + 2, 6, 1)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (dt.date(2026, 10, 1), False),  # National Day
        (dt.date(2026, 10, 8), True),
        (dt.date(2026, 10, 10), True),  # a Saturday that is worked
        (dt.date(2026, 9, 12), False),  # a plain Saturday
        (dt.date(2026, 2, 17), False),  # Spring Festival
        (dt.date(2025, 1, 26), True),  # a Sunday that is worked
    ],
)
def test_days_of_the_published_calendar(day, worked):
    assert is_working_day(day) is worked


def test_seven_working_days_over_the_national_holiday():
    found = working_day_after(dt.date(2026, 9, 29), 7)
    assert (found.day, found.certain) == (dt.date(2026, 10, 14), True)


def test_no_days_after_is_the_day_itself():
    assert working_day_after(dt.date(2026, 10, 1), 0).day == dt.date(2026, 10, 1)


def test_beyond_the_published_calendar_it_says_so():
    assert not is_known(BEYOND)
    assert is_working_day(BEYOND) == (BEYOND.weekday() < 5)
    assert working_day_after(BEYOND, 1).certain is False


def test_a_count_that_runs_out_of_the_published_calendar_is_not_certain():
    last = dt.date(known_years()[1], 12, 31)
    assert working_day_after(last, 1).certain is False
    assert working_day_after(last - dt.timedelta(days=20), 1).certain is True


def test_days_are_not_counted_backwards():
    with pytest.raises(ValueError, match="forwards"):
        working_day_after(BEYOND, -1)


@given(st.dates(dt.date(2005, 1, 1), dt.date(2026, 11, 1)), st.integers(1, 20))
def test_the_nth_working_day_has_n_working_days_up_to_it(start, count):
    end = working_day_after(start, count).day
    days = [start + dt.timedelta(days=i) for i in range(1, (end - start).days + 1)]
    assert sum(map(is_working_day, days)) == count
    assert is_working_day(end)


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (dt.date(2024, 9, 15), 2, dt.date(2026, 9, 15)),
        (dt.date(2024, 2, 29), 1, dt.date(2025, 2, 28)),
        (dt.date(2020, 2, 29), 4, dt.date(2024, 2, 29)),
        (dt.date(9999, 1, 1), 5, dt.date.max),
    ],
)
def test_years_later(start, years, end):
    assert years_after(start, years) == end


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2026, 10, 19), 3, (2027, 1, 19)),
        ((2026, 11, 30), 3, (2027, 2, 28)),
        ((2027, 11, 30), 3, (2028, 2, 29)),
        ((2026, 12, 31), 12, (2027, 12, 31)),
        ((2026, 8, 31), 1, (2026, 9, 30)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2026, 2, 28), 1, (2026, 3, 28)),  # the day, not the end of the month
        ((2026, 10, 19), 0, (2026, 10, 19)),
        ((2026, 12, 1), 36, (2029, 12, 1)),
    ],
)
def test_months_end_on_the_same_day_or_on_the_last_of_a_shorter_month(start, months, end):
    assert months_after(dt.date(*start), months) == dt.date(*end)


@given(st.dates(), st.integers(0, 1200))
def test_months_never_leave_the_month_that_they_end_in(start, months):
    end = months_after(start, months)
    if end != dt.date.max:
        assert (end.year - start.year) * 12 + end.month - start.month == months
        assert end.day == start.day or (end.day < start.day and (end + dt.timedelta(days=1)).day == 1)
