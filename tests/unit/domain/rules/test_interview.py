from __future__ import annotations

import datetime as dt

import pytest

from tests.support.cases import ABSENT, broken, changed, judged, registry, sample, warned
from tests.support.sealing import agency


@pytest.mark.parametrize(
    ("issued", "start", "expected"),
    [
        ("2026-09-10", "2026-09-11T00:00", set()),
        ("2026-09-10", "2026-09-10T23:59", {"I02"}),
        ("2026-09-18", "2026-09-20T09:00", set()),  # Friday; Sunday is worked for the National Day holiday
        ("2026-09-11", "2026-09-13T09:00", {"I02"}),  # Friday to Sunday
        ("2026-09-30", "2026-10-07T09:00", {"I02"}),
        ("2026-09-30", "2026-10-08T09:00:00", set()),
    ],
)
def test_one_working_day_of_notice(issued, start, expected):
    case = changed(sample("interview_notice"), {"issue_date": issued, "body/scheduled_start": start})
    assert broken(case) == expected


def test_urgency_needs_a_reason_and_does_not_turn_time_back():
    same_day = changed(sample("interview_notice"), {"body/scheduled_start": "2026-09-10T17:00"})
    assert broken(changed(same_day, {"body/urgent_reason": "危及安全"})) == set()
    assert broken(changed(same_day, {"body/urgent_reason": " "})) == {"I02"}
    earlier = {"body/urgent_reason": "危及安全", "body/scheduled_start": "2026-09-09T17:00"}
    assert broken(changed(same_day, earlier)) == {"I02"}


def test_where_holidays_are_not_known_the_case_is_accepted_with_a_warning():
    late = {"issue_date": "2030-09-30", "body/scheduled_start": "2030-10-01T09:00"}
    case = changed(sample("interview_notice"), late)
    assert broken(case, today=dt.date(2030, 10, 1)) == set()
    assert warned(case, today=dt.date(2030, 10, 1)) == {"CALENDAR"}


def test_where_holidays_are_not_known_a_saturday_may_be_worked_and_only_the_day_itself_is_refused():
    friday = {"issue_date": "2030-09-27", "body/scheduled_start": "2030-09-28T09:00"}
    case = changed(sample("interview_notice"), friday)
    assert broken(case, today=dt.date(2030, 10, 1)) == set()
    assert warned(case, today=dt.date(2030, 10, 1)) == {"CALENDAR"}
    case["body"]["scheduled_start"] = "2030-09-27T17:00"
    assert broken(case, today=dt.date(2030, 10, 1)) == {"I02"}


OWN, OTHER = "舟山市示例区市场监督管理局", "舟山市示例区综合行政执法局"


def test_a_seal_that_the_registry_lacks_is_named_by_its_place():
    case = changed(sample("interview_notice"), {"body/mode": "joint", "body/agencies": [OWN, "某局", OTHER]})
    (found,) = judged(case)
    assert (found.rule, found.pointer, found.severity) == ("I04", "/body/agencies/1", "error")
    assert "某局" in found.message


def test_two_agencies_of_one_name_are_none():
    known = [*registry().values(), agency(7, OTHER)]
    case = changed(sample("interview_notice"), {"body/mode": "joint", "body/agencies": [OWN, OTHER]})
    assert broken(case, registered=known) == {"I04"}


def test_seven_seals_have_no_room():
    names = [f"舟山市示例区第{n}局" for n in "一二三四五六"]
    known = [agency(n, name) for n, name in enumerate(names)]
    six, seven = (
        changed(sample("interview_notice"), {"body/mode": "joint", "body/agencies": [OWN, *names[:n]]})
        for n in (5, 6)
    )
    assert broken(six, registered=known) == set()
    assert broken(seven, registered=known) == {"I04"}


def test_the_agency_that_issues_usually_comes_first():
    case = changed(sample("interview_notice"), {"body/mode": "joint", "body/agencies": [OTHER, OWN]})
    assert warned(case) == {"I04"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/mode": "group"}, set()),
        ({"body/agencies": []}, {"I04"}),
        ({"body/agencies": ABSENT}, {"I04"}),
        ({"body/mode": "joint", "body/agencies/0": "舟山市示例区综合行政执法局"}, {"I04"}),
        ({"body/mode": "joint", "body/agencies": ["舟山市示例区市场监督管理局"] * 2}, {"I04"}),
        ({"body/mode": "joint", "body/agencies": [OWN, OTHER]}, set()),
        ({"body/mode": "joint", "body/agencies": [f" {OWN}", OTHER, OTHER]}, set()),
        ({"body/mode": "joint", "body/agencies": [OTHER, OWN]}, set()),
        ({"body/mode": "joint", "body/agencies": [OWN, "舟山市示例区无此局"]}, {"I04"}),
        ({"body/mode": "secret"}, {"SCHEMA"}),
    ],
)
def test_agencies_of_a_notice(changes, expected):
    assert broken(changed(sample("interview_notice"), changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/end": "2026-09-16T09:30"}, {"I01"}),
        ({"body/end": "2026-09-16T09:31"}, set()),
        ({"body/end": "2026-09-17T09:31"}, {"I01"}),
        ({"body/start": "2026-09-17T09:30"}, {"I01"}),
        ({"body/start": "2026-09-10T09:30", "body/end": "2026-09-10T10:00"}, set()),
        ({"body/start": "2026-10-10T09:30", "body/end": "2026-10-10T10:00"}, {"G07"}),
        ({"body/start": "2026-11-10T09:30", "body/end": "2026-11-10T10:00"}, {"G07"}),  # and not I08
        ({"body/notice/issued_on": "2026-09-17"}, {"I02"}),
        ({"body/notice/issued_on": ABSENT}, {"I02"}),
        ({"body/notice/doc_no": ""}, {"I02"}),
        ({"body/recorder/name": "陈测甲"}, set()),  # an interviewing officer may write
        ({"body/recorder/name": " 林示例 "}, {"I03"}),
        ({"body/signatures": ABSENT}, {"I05"}),
        ({"body/signatures/refused": True}, {"I05"}),
        ({"body/rights_notified": None}, {"I06"}),
        ({"body/choice_notified": False}, {"I06"}),
        ({"body/choice": "decline"}, set()),
        ({"body/correction_deadline": "2026-09-16"}, {"I08"}),
        ({"body/correction_deadline": "2026-09-17"}, set()),
        ({"body/correction_deadline": None}, set()),
        ({"body/interviewers": ABSENT}, {"G01"}),
        ({"body/interviewers/1/cert_no": "TEST33099900001"}, {"G01"}),
        ({"body/interviewee/id_no": "E12345678"}, set()),
        ({"body/interviewee/id_no": "??"}, {"G03"}),
        ({"body/interviewee/id_no": ABSENT}, set()),
    ],
)
def test_a_record(changes, expected):
    assert broken(changed(sample("interview_record"), changes)) == expected
