from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.errors import SetupError
from docsvc.domain.measures import Measures
from tests.support.cases import measures

OFFSET = {"law": "甲条例", "article": 40, "first": 33, "last": 38}


def test_the_register_of_the_house_is_whole():
    assert measures().offsets
    assert {t.severity for t in measures().publicity} == {"轻微", "一般", "严重"}
    assert measures().files


def test_an_entry_holds_from_one_day_until_another():
    (scheme,) = Measures.from_mapping(
        {"offset": [{**OFFSET, "effective": dt.date(2026, 1, 1), "repealed": dt.date(2027, 1, 1)}]}
    ).offsets
    days = [dt.date(2025, 12, 31), dt.date(2026, 1, 1), dt.date(2026, 12, 31), dt.date(2027, 1, 1)]
    assert [scheme.holds(d) for d in days] == [False, True, True, False]
    assert scheme.binds("110101")


@pytest.mark.parametrize(
    "broken",
    [
        {"offsets": []},
        {"offset": [{**OFFSET, "rate": 50}]},
        {"offset": [{k: v for k, v in OFFSET.items() if k != "law"}]},
        {"offset": [{**OFFSET, "law": ""}]},
        {"offset": [{**OFFSET, "article": "40"}]},
        {"offset": [{**OFFSET, "first": True}]},
        {"offset": [{**OFFSET, "regions": [3309]}]},
        {"offset": [{**OFFSET, "effective": "2026-01-01"}]},
        {"publicity": [{"severity": "一般", "min_months": 3, "max_months": 12, "shorter": 1}]},
        {"file": [7]},
    ],
)
def test_a_broken_register_is_refused(broken):
    with pytest.raises(SetupError):
        Measures.from_mapping(broken)
