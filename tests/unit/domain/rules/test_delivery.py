from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from docsvc.domain.rules.catalogue import Reference
from tests.support.cases import ABSENT, broken, changed, sample, warned

ELECTRONIC, DIRECT, LEFT, POST, ANNOUNCED, ENTRUSTED = range(1, 7)


@pytest.mark.parametrize(
    ("n", "changes", "expected"),
    [
        (ELECTRONIC, {"body/method": "carrier"}, {"D01"}),
        (ELECTRONIC, {"body/method": ABSENT}, {"D01"}),
        (ELECTRONIC, {"body/method": "transfer"}, set()),
        (ELECTRONIC, {"body/documents/0/issue_date": "2026-09-30"}, set()),
        (ELECTRONIC, {"body/documents/0/issue_date": "2026-10-01"}, {"D02"}),
        (ELECTRONIC, {"body/delivered_at": "2026-09-28T09:00"}, {"D02"}),
        (ELECTRONIC, {"body/detail/system_arrival_at": "2026-10-01T00:00"}, {"G07"}),
        (ELECTRONIC, {"body/detail/system_arrival_at": None}, set()),
        (ELECTRONIC, {"body/detail": None}, set()),  # the party's own consent remains
        (ELECTRONIC, {"body/detail": None, "party/e_delivery/confirmed_on": None}, {"D05"}),
        (ELECTRONIC, {"body/detail/consent_confirmed_on": "2026-09-30"}, set()),
        (ELECTRONIC, {"body/detail/consent_confirmed_on": "2026-10-01"}, {"D05"}),
        (ELECTRONIC, {"party/e_delivery": {"agreed": False}}, {"D05"}),
        (ELECTRONIC, {"body/documents": []}, {"SCHEMA"}),
        (ELECTRONIC, {"body/deliverers": None}, {"G01"}),
        (DIRECT, {"body/detail/signer_relation": None}, {"D07"}),
        (DIRECT, {"body/detail/signer_relation": "同住成年家属", "body/detail/signer": "孙示例"}, set()),
        (DIRECT, {"body/detail/signer": "孙示例"}, {"D07"}),  # says to be the operator
        (DIRECT, {"body/detail/signer": "孙示例", "body/recipient": "孙示例"}, set()),  # another recipient's affair
        (DIRECT, {"body/detail": ABSENT}, {"D07"}),
        (DIRECT, {"body/recipient": "赵样例", "body/detail/signer_relation": None}, set()),
        (DIRECT, {"body/detail/signed_at": "2026-10-08T09:00"}, {"D02"}),
        (DIRECT, {"body/detail/signed_at": "2026-10-10T09:00"}, {"G07"}),
        (LEFT, {"body/detail/witness": None}, set()),
        (LEFT, {"body/detail/av_evidence": ""}, set()),
        (LEFT, {"body/detail/witness": " ", "body/detail/av_evidence": ""}, {"D03"}),
        (LEFT, {"body/detail/refuse_reason": ABSENT}, {"D03"}),
        (POST, {"body/detail/tracking_no": None}, {"D04"}),
        (POST, {"body/detail/received_on": None}, {"D04"}),
        (POST, {"body/detail/received_on": "2026-10-07"}, {"D04"}),
        (POST, {"body/detail/received_on": "2026-10-10"}, {"G07"}),
        (POST, {"body/detail/signer_relation": ""}, {"D07"}),
        (ANNOUNCED, {"body/detail/deemed_on": "2026-11-10"}, {"D06"}),
        (ANNOUNCED, {"body/detail/deemed_on": None}, {"D06"}),
        (ANNOUNCED, {"body/detail/announced_on": None}, {"D06"}),
        (ANNOUNCED, {"body/detail/announced_on": "2026-11-13"}, {"G07"}),
        (ANNOUNCED, {"body/delivered_at": "2026-11-10T00:00"}, {"D06"}),
        (ANNOUNCED, {"body/delivered_at": "2026-11-13T00:00"}, {"G07"}),
        (ENTRUSTED, {"body/detail/signer": None}, set()),
    ],
)
def test_ways_of_delivery(n, changes, expected):
    assert broken(changed(sample("delivery_receipt", n), changes)) == expected


@pytest.mark.parametrize(
    ("issued", "delivered", "warnings"),
    [
        ("2026-09-14", "2026-09-22", set()),  # Sunday the 20th is worked for the National Day holiday
        ("2026-09-14", "2026-09-23", {"D02"}),
        ("2026-09-29", "2026-10-16", {"D02"}),
        ("2026-09-29", "2026-10-13", set()),  # seven days of holiday between
    ],
)
def test_more_than_seven_working_days_is_a_warning(issued, delivered, warnings):
    changes = {"issue_date": "2026-10-20", "body/delivered_at": f"{delivered}T09:00", "body/detail": None}
    case = changed(sample("delivery_receipt"), {**changes, "body/documents/0/issue_date": issued})
    case = changed(case, {"body/documents/0/doc_no": None})
    assert broken(case) == set()
    assert warned(case) == warnings


def test_beyond_the_published_calendar_the_count_is_doubted_aloud():
    changes = {"issue_date": "2031-10-20", "body/delivered_at": "2031-10-13T09:00", "body/detail": None}
    case = changed(sample("delivery_receipt"), {**changes, "body/documents/0/issue_date": "2031-09-29"})
    case = changed(case, {"body/documents/0/doc_no": None})
    assert warned(case, today=dt.date(2031, 11, 1)) == {"D02", "CALENDAR"}
    case["body"]["documents"][0]["issue_date"] = "2031-10-10"
    assert warned(case, today=dt.date(2031, 11, 1)) == {"CALENDAR"}


def test_an_announcement_is_in_time_by_the_day_it_was_made():
    assert warned(sample("delivery_receipt", ANNOUNCED)) == {"REF"}
    late = changed(sample("delivery_receipt", ANNOUNCED), {"body/documents/0/issue_date": "2026-09-14"})
    assert warned(late) == {"REF", "D02"}


DECISION = Reference(
    "no_penalty_decision",
    "demo-market",
    "13309992600031",
    "舟山示例鲜多多水产品有限公司",
    dt.date(2026, 9, 29),
    title="不予行政处罚决定书",
)


def test_an_electronic_decision_needs_an_online_channel_for_reconsideration():
    issued = {"舟示市监不罚〔2026〕12号": DECISION}
    case = changed(sample("delivery_receipt"), {"body/detail/consent_confirmed_on": "2026-09-30"})
    assert broken(case, references=issued) == {"D09"}
    assert broken(changed(case, {"body/detail/online_channel": "测试复议网"}), references=issued) == set()
    by_hand = {"body/method": "direct", "body/detail": {"signer": "林示例", "signer_relation": "法定代表人"}}
    assert broken(changed(case, by_hand), references=issued) == set()


def test_a_consent_before_a_document_whose_case_had_none_is_refused():
    issued = {"舟示市监不罚〔2026〕12号": DECISION}
    case = sample("delivery_receipt")
    assert broken(case, references=issued) == {"D05"}
    agreed = {"舟示市监不罚〔2026〕12号": dataclasses.replace(DECISION, e_agreed=True)}
    assert broken(case, references=agreed) == set()


def test_the_second_document_is_looked_at_too_and_named():
    case = sample("delivery_receipt")
    case["body"]["documents"].append({**case["body"]["documents"][0], "doc_no": "舟示市监不罚〔2026〕02号"})
    assert broken(case) == {"G04"}
    case["body"]["documents"][1]["doc_no"] = "舟示市监不罚〔2025〕2号"
    assert broken(case) == {"G04"}


def test_a_document_under_another_title_is_refused():
    issued = {"舟示市监不罚〔2026〕12号": dataclasses.replace(DECISION, e_agreed=True)}
    case = changed(sample("delivery_receipt"), {"body/documents/0/title": "行政处罚决定书"})
    assert broken(case, references=issued) == {"D02"}
