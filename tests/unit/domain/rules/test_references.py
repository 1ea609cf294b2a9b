from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from docsvc.domain.rules.catalogue import Reference, references_in
from tests.support.cases import TYPES, broken, changed, sample, warned

NOTICE = Reference(
    "interview_notice", "demo-market", "13309992600031", "舟山示例鲜多多水产品有限公司", dt.date(2026, 9, 10)
)
COMMITMENT = Reference(
    "commitment", "demo-market", "13309992600031", "舟山示例鲜多多水产品有限公司", dt.date(2026, 9, 8)
)
DECISION = Reference(
    "no_penalty_decision",
    "demo-market",
    "13309992600031",
    "舟山示例鲜多多水产品有限公司",
    dt.date(2026, 9, 29),
    title="不予行政处罚决定书",
    e_agreed=True,
)
CITING = {
    "delivery_receipt": ("舟示市监不罚〔2026〕12号", DECISION, "D02"),
    "followup_record": ("舟示市监不罚〔2026〕12号", DECISION, "V01"),
    "interview_record": ("舟示市监约通〔2026〕2号", NOTICE, "I02"),
    "no_penalty_decision": ("舟示市监诺〔2026〕12号", COMMITMENT, "NP13"),
    "termination_notice": ("舟示市监诺〔2026〕12号", COMMITMENT, "T02"),
}
PENALTY = "舟示市监罚决〔2026〕88号"  # of no type of ours
OTHERWISE = [
    {"doc_type": "archive_index", "title": "案卷目录"},
    {"agency_id": "demo-enforcement"},
    {"party_name": "舟山示例他人有限公司"},
    {"issue_date": dt.date(2026, 11, 1)},
]


def test_the_numbers_that_a_case_cites():
    cited = {t: references_in(sample(t)) for t in TYPES}
    numbers = {t: [number] for t, (number, _, _) in CITING.items()} | {"credit_repair_notice": [PENALTY]}
    assert cited == {t: numbers.get(t, []) for t in TYPES}
    assert references_in(sample("no_penalty_decision", 3)) == []
    assert references_in(sample("delivery_receipt", 3)) == ["舟示综执不罚〔2026〕22号"]
    assert references_in({"doc_type": "delivery_receipt", "body": {"documents": 7}}) == []
    assert references_in({}) == []
    assert references_in({"doc_type": "interview_record", "body": {"notice": 7}}) == []


@pytest.mark.parametrize("doc_type", CITING)
def test_a_document_of_this_service_that_agrees_is_accepted_without_a_word(doc_type):
    number, issued, _ = CITING[doc_type]
    case = sample(doc_type)
    assert broken(case, references={number: issued}) == set()
    assert warned(case, references={number: issued}) == set()


@pytest.mark.parametrize("doc_type", CITING)
@pytest.mark.parametrize("otherwise", OTHERWISE, ids=lambda o: next(iter(o)))
def test_a_document_of_this_service_that_disagrees_is_refused(doc_type, otherwise):
    number, issued, rule = CITING[doc_type]
    other = dataclasses.replace(issued, **otherwise)
    assert broken(sample(doc_type), references={number: other}) == {rule}


@pytest.mark.parametrize("doc_type", CITING)
def test_a_case_with_a_fault_of_its_own_is_not_told_of_the_documents_that_it_cites(doc_type):
    number, issued, _ = CITING[doc_type]
    other = dataclasses.replace(issued, party_name="舟山示例他人有限公司")
    assert broken(changed(sample(doc_type), {"officers": []}), references={number: other}) == {"G01"}
    assert warned(changed(sample(doc_type), {"officers": []})) == set()


@pytest.mark.parametrize("doc_type", CITING)
def test_another_action_code_alone_is_a_warning(doc_type):
    number, issued, _ = CITING[doc_type]
    joined = {number: dataclasses.replace(issued, action_code="13309992600032")}
    assert broken(sample(doc_type), references=joined) == set()
    assert warned(sample(doc_type), references=joined) == {"REF"}


@pytest.mark.parametrize("doc_type", CITING)
def test_a_document_of_others_is_accepted_with_a_warning(doc_type):
    assert broken(sample(doc_type)) == set()
    assert warned(sample(doc_type)) == {"REF"}


def test_a_measure_need_not_have_begun_on_the_day_of_its_document():
    reminder = Reference(
        "reminder", "demo-enforcement", "23309992600057", "舟山市示例区岱样例五金店", dt.date(2026, 9, 18)
    )
    case = sample("termination_notice", 2)
    assert case["body"]["measure"]["started_on"] == "2026-09-15"
    assert broken(case, references={"舟示综执行提〔2026〕11号": reminder}) == set()


@pytest.mark.parametrize("kind", ["interview_notice", "interview_record"])
def test_an_interview_may_be_cited_by_its_notice_or_its_record(kind):
    case = changed(sample("termination_notice"), {"body/measure/type": "interview"})
    issued = dataclasses.replace(COMMITMENT, doc_type=kind)
    assert broken(case, references={"舟示市监诺〔2026〕12号": issued}) == set()


@pytest.mark.parametrize(
    "number",
    [
        "舟示市监约通[2026]2号",
        "舟示市监约通（2026）2号",
        "舟示市监约通(2026)2号",
        "舟示市监约通【2026】2号",
        "舟示市监约通〔2026〕02号",
        "舟示市监约通〔2026〕第2号",
        "舟示市监约通〔2026〕2",
        "舟示市监约通2026-2",
        "〔2026〕2号",
        "舟示市监约通〔26〕2号",
        "舟示市监约通〔2026〕2号 ",
        "舟示市监约通〔2025〕2号",
        "舟示市监约通〔2027〕2号",
    ],
)
def test_numbers_not_in_form_or_of_another_year(number):
    assert broken(changed(sample("interview_record"), {"body/notice/doc_no": number})) == {"G04"}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("舟示市监立[2026]31号", {"G04"}),
        ("舟示市监立〔2026〕第31号", {"G04"}),
        ("舟示市监立〔2027〕31号", {"G04"}),
        ("33090020260000031", set()),  # a platform's code is no document number
        ("舟示市监立〔2025〕31号", set()),
    ],
)
def test_case_numbers(number, expected):
    assert broken(changed(sample("advice"), {"case/case_no": number})) == expected


def test_a_policy_is_cited_in_the_form_of_its_number():
    assert broken(changed(sample("termination_notice"), {"body/basis/doc": "舟政办发[2023]47号"})) == {"G04"}
    assert broken(changed(sample("termination_notice"), {"body/basis/doc": "舟政办发〔2028〕47号"})) == {"G04"}


def test_a_penalty_is_decided_elsewhere_so_a_document_of_ours_is_no_penalty():
    case = sample("credit_repair_notice")
    assert warned(case) == {"REF"}
    decision = dataclasses.replace(COMMITMENT, doc_type="no_penalty_decision", issue_date=dt.date(2026, 10, 19))
    assert broken(case, references={PENALTY: decision}) == {"X02"}
