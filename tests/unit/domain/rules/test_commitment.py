from __future__ import annotations

import pytest

from docsvc.domain.rules.commitment import item_of, same_party
from tests.support.cases import ABSENT, broken, changed, sample


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/signed_at": "2026-09-08T10:05"}, set()),
        ({"body/signed_at": "2026-09-08T10:04:59"}, {"C01"}),
        ({"body/signed_at": "2026-09-09T10:20"}, {"G07"}),
        ({"body/informed_at": "2026-09-08T10:21"}, {"C01"}),
        ({"body/informed_at": "2026-09-09T08:00"}, {"C01"}),  # and not G07 too
        ({"body/correction_deadline": "2026-09-08"}, set()),  # on the spot
        ({"body/correction_deadline": "2026-09-07"}, {"C02"}),
        ({"body/correction_deadline": "2026-10-08"}, set()),
        ({"body/correction_deadline": "2026-10-09"}, {"C02"}),
        ({"body/correction_deadline": ABSENT}, {"C02"}),
        ({"body/breach_consequence": " "}, {"C03"}),
        ({"body/breach_consequence": ABSENT}, {"C03"}),
        ({"body/breach_consequence": "未履行承诺的，依法从重处理。"}, set()),
        ({"body/informed/list_item_no": ""}, set()),  # the penalty provisions remain
        ({"body/informed/penalty_basis": []}, set()),  # the item remains
        ({"body/informed/penalty_basis": [], "body/informed/list_item_no": None}, {"C04"}),
        ({"body/informed/violated": ABSENT}, {"G10"}),
        ({"body/voluntary_notice": "请签字。"}, {"G13"}),
        ({"body/commitments": []}, {"SCHEMA"}),
        ({"case/filed_on": None}, set()),
        ({"case/filed_on": "2026-09-07"}, {"G07"}),  # before the discovery
        ({"issue_date": "2026-09-07"}, {"G07"}),
    ],
)
def test_what_is_told_and_promised(changes, expected):
    assert broken(changed(sample("commitment"), changes)) == expected


def test_a_commitment_is_made_before_the_case_is_filed_other_documents_are_not():
    assert sample("commitment")["case"]["filed_on"] > sample("commitment")["issue_date"]
    assert broken(sample("commitment")) == set()
    late = {"case/filed_on": "2026-10-31"}
    assert broken(changed(sample("followup_record"), late)) == {"G07"}


@pytest.mark.parametrize(
    ("n", "signer", "expected"),
    [
        (1, {"name": "林示例", "capacity": "法定代表人"}, set()),
        (1, {"name": "林示例", "capacity": "负责人"}, set()),
        (1, {"name": "孙示例", "capacity": "法定代表人"}, {"C05"}),
        (1, {"name": "孙示例", "capacity": "法定代表人", "authority_no": "授委〔2026〕7号"}, set()),
        (1, {"name": "孙示例", "capacity": "员工"}, {"C05"}),
        (1, {"name": "孙示例", "capacity": "委托代理人"}, {"C05"}),
        (1, {"name": "孙示例", "capacity": "委托代理人", "authority_no": " "}, {"C05"}),
        (1, {"name": "孙示例", "capacity": "委托代理人", "authority_no": "授委〔2026〕7号"}, set()),
        (1, {"name": "孙示例"}, {"C05"}),
        (1, {"name": "××", "capacity": "法定代表人"}, {"G08"}),
        (1, {"name": "林示例", "capacity": "经营者"}, set()),  # an enterprise names no operator to compare with
        (2, {"name": "赵样例", "capacity": "本人"}, set()),
        (2, {"name": "钱样例", "capacity": "本人"}, {"C05"}),
        (3, {"name": "刘䶮喆", "capacity": "本人"}, set()),
        (3, {"name": "刘喆", "capacity": "本人"}, {"C05"}),
    ],
)
def test_who_may_sign(n, signer, expected):
    assert broken(changed(sample("commitment", n), {"body/signer": signer})) == expected


def test_a_second_commitment_about_the_same_item_is_refused():
    case = sample("commitment")
    assert broken(case, committed={"SC-014": "舟示市监诺〔2026〕1号"}) == {"C06"}
    assert broken(case, committed={"SC-015": "舟示市监诺〔2026〕1号"}) == set()


def test_the_item_is_that_of_the_list_or_the_provisions_in_any_order():
    assert item_of(sample("commitment")) == "SC-014"
    case = changed(sample("commitment"), {"body/informed/list_item_no": None})
    turned = changed(case, {"body/informed/violated": case["body"]["informed"]["violated"][::-1]})
    assert item_of(case) == item_of(turned) != ""


def test_a_party_is_known_by_its_code_and_a_person_by_number():
    one, two, three = (sample("commitment", n) for n in (1, 2, 3))
    assert same_party(one, changed(one, {"party/name": "舟山示例更名有限公司"}))
    assert not same_party(one, changed(two, {"party/name": one["party"]["name"]}))
    assert not same_party(three, changed(three, {"party/id_no": "330999197806159029"}))
    bare = changed(three, {"party/id_no": ABSENT})
    assert same_party(bare, bare)
