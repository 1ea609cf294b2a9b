"""Who has to sign a case, by the rules of its manifest."""

from __future__ import annotations

import pytest

from docsvc.domain.envelope import Needs, Role, SignatureRule, called, label_pattern, signatories
from tests.support.cases import FOLDER, changed, sample


def rule(person="who", anchor="甲：", role=Role.PARTY, **more):
    return SignatureRule(role, Needs.HANDWRITING, person, anchor, **more)


def names(case, *rules):
    return [(one.field, one.name) for one in signatories(rules, case)]


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("孙示例", ["孙示例"]),
        ({"name": "孙示例", "cert_no": "1"}, ["孙示例"]),
        (["孙示例", {"name": "赵样例"}], ["孙示例", "赵样例"]),
        ([{"name": ""}, 7, None], []),
        ("", []),
        (None, []),
    ],
)
def test_a_person_is_a_name_an_object_or_a_list(who, found):
    assert [one.name for one in signatories([rule()], {"who": who})] == found


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ({"who": "甲", "other": "乙"}, "甲"),
        ({"who": None, "other": "乙"}, "乙"),
        ({"who": [], "other": "乙"}, "乙"),
        ({"other": "乙"}, "乙"),
    ],
)
def test_of_several_paths_the_first_that_names_anybody(case, found):
    assert names(case, rule("who or other")) == [("Party", found)]


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("body.x", True, True),
        ("body.x", "onsite", True),
        ("body.x", False, False),
        ("body.x", None, False),
        ("body.x = onsite", "onsite", True),
        ("body.x = onsite", "phone", False),
        ("body.x = onsite, phone", "phone", True),
        ("body.x = onsite", True, False),
        ("body.x = onsite", ["onsite"], False),
        ("body.y", "onsite", False),
    ],
)
def test_a_condition_asks_for_anything_or_for_one_of_some_values(condition, value, holds):
    case = {"who": "甲", "body": {"x": value}}
    assert bool(names(case, rule(when=condition))) is holds
    assert bool(names(case, rule(unless=condition))) is not holds


def test_fields_are_named_by_role_and_count_on():
    case = {"who": "甲", "two": ["乙", "丙"]}
    officers = rule("two", "乙：", Role.OFFICER)
    assert names(case, rule(), officers) == [("Party", "甲"), ("Officer", "乙"), ("Officer2", "丙")]
    assert [one.nth for one in signatories([officers], case)] == [0, 1]


@pytest.mark.parametrize(
    ("anchor", "label"),
    [
        ("承诺人", "承诺人（签名、盖章）："),
        ("承诺人", "承诺人："),
        ("见证人签名", "见证人签名"),
        ("见证人签名", "见证人签名："),
        ("约谈人（签名）：", "约谈人（签名）："),
        ("约谈人 （签名）：", "约谈人（签名）："),
    ],
)
def test_an_anchor_is_the_label_or_what_stands_before_its_bracket(anchor, label):
    assert label_pattern(anchor).fullmatch(label)


@pytest.mark.parametrize("label", ["被承诺人（签名）：", "承诺人同意：", "承诺人（签名）：林", "承诺人（签名"])
def test_other_words_are_another_label(label):
    assert not label_pattern("承诺人").fullmatch(label)


@pytest.mark.parametrize(
    ("anchor", "words"),
    [("约谈人（签名）：", "约谈人"), ("代收人签名盖章", "代收人"), ("承诺人", "承诺人"), ("签名：", "签名")],
)
def test_what_the_document_calls_them(anchor, words):
    assert called(anchor) == words


def signed(name, changes=None, number=1):
    case = changed(sample(name, number), changes or {})
    return [one.field for one in signatories(FOLDER.get(name).manifest.signatures, case)]


def test_who_signs_our_own_types():
    officers = ["Officer", "Officer2"]
    assert signed("commitment") == ["Party", *officers]
    assert signed("followup_record") == ["Party", *officers]
    assert signed("followup_record", {"body/way": "phone"}) == officers
    assert [signed("delivery_receipt", number=n) for n in (2, 3, 4)] == [
        ["Party", *officers],
        ["Witness", *officers],
        officers,  # by post: who took it signed the post's own receipt
    ]
    assert signed("delivery_receipt", {"body/deliverers": None}) == officers
    assert [signed("public_service_offset", number=n) for n in (1, 2, 3, 4)] == [["Party"], [], ["Witness"], []]
