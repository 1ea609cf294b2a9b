from __future__ import annotations

import pytest

from tests.support.cases import ABSENT, broken, changed, laws, sample, warned

FIRST = "body/legal_basis/0"


@pytest.mark.parametrize(
    ("law", "article", "expected"),
    [
        ("中华人民共和国价格法", "第十三条", set()),
        ("《中华人民共和国价格法》", "第十三条", set()),
        ("中华人民共和国价格法", "第四十八条", set()),
        ("中华人民共和国价格法", "第四十九条", {"G10"}),
        ("中华人民共和国价格法", "十三条", {"G10"}),
        ("中华人民共和国价格法", "", {"G10"}),
        ("中华人民共和国价格法", None, {"G10"}),
        ("中华人民共和国合同法", "第八条", {"G10"}),
        ("禁止价格欺诈行为的规定", "第三条", {"G10"}),
        ("随便什么", "第一条", {"G10"}),
        ("舟山市某行业管理暂行办法（试行）", "第一条", set()),
        ("", "第一条", {"G10"}),
    ],
)
def test_a_basis_exists_is_in_force_and_has_the_article(law, article, expected):
    assert broken(changed(sample("advice"), {f"{FIRST}/law": law, f"{FIRST}/article": article})) == expected


def test_a_title_outside_the_register_is_a_warning():
    case = changed(sample("advice"), {f"{FIRST}/law": "舟山市渔农产品交易管理办法"})
    assert broken(case) == set()
    assert warned(case) == {"LAW"}


def test_a_law_cited_whole_has_a_note_that_says_so():
    case = changed(
        sample("advice"), {f"{FIRST}": {"law": "信用修复管理办法", "article": None, "note": "自2026年4月1日起施行"}}
    )
    assert broken(case) == set()


def test_a_basis_not_yet_in_force_is_refused():
    early = {
        "issue_date": "2026-03-20",
        "case/violation_on": "2026-03-08",
        "case/discovered_on": "2026-03-08",
        "case/filed_on": "2026-03-09",
        f"{FIRST}/law": "信用修复管理办法",
    }
    assert broken(changed(sample("advice"), early)) == {"G10"}
    assert broken(changed(sample("advice"), {**early, "issue_date": "2026-04-01"})) == set()


def test_what_was_violated_may_have_lapsed_since():
    """行政处罚法 第三十七条: the law of the day of the violation."""
    old = {
        "case/violation_on": "2022-06-30",
        "body/list_item": {"on_list": False, "off_list_reason": "法定不予处罚情形"},
        "body/violated/1": {"law": "关于商品和服务实行明码标价的规定", "article": "第十六条"},
    }
    assert broken(changed(sample("no_penalty_decision"), old)) == set()
    assert broken(changed(sample("no_penalty_decision"), {**old, "case/violation_on": "2022-07-01"})) == {"G10"}


def test_facts_that_were_not_established_need_no_law_that_was_violated():
    ground = {
        "code": "facts_not_established",
        "text": "违法事实不能成立的，不予行政处罚。",
        "law": "中华人民共和国行政处罚法",
        "article": "第五十七条第一款第三项",
    }
    changes = {"body/ground": ground, "body/violated": [], "body/penalty_basis": ABSENT, "body/evidence": []}
    assert broken(changed(sample("no_penalty_decision"), changes)) == set()


def test_another_law_may_state_the_ground_if_it_is_in_force():
    ground = {
        "code": "other_statutory",
        "text": "具有法定情形的，不予行政处罚",
        "law": "中华人民共和国海关行政处罚实施条例",
        "article": "第四条",
    }
    case = changed(sample("no_penalty_decision"), {"body/ground": ground})
    assert broken(case) == set()
    assert "LAW" in warned(case)
    lapsed = changed(case, {"body/ground/law": "中华人民共和国治安管理处罚条例"})
    assert broken(lapsed) == {"G10"}


@pytest.mark.parametrize("doc", ["舟政办发〔2023〕47号", "优化营商环境条例", "舟山市柔性执法实施办法"])
def test_a_termination_rests_on_a_policy_or_a_law(doc):
    assert broken(changed(sample("termination_notice"), {"body/basis/doc": doc})) == set()


@pytest.mark.parametrize("doc", ["领导口头交代", "个体工商户条例", None])
def test_a_termination_does_not_rest_on_less(doc):
    assert broken(changed(sample("termination_notice"), {"body/basis/doc": doc})) == {"G10"}


def test_the_register_has_what_the_samples_cite():
    for title in (
        "中华人民共和国价格法",
        "中华人民共和国行政处罚法",
        "优化营商环境条例",
        "信用修复管理办法",
        "城市市容和环境卫生管理条例",
        "明码标价和禁止价格欺诈规定",
        "浙江省公共信用信息管理条例",
        "舟山市文明行为促进条例",
    ):
        assert laws().find(title), title


@pytest.mark.parametrize("title", ["中华人民共和国虚构法", "《中华人民共和国价格管理法》"])
def test_a_national_statute_that_there_is_none_of_is_refused(title):
    assert broken(changed(sample("advice"), {"body/legal_basis/0/law": title})) == {"G10"}


@pytest.mark.parametrize("title", ["中华人民共和国海商法", "中华人民共和国虚构条例", "浙江省虚构管理办法"])
def test_a_statute_without_dates_and_a_regulation_that_is_not_registered_are_no_faults(title):
    assert broken(changed(sample("advice"), {"body/legal_basis/0/law": title})) == set()
