"""Days as the law counts them: working days by the State Council's holiday notices (行政处罚法 第85条)."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass
from functools import cache

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """A day found by counting. `certain` is false where the count left the years whose holidays are known:
    Monday to Friday were then taken for working days, and the published calendar may differ.
    """

    day: dt.date
    certain: bool


@cache
def known_years() -> tuple[int, int]:
    """First and last year whose holidays and make-up days (调休) are known."""
    from chinese_calendar import constants

    return min(constants.holidays).year, max(constants.holidays).year


def is_known(day: dt.date) -> bool:
    """Whether the holiday calendar of that day's year is known."""
    first, last = known_years()
    return first <= day.year <= last


def is_working_day(day: dt.date) -> bool:
    """Whether offices work on `day`; Monday to Friday where its year's holidays are not known."""
    if not is_known(day):
        return day.weekday() < SATURDAY
    import chinese_calendar

    return bool(chinese_calendar.is_workday(day))


def working_day_after(start: dt.date, count: int) -> WorkingDay:
    """The `count`-th working day after `start`; the day of `start` is not counted (民事诉讼法 第八十五条).

    `count` of 0 gives `start` itself. Raises ValueError for a negative count, OverflowError past year 9999.
    """
    if count < 0:
        raise ValueError("working days are counted forwards")
    day, certain = start, True
    while count:
        day += dt.timedelta(days=1)
        certain = certain and is_known(day)
        count -= is_working_day(day)
    return WorkingDay(day, certain)


def months_after(start: dt.date, months: int) -> dt.date:
    """The same day `months` later, the month's last day where it has no such day (民法典 第二百零二条).

    The last day of the calendar past year 9999.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        return dt.date.max
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def years_after(start: dt.date, years: int) -> dt.date:
    """The same day `years` later, 28 February for a leap day; the last day of the calendar past year 9999."""
    year = start.year + years
    if year > dt.MAXYEAR:
        return dt.date.max
    try:
        return start.replace(year=year)
    except ValueError:
        return start.replace(year=year, day=28)
