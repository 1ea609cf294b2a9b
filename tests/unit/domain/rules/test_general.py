from __future__ import annotations

import pytest

from tests.support.cases import ABSENT, TYPES, broken, changed, sample

A_DAY_BEFORE_ALL_FACTS = "2025-12-30"


@pytest.mark.parametrize("doc_type", [t for t in TYPES if t != "termination_notice"])
def test_a_document_before_its_facts_breaks_one_rule_even_across_a_year(doc_type):
    assert broken(changed(sample(doc_type), {"issue_date": A_DAY_BEFORE_ALL_FACTS})) == {"G07"}


def test_a_termination_before_its_measure_is_told_by_the_measure():
    assert broken(changed(sample("termination_notice"), {"issue_date": A_DAY_BEFORE_ALL_FACTS})) == {"T02"}


@pytest.mark.parametrize("doc_type", TYPES)
def test_a_document_from_the_future_breaks_one_rule(doc_type):
    assert broken(changed(sample(doc_type), {"issue_date": "2027-06-30"})) == {"G05"}


@pytest.mark.parametrize("doc_type", TYPES)
def test_guidance_and_other_documents_may_have_no_filing_date_but_a_decision_counts_from_it(doc_type):
    expected = {"NP07"} if doc_type == "no_penalty_decision" else set()
    assert broken(changed(sample(doc_type), {"case/filed_on": None})) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"officers/1/cert_no": "TEST33099900001"}, {"G01"}),
        ({"officers/1/cert_no": " TEST33099900001 "}, {"G01"}),
        ({"officers/1/cert_no": ""}, {"G01"}),
        ({"officers/0/role": "协办"}, {"G01"}),
        ({"officers": ABSENT}, {"G01"}),
        ({"copies": ABSENT}, set()),
        ({"copies/party": 2}, {"SCHEMA"}),
        ({"copies/archive": True}, {"SCHEMA"}),
        ({"copies/archive": 1.0}, {"SCHEMA"}),
        ({"party/e_delivery/channel": "pigeon"}, {"SCHEMA"}),
    ],
)
def test_officers_and_copies(changes, expected):
    assert broken(changed(sample("advice"), changes)) == expected


def test_a_third_officer_and_a_recorder_are_welcome():
    case = sample("advice")
    case["officers"].append({"name": "郑测戊", "cert_no": "TEST33099900005", "role": "记录"})
    assert broken(case) == set()


def test_consent_to_electronic_delivery_may_come_after_the_document():
    assert broken(changed(sample("advice"), {"party/e_delivery/confirmed_on": "2026-10-30"})) == set()
