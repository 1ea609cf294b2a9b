from __future__ import annotations

import pytest

from docsvc.domain.identity import resident_check
from docsvc.domain.rules.grounds import GROUNDS, PENALTY_LAW
from tests.support.cases import ABSENT, broken, changed, laws, sample

FIRST, MINOR, NO_FAULT, CHILD = 1, 2, 3, 4


def decision(n, changes):
    return broken(changed(sample("no_penalty_decision", n), changes))


def on(code, **more):
    ground = GROUNDS[code]
    return {
        "body/ground": {
            "code": code,
            "text": ground.formulas[0],
            "law": PENALTY_LAW,
            "article": ground.articles[0],
        },
        **more,
    }


@pytest.mark.parametrize("code", [c for c in GROUNDS if GROUNDS[c].formulas])
def test_each_form_of_the_words_and_each_place_of_a_ground_are_its_own(code):
    for other, ground in GROUNDS.items():
        for text in ground.formulas:
            for article in ground.articles:
                changes = {"body/ground": {"code": code, "text": text, "law": PENALTY_LAW, "article": article}}
                assert ("NP01" in decision(FIRST, changes)) == (other != code)


def test_every_statutory_ground_stands_within_the_law():
    articles = laws().find(PENALTY_LAW).articles
    assert articles == 86


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/ground/text": "有证据足以证明没有主观过错的，不予行政处罚。"}, set()),
        ({"body/ground/text": "当事人没有主观过错，不予行政处罚"}, {"NP01"}),
        ({"body/ground/article": "第三十三条"}, set()),
        ({"body/ground/article": "第三十四条"}, {"NP01"}),
        ({"body/ground/law": "行政处罚法"}, set()),
        ({"body/ground/law": "中华人民共和国行政许可法"}, {"NP01"}),
        ({"body/ground/law": ""}, {"NP01"}),
        ({"body/ground/article": ABSENT}, {"NP01"}),
        ({"body/ground": None}, {"NP01"}),
        ({"body/ground/code": "first_minor"}, {"NP01"}),
        ({"body/evidence": ABSENT}, {"NP04"}),
        ({"body/fault_excluded": ABSENT}, {"NP04"}),
        ({"body/harm": "serious"}, set()),
        ({"body/harm": "terrible"}, {"SCHEMA"}),
        ({"body/harm": "none "}, {"SCHEMA"}),
        ({"body/first_violation_check/result": "有3次记录"}, set()),
        ({"body/correction": None}, set()),
        ({"body/education": ABSENT}, {"NP06"}),
        ({"body/education/on": None}, {"NP06"}),
        ({"body/education/content": " "}, {"NP06"}),
    ],
)
def test_no_fault(changes, expected):
    assert decision(NO_FAULT, changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/harm": "none"}, set()),
        ({"body/harm": ABSENT}, {"NP03"}),
        ({"body/correction": ABSENT}, {"NP03"}),
        ({"body/first_violation_check/done": False}, {"NP03"}),
        ({"body/first_violation_check/checked_on": None}, {"NP03"}),
        ({"body/first_violation_check/result": "有记录"}, {"NP03"}),
        ({"body/first_violation_check/result": "无法查询"}, {"NP03"}),
        ({"body/first_violation_check/result": "未查询到相关记录"}, set()),
        ({"body/first_violation_check/result": "经查询，无违法记录。"}, set()),
        ({"body/list_item/effective_from": "2026-09-08"}, set()),
        ({"body/list_item/effective_from": "2026-09-09"}, {"NP05"}),
        ({"body/list_item/effective_from": "2026-09-09", "body/list_item/newer_and_lighter": True}, set()),
        ({"body/list_item/effective_from": "2026-10-09", "body/list_item/newer_and_lighter": True}, {"NP05"}),
        ({"body/list_item/effective_to": "2026-09-08"}, set()),
        ({"body/list_item/effective_to": "2026-09-07"}, {"NP05"}),
        ({"body/list_item/effective_to": "2025-09-07"}, {"NP05"}),
        ({"body/list_item/item_no": ""}, {"NP05"}),
        ({"body/list_item": ABSENT}, {"NP05"}),
        ({"case/violation_on": "2025-12-31"}, {"NP05"}),
        ({"case/violation_on": "2019-12-31"}, {"NP05"}),
        ({"body/remedies": None}, {"NP08"}),
        ({"body/remedies/reconsideration/days": 90}, set()),
        ({"body/remedies/reconsideration/days": 59}, {"NP08"}),
        ({"body/remedies/reconsideration": ABSENT}, {"NP08"}),
        ({"body/remedies/litigation/months": 12}, {"NP08"}),
        ({"body/remedies/litigation/months": "六"}, {"NP08"}),
        ({"body/remedies/litigation/court": "舟山市中级人民法院"}, {"NP08"}),
        ({"body/remedies/reconsideration/online_channel": "浙江省行政复议局网上平台"}, set()),
        ({"body/correction/corrected_on": None}, {"NP09"}),
        ({"body/correction/corrected_on": "2026-10-09"}, {"NP09"}),
        ({"body/correction/recheck_on": "2026-10-09"}, {"G07"}),
        ({"body/correction/recheck_on": "2026-09-07"}, {"NP09"}),
        ({"body/correction/recheck_on": None}, set()),
        ({"body/decision": "不予行政处罚，处以警告"}, {"NP11"}),
        ({"body/decision": "现决定对当事人不予行政处罚。"}, set()),
        ({"body/decision": ABSENT}, {"NP11"}),
        ({"body/penalty_amount": 0}, {"NP11"}),
        ({"body/statement_defence/content": "请求处500元罚款"}, {"NP11"}),
        ({"body/statement_defence/content": "当事人请求免予罚款，予以采纳"}, set()),
        ({"body/facts": "当事人决定停产停业整改，检查时此处已关闭。"}, set()),
        ({"body/commitment_fulfilled": True}, set()),
        ({"body/commitment_doc_no": None}, set()),
        ({"body/commitment_doc_no": "舟示市监诺〔2025〕12号"}, {"G04"}),
    ],
)
def test_first_violation(changes, expected):
    assert decision(FIRST, changes) == expected


@pytest.mark.parametrize(
    ("filed", "issued", "expected"),
    [
        ("2026-07-01", "2026-09-29", set()),  # day 90
        ("2026-06-30", "2026-09-29", {"NP07"}),
        ("2026-02-28", "2026-09-29", {"NP07"}),
    ],
)
def test_ninety_days_are_calendar_days(filed, issued, expected):
    days = {"case/filed_on": filed, "case/discovered_on": filed, "case/violation_on": filed, "issue_date": issued}
    assert decision(FIRST, days) == expected
    assert decision(FIRST, {**days, "body/extension_no": "舟示市监延〔2026〕1号"}) == set()


def test_a_filing_date_far_too_early_is_told_once_and_with_an_extension_still_told():
    assert decision(FIRST, {"case/filed_on": "2026-05-01"}) == {"NP07"}
    assert decision(FIRST, {"case/filed_on": "2026-05-01", "body/extension_no": "延1号"}) == {"G07"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"case/violation_on": "2024-09-14"}, set()),
        ({"case/violation_on": "2024-09-15"}, {"NP10"}),
        ({"case/violation_on": "2024-09-01", "body/limitation": {"ended_on": "2026-09-01"}}, {"NP10"}),
        ({"case/violation_on": "2022-09-15", "body/limitation": {"years": 5}}, {"NP10"}),
        ({"case/violation_on": "2021-09-14", "body/limitation": {"years": 5}}, set()),
        ({"case/violation_on": "2020-02-29", "body/limitation": {"years": 3}}, {"NP10"}),
    ],
)
def test_limitation(changes, expected):
    education = {"body/education": None}  # needed for the grounds of 第三十三条 alone
    assert decision(MINOR, on("expired", **changes, **education)) == expected


def test_a_child_is_under_fourteen_on_the_day_and_the_guardian_is_ordered():
    assert decision(CHILD, {"body/guardian_order/content": ""}) == {"NP12"}
    assert decision(CHILD, {"body/guardian_order": None}) == {"NP12"}
    for birth, expected in (("20121010", set()), ("20121009", {"NP12"})):
        first17 = f"330999{birth}001"
        day = f"{birth[:4]}-{birth[4:6]}-{birth[6:]}"
        changes = {"party/id_no": first17 + resident_check(first17), "party/birth": day}
        assert decision(CHILD, changes) == expected


def test_who_can_not_judge_needs_an_order_to_the_guardian():
    assert decision(CHILD, on("mental")) == set()
    assert decision(CHILD, on("mental", **{"body/guardian_order": ABSENT})) == {"NP12"}


def test_a_commitment_is_kept_whatever_the_ground():
    not_corrected = {"body/correction/corrected": False, "body/commitment_doc_no": "舟示综执诺〔2026〕30号"}
    assert decision(NO_FAULT, not_corrected) == {"NP13"}
    assert decision(MINOR, {"body/correction/corrected": False}) == {"NP02"}
