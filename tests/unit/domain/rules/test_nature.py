from __future__ import annotations

import pytest

from tests.support.cases import TYPES, broken, changed, sample

GUIDANCE = ("advice", "reminder", "interview_notice")


@pytest.mark.parametrize("doc_type", GUIDANCE)
@pytest.mark.parametrize("notice", ["是否采纳由你单位自主决定。", "本提示书不具有强制力。", "以自愿为前提。"])
def test_ways_to_say_that_it_is_voluntary(doc_type, notice):
    assert broken(changed(sample(doc_type), {"body/voluntary_notice": notice})) == set()


@pytest.mark.parametrize("doc_type", GUIDANCE)
@pytest.mark.parametrize("notice", ["", " ", None, "你单位必须执行。"])
def test_ways_not_to_say_it(doc_type, notice):
    assert broken(changed(sample(doc_type), {"body/voluntary_notice": notice})) == {"G13"}


@pytest.mark.parametrize("doc_type", [t for t in TYPES if t != "no_penalty_decision"])
def test_only_a_decision_offers_remedies(doc_type):
    remedies = sample("no_penalty_decision")["body"]["remedies"]
    assert broken(changed(sample(doc_type), {"body/remedies": remedies})) == {"G14"}
    assert broken(changed(sample(doc_type), {"body/remedies": None})) == set()


@pytest.mark.parametrize(
    "text",
    [
        "如不服，可以依法申请行政复议。",
        "可以向舟山市示例区人民法院提起行政诉讼。",
        "现责令你单位改正",
        "决定对你单位处以罚款",
    ],
)
def test_guidance_offers_no_remedies_and_gives_no_orders_in_its_text(text):
    assert broken(changed(sample("reminder"), {"body/points/0": text})) == {"G14"}


@pytest.mark.parametrize("text", ["责令停止销售", "缴纳罚款500元", "接受处罚"])
def test_a_suggestion_does_not_command(text):
    assert broken(changed(sample("advice"), {"body/suggestions/0": text})) == {"G14"}


def test_a_suggestion_may_name_the_law_and_a_reminder_the_consequence():
    assert broken(changed(sample("advice"), {"body/suggestions/0": "组织员工学习《行政处罚法》"})) == set()
    consequence = "违反的，依法责令当事人改正，可以处以五千元以下罚款。"
    assert broken(changed(sample("reminder"), {"body/consequence": consequence})) == set()


def test_a_record_may_tell_what_was_said_about_remedies():
    assert broken(changed(sample("interview_record"), {"body/qa/1/a": "我以后会申请行政复议。"})) == set()
