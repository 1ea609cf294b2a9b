import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from docsvc.domain.access import Permission, Principal, Role, User
from docsvc.domain.document import State
from docsvc.domain.verdict import Indication
from docsvc.web import words
from docsvc.web.words import Words

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_every_code_has_words_in_both_languages():
    for table, codes in ((words.STATES, State), (words.VERDICTS, Indication), (words.CHECKS, Indication)):
        assert set(table) == set(codes)
        assert all(w.zh and w.en and w.tone in {"good", "busy", "bad"} for w in table.values())


@pytest.mark.parametrize(
    ("role", "called"), [(Role.OFFICER, "执法人员"), (Role.AUDITOR, "审核人员"), (Role.ADMINISTRATOR, "管理员")]
)
def test_people_are_called_by_what_they_may(role, called):
    user = User("1", "n", "h", role, None, dt.datetime.now(dt.UTC))
    assert words.role(user.principal).zh == called


def test_who_may_nothing_is_a_user():
    assert words.role(Principal("user", "1", "n", None, frozenset())).en == "User"
    assert Permission.READ in words.ROLES[-1][0]


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("没有这份文书；no such document", "没有这份文书", "no such document"),
        ("甲；乙；one; two", "甲；乙", "one; two"),
        ("开发用密钥 / development keys: none", "开发用密钥", "development keys: none"),
        ("甲；乙", "甲；乙", ""),
        ("只有中文", "只有中文", ""),
        ("English only", "English only", ""),
        ("", "", ""),
    ],
)
def test_sentences_of_ours_have_two_halves(text, zh, en):
    assert words.split_sentence(text) == Words(zh, en)


@pytest.mark.parametrize(
    ("title", "zh", "en"),
    [
        ("当事人 Party", "当事人", "Party"),
        ("3 其他情形 Other", "3 其他情形", "Other"),
        ("法定代表人证件类型 Representative’s document", "法定代表人证件类型", "Representative’s document"),
        ("行政建议书", "行政建议书", ""),
        ("Party", "Party", ""),
    ],
)
def test_titles_have_two_halves(title, zh, en):
    assert words.split_title(title) == Words(zh, en)


def test_moments_are_told_in_the_services_zone():
    at = dt.datetime(2026, 11, 22, 18, 31, 7, tzinfo=dt.UTC)
    assert words.moment(at, SHANGHAI) == "2026年11月23日 02:31"
    assert words.moment_to_second(at, SHANGHAI) == "2026年11月23日 02:31:07"
    assert words.moment_to_second(None, SHANGHAI) == "—"


def test_an_event_without_words_is_told_by_its_name():
    assert words.story("document.dreamt", None, {}, "1号") == Words("document.dreamt", "document.dreamt")


def test_a_rise_in_level_a_renewal_and_a_delivery_of_something_unknown():
    assert "时间戳" in words.story("document.renewed", None, {}, "1号").zh
    assert "级别提高" in words.story("document.upgraded", None, {}, "1号").zh
    assert words.story("document.delivered", {"name": "甲"}, {"what": "x"}, "1号").zh == "甲下载了文件"
    assert words.advice(None, retryable=False).en == "Ask the operator."
