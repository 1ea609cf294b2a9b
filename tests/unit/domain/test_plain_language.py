from __future__ import annotations

import datetime as dt
import json

import pytest

from docsvc.domain.document import LegalNature
from docsvc.domain.errors import SetupError
from docsvc.domain.plain_language import PlainLanguage
from tests.support.cases import broken, changed, judged, language, sample, warned
from tests.support.drafts import samples

DAY = dt.date(2026, 9, 1)


def remarked(text, nature=LegalNature.GUIDANCE, day=DAY):
    return [r.message for r in language().remarks(text, nature, day)]


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("你单位必须在三日内整改", "建议"),
        ("请务必整改", "建议"),
        ("否则我局将处罚", "引用条文"),
        ("拒不改正的，后果自负", "恐吓"),
        ("当事人态度恶劣", "不评价人"),
        ("法人代表李某到场", "法定代表人"),
        ("向工商局报告", "市场监督管理局"),
        ("做出如下决定", "作出"),
        ("截止2026年9月", "截至"),
        ("其它材料", "其他"),
        ("银行帐户", "账户"),
        ("身份证号填写有误", "居民身份证号码"),
        ("长" * 151 + "。", "151字"),
    ],
)
def test_what_could_be_said_more_plainly(text, say):
    (remark,) = remarked(text)
    assert say in remark


@pytest.mark.parametrize(
    "text",
    [
        "建议你单位在三日内整改",
        "法定代表人李某到场",
        "引用“必须整改”的原话，《某某必须条例》",
        "违反规定的，依照《中华人民共和国价格法》第四十二条责令改正",
        "依据《中华人民共和国行政处罚法》，行政处罚信息、处罚裁量",
        "申请截止日期为2026年9月30日",
        "居民身份证号码填写有误",
        "长" * 150 + "。" + "长" * 150 + "；",
    ],
)
def test_what_is_plain_is_left_alone(text):
    assert remarked(text) == []


def test_phrases_have_their_documents_and_their_days():
    assert remarked("必须整改", LegalNature.DECISION) == []
    assert remarked("必须整改", day=dt.date(2025, 12, 31)) == []
    assert remarked("向工商局报告", day=dt.date(2018, 1, 1)) == []


def test_a_remark_refuses_nothing_and_comes_in_both_languages_with_its_place():
    case = changed(sample("advice"), {"body/problem": "经查，你单位必须整改。"})
    assert broken(case) == set()
    (finding,) = judged(case)
    assert (finding.rule, finding.pointer, finding.severity) == ("PLAIN", "/body/problem", "warning")
    assert ("建议" in finding.message, "suggests" in finding.message_en) == (True, True)


def test_what_others_said_is_on_record_as_they_said_it():
    case = changed(sample("interview_record"), {"body/qa/0/a": "我必须整改，法人代表不在。"})
    assert "PLAIN" not in warned(case)


def test_the_samples_are_in_plain_words():
    for path in samples():
        case = json.loads(path.read_text())
        assert "PLAIN" not in warned(case), (path, [f for f in judged(case) if f.rule == "PLAIN"])


@pytest.mark.parametrize(
    "data",
    [
        {"phrases": []},
        {"longest_sentence": "150"},
        {"longest_sentence": -1},
        {"phrase": [{"pattern": "(", "say": "甲", "say_en": "a"}]},
        {"phrase": [{"pattern": "甲", "say": "乙"}]},
        {"phrase": [{"pattern": "甲", "say": "乙", "say_en": "b", "natures": ["letter"]}]},
        {"phrase": [{"pattern": "甲", "say": "乙", "say_en": "b", "from": 1}]},
        {"phrase": [{"pattern": "甲", "say": "乙", "say_en": "b", "effective": "2026-01-01"}]},
    ],
)
def test_a_broken_table_is_told(data):
    with pytest.raises(SetupError, match="plain_language"):
        PlainLanguage.from_mapping(data)
