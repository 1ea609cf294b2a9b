"""What lint says of signature rules that can't be right, with the number of the rule."""

from __future__ import annotations

import dataclasses

import pytest

from docsvc.domain.signature_lint import judge_signatures
from docsvc.domain.wording.fields import fields_of
from tests.support.cases import FOLDER, sample

TYPE = FOLDER.get("interview_record")
RULES = TYPE.manifest.signatures
TEXTS = [
    "被约谈人（签名、按指印）：　　年　　月　　日",
    "{% if x %}见证人（签名）：{% endif %}",
    "约谈人（签名）：",
    "记录人 （签名）：",
    "被约谈人签名（按指印）：",
]
FILES = {"template.docx": TEXTS, "layouts/narrow-58.docx": TEXTS}
CASES = [sample("interview_record", n) for n in (1, 2, 3)]
PARTY, WITNESS, OFFICER, RECORDER = range(4)


def notes(rules=RULES, files=FILES, cases=CASES):
    found = list(judge_signatures(rules, fields_of(TYPE.schema), files, cases))
    assert {(note.kind, note.severity) for note in found} <= {("signature", "error")}
    assert all(note.message_en.startswith("manifest.toml, [[signatures]] ") for note in found)
    return [note.message.removeprefix("manifest.toml ") for note in found]


def with_(number, **changes):
    rules = list(RULES)
    rules[number] = dataclasses.replace(rules[number], **changes)
    return rules


def test_our_own_have_no_fault():
    assert notes() == []


def test_a_label_that_a_layout_lacks_is_named_with_the_file():
    files = {**FILES, "layouts/narrow-58.docx": TEXTS[:2] + TEXTS[3:]}
    assert notes(files=files) == [
        "第3条签名规则：layouts/narrow-58.docx 中没有以anchor“约谈人（签名）：”开头的段落"
    ]
    assert notes(with_(PARTY, every_page="逐页："), {"template.docx": TEXTS}) == [
        "第1条签名规则：template.docx 中没有以every_page“逐页：”开头的段落"
    ]


def test_a_label_within_a_sentence_is_none():
    files = {"template.docx": [*TEXTS[:3], "请记录人（签名）：", TEXTS[4]]}
    assert notes(files=files) == ["第4条签名规则：template.docx 中没有以anchor“记录人（签名）：”开头的段落"]


def test_a_rule_without_a_label():
    assert notes(with_(RECORDER, anchor=" ")) == ["第4条签名规则：没有写明标签（anchor）"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"person": "body.recorder or body.clerk"}, "schema.json 没有person所写的“body.clerk”"),
        ({"person": "body.recorder.name or body.qa"}, "person 所写的“body.qa”没有姓名（name）"),
        ({"person": "body.recorder or case"}, None),  # a case has a name
        ({"person": "body.recorder or body.notice"}, "person 所写的“body.notice”没有姓名（name）"),
        ({"unless": "body.signatures.refussed"}, "schema.json 没有unless所写的“body.signatures.refussed”"),
        ({"when": "body.place"}, None),
        ({"when": "body.place = 别处"}, "没有样例案件由其签名"),
    ],
)
def test_paths_that_the_schema_does_not_name(changes, told):
    assert notes(with_(RECORDER, **changes)) == ([f"第4条签名规则：{told}"] if told else [])


def test_a_condition_that_the_schema_does_not_name_is_met_by_no_sample_either():
    assert notes(with_(RECORDER, when="body.signed = yes")) == [
        "第4条签名规则：没有样例案件由其签名",
        "第4条签名规则：schema.json 没有when所写的“body.signed”",
    ]


def test_a_rule_that_no_sample_meets():
    assert notes(cases=CASES[:1]) == ["第2条签名规则：没有样例案件由其签名"]


def test_two_rules_with_one_label():
    assert notes(with_(RECORDER, anchor=RULES[OFFICER].anchor)) == [
        "第4条签名规则：与前面的规则用同一个标签“约谈人（签名）：”"
    ]


def test_every_page_is_for_the_first_alone():
    told = "逐页签名（every_page）只能由第一个签名的人，且只能是一个人"
    assert notes(with_(WITNESS, every_page=RULES[PARTY].every_page)) == [f"第2条签名规则：{told}"]
    assert notes(with_(PARTY, person="body.interviewers")) == [f"第1条签名规则：{told}"]
