from __future__ import annotations

import datetime as dt

import pytest

from tests.support.cases import ABSENT, broken, changed, sample

NUMBER = "舟示市监不罚〔2026〕12号"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/way": "letter"}, {"V02"}),
        ({"body/way": ABSENT}, {"V02"}),
        ({"body/corrected": None}, {"V02"}),
        ({"body/corrected": "na"}, set()),
        ({"body/lawfulness_rating": 1}, set()),
        ({"body/lawfulness_rating": 0}, {"V02"}),
        ({"body/conduct_rating": 6}, {"V02"}),
        ({"body/conduct_rating": -1}, {"V02"}),
        ({"body/conduct_rating": 4.5}, {"V02"}),
        ({"body/conduct_rating": True}, {"V02"}),
        ({"body/conduct_rating": None}, set()),  # who does not judge is not made to
        ({"body/recurrence": None}, {"SCHEMA"}),
        ({"body/related_doc_no": " "}, {"V01"}),
        ({"body/related_doc_no": ABSENT}, {"V01"}),
        ({"body/related_doc_no": "不罚12号"}, {"G04"}),
        ({"body/next_visit": "2026-10-30"}, {"G07"}),
        ({"body/next_visit": "2026-10-31"}, set()),
    ],
)
def test_the_words_of_a_visit(changes, expected):
    assert broken(changed(sample("followup_record"), changes)) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [(dt.date(2026, 10, 29), set()), (dt.date(2026, 10, 30), {"V01"}), (dt.date(2026, 11, 1), {"V01"})],
)
def test_the_visit_comes_after_the_delivery(day, expected):
    assert broken(sample("followup_record"), delivered={NUMBER: day}) == expected
