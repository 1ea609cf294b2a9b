"""How often a seal may be used, by the service's own calendar."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from docsvc.domain.custody import Quota, day_of, hour_of, opens_at

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 25, 15, 59, 30, tzinfo=dt.UTC)  # 23:59:30 there
MIDNIGHT = dt.datetime(2026, 11, 26, tzinfo=ZONE)


def test_day_and_hour_begin_where_the_service_stands():
    assert day_of(NOW, ZONE) == dt.datetime(2026, 11, 25, tzinfo=ZONE)
    assert hour_of(NOW, ZONE) == dt.datetime(2026, 11, 25, 23, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("quota", "today", "this_hour", "opens"),
    [
        (Quota(), 10**6, 10**6, None),
        (Quota(daily=5), 4, 4, None),
        (Quota(daily=5), 5, 0, MIDNIGHT),
        (Quota(daily=0), 0, 0, MIDNIGHT),
        (Quota(hourly=5), 9, 4, None),
        (Quota(hourly=5), 9, 5, MIDNIGHT),
        (Quota(daily=9, hourly=5), 9, 0, MIDNIGHT),
    ],
)
def test_one_more_use_or_when(quota, today, this_hour, opens):
    assert opens_at(quota, today, this_hour, NOW, ZONE) == opens


def test_an_hour_opens_before_the_day():
    noon = dt.datetime(2026, 11, 25, 4, 20, tzinfo=dt.UTC)
    assert opens_at(Quota(9, 5), 6, 5, noon, ZONE) == dt.datetime(2026, 11, 25, 13, tzinfo=ZONE)


def test_a_day_of_another_length_opens_at_its_midnight():
    berlin = ZoneInfo("Europe/Berlin")
    autumn = dt.datetime(2026, 10, 25, 12, tzinfo=berlin)  # 25 hours
    assert opens_at(Quota(daily=1), 1, 1, autumn, berlin) == dt.datetime(2026, 10, 26, tzinfo=berlin)
