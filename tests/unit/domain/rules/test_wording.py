from __future__ import annotations

import pytest

from docsvc.domain.rules.wording import has_placeholder
from tests.support.cases import broken, changed, judged, sample

LEFT_OPEN = """××人民政府|×年×月×日|XX局|xxx|ＸＸ区|____年|＿＿＿|{{ party.name }}|{% if x %}|${name}|○○公司
某某单位|舟山市某某局|TODO|待填写|[当事人名称]|【请输入】|  年  月  日|???|？？？"""
PLAIN = """91330999MA0TEXT12Y|XXL码|规格2×3米|2×年产量|二○○八年|二〇〇八年|投诉人张某某|a__b@example.invalid|{1}|5%
是否听清？是否申请回避？|（带鱼段、鱿鱼圈）|2026年9月8日|某日|见附件[1]|Xu Li|……"""


def texts(listed):
    return [text for line in listed.splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", texts(LEFT_OPEN))
def test_what_was_left_open_is_found(text):
    assert has_placeholder(text)


@pytest.mark.parametrize("text", texts(PLAIN))
def test_what_is_text_is_left_alone(text):
    assert not has_placeholder(text)


def test_codes_are_judged_by_their_own_rules():
    assert broken(changed(sample("advice"), {"party/uscc": "XXXXXXXXXXXXXXXXXX"})) == {"G02"}
    assert broken(changed(sample("advice"), {"officers/1/cert_no": "XX"})) == set()


# Private use, controls, bidirectional override, zero width, replacement, noncharacter, lone surrogate, unassigned.
BAD = (0xE863, 0x07, 0x09, 0x202E, 0x200B, 0xFEFF, 0xFFFD, 0xFFFF, 0xD800, 0xF0000, 0x0378)


@pytest.mark.parametrize("bad", [chr(c) for c in BAD], ids=[f"U+{c:04X}" for c in BAD])
def test_characters_without_a_picture_are_refused(bad):
    assert broken(changed(sample("advice"), {"party/name": f"舟山{bad}公司"})) == {"G12"}
    assert broken(changed(sample("advice"), {"body/problem": f"舟山{bad}公司"})) == {"G12"}


def test_lines_are_for_free_text_alone():
    assert broken(changed(sample("advice"), {"body/problem": "第一段\n第二段"})) == set()
    assert broken(changed(sample("advice"), {"party/name": "舟山\n公司"})) == {"G12"}


@pytest.mark.parametrize("rare", ["喆", "堃", "䶮", "𠮷", "𫝊", "\U0002ebf0", "\U00031350", "葛\U000e0100"])
def test_rare_characters_are_the_fonts_business(rare):
    case = changed(sample("advice"), {"party/name": f"舟山{rare}公司"})
    assert broken(case) == set()
    assert broken(case, undrawable=lambda text: [c for c in text if c in rare]) == {"G12"}


def test_an_undrawable_character_is_named_with_its_place():
    case = changed(sample("advice"), {"party/name": "舟山堃公司"})
    (finding,) = judged(case, undrawable=lambda text: [c for c in text if c == "堃"])
    assert finding.pointer == "/party/name"
    assert "堃" in finding.message
    assert "U+5803" in finding.message


def test_a_private_use_character_of_an_older_system_comes_with_the_one_to_write():
    (finding,) = judged(changed(sample("advice"), {"party/name": "舟山\ue863公司"}))
    assert (finding.rule, finding.pointer) == ("G12", "/party/name")
    assert "U+E863 → “䶮”（U+4DAE）" in finding.message
