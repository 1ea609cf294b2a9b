from __future__ import annotations

import pytest

from docsvc.domain.measures import Measures
from tests.support.cases import ABSENT, broken, changed, sample, warned


def notice(n, changes):
    return changed(sample("credit_repair_notice", n), changes)


def months(severity, least, most):
    return {
        "body/severity": severity,
        "body/publicity/min_months": least,
        "body/publicity/max_months": most,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (months("轻微", 0, 3), set()),
        (months("轻微", 0, 1), set()),
        (months("轻微", 0, 0), set()),
        (months("轻微", 1, 3), {"X01"}),
        (months("轻微", 0, 4), {"X01"}),
        (months("一般", 3, 12), set()),
        (months("一般", 3, 11), {"X01"}),
        (months("一般", 12, 36), {"X01"}),
        (months("严重", 12, 36), set()),
        (months("严重", 3, 12), {"X01"}),
        (months("", 3, 12), {"X01"}),
        ({"body/publicity/starts_on": None}, {"X01"}),
        ({"body/penalty_doc_no": "舟示综执不罚〔2026〕21号"}, {"X02"}),
        ({"body/penalty_doc_no": "舟示综执免罚〔2026〕21号"}, {"X02"}),
        ({"body/penalty_doc_no": "不予行政处罚决定书第21号"}, {"G04"}),
        ({"body/penalty_doc_no": ABSENT}, {"X02"}),
        ({"body/legal_basis/0/note": None}, {"G10"}),
    ],
)
def test_a_notice(changes, expected):
    assert broken(notice(2, changes)) == expected


def test_before_the_measure_of_the_law_months_are_not_judged():
    early = {
        "case/violation_on": "2026-03-01",
        "case/discovered_on": "2026-03-01",
        "case/filed_on": "2026-03-02",
        "body/penalty_decided_on": "2026-03-20",
        "body/publicity/starts_on": "2026-03-20",
    }
    assert broken(notice(2, {**early, **months("一般", 1, 2)})) == set()
    assert "X01" in warned(notice(2, early))
    assert "X01" in warned(sample("credit_repair_notice"), measures=Measures())


def test_a_term_that_starts_later_than_the_decision_is_a_warning():
    case = notice(2, {"body/publicity/starts_on": "2026-10-21"})
    assert broken(case) == set()
    assert "X01" in warned(case)
