from __future__ import annotations

import pytest

from docsvc.domain.phrases import WORDS
from docsvc.domain.rules.termination import REASONS
from tests.support.cases import ABSENT, broken, changed, sample


def test_every_code_that_the_rules_accept_has_words_to_print():
    assert frozenset().union(*REASONS.values()) <= set(WORDS["sub"])
    assert {str(code) for code in REASONS} == set(WORDS["reason"])


@pytest.mark.parametrize("code", REASONS)
def test_each_finer_code_belongs_to_one_reason(code):
    for owner, subs in REASONS.items():
        for sub in subs:
            case = changed(sample("termination_notice"), {"body/reason/code": code, "body/reason/sub": sub})
            assert broken(case) == (set() if owner == code else {"T01"})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/reason/code": 0}, {"T01"}),
        ({"body/reason/code": "1"}, {"T01"}),
        ({"body/reason/code": True}, {"T01"}),
        ({"body/reason/code": 1.0}, {"T01"}),
        ({"body/reason/sub": None}, set()),
        ({"body/reason/sub": "mood"}, {"T01"}),
        ({"body/reason/sub": " withdraw"}, {"T01"}),
        ({"body/measure/type": "reminder "}, {"T02"}),
        ({"body/reason/detail": "  "}, {"T01"}),
        ({"body/reason": ABSENT}, {"T01"}),
        ({"body/measure/started_on": "2026-09-18"}, set()),
        ({"body/measure/started_on": "2026-09-19"}, {"T02"}),
        ({"body/measure/doc_no": None}, {"T02"}),
        ({"body/measure": None}, {"T02"}),
        ({"body/next_step": ABSENT}, {"T03"}),
        ({"body/next_step": "处以罚款"}, {"T03"}),
        ({"body/next_step": "依照普通程序继续调查处理。"}, set()),
        ({"body/next_step": "依照简易程序处理"}, set()),
        ({"body/next_step": "依法处理"}, set()),
        ({"body/next_step": "不再处理"}, set()),
        ({"body/next_step": "移送舟山市公安局示例分局"}, set()),
    ],
)
def test_a_termination(changes, expected):
    assert broken(changed(sample("termination_notice"), changes)) == expected


def test_a_measure_ends_once():
    case = sample("termination_notice")
    assert broken(case, terminated=frozenset({"舟示市监诺〔2026〕12号"})) == {"T04"}
    assert broken(case, terminated=frozenset({"舟示市监诺〔2026〕13号"})) == set()
