"""Where people sign: found by labels, never in what a party said."""

from __future__ import annotations

import pytest

from docsvc.adapters.pages import PdfPages
from docsvc.adapters.pages.lines import POINTS_PER_MM
from docsvc.domain.envelope import Needs, Role, Signatory
from docsvc.domain.errors import SealError
from tests.support.unsigned_pdfs import SIZE, make_pdf

PARTY, OFFICER, FOOT = "被约谈人（签名、按指印）：", "约谈人（签名）：", "被约谈人签名（按指印）："
DATE = "年月日"


def signatory(field, anchor, nth=0, *, needs=Needs.CERTIFICATE, number="TEST1", every_page=""):
    return Signatory(field, Role.OFFICER, needs, "陈测甲", number, anchor, nth, every_page)


def row(y, label, rest=DATE, left=80):
    """A label with a blank for the date far behind it."""
    texts = [(left, y, label)]
    return [*texts, (420, y, rest)] if rest else texts


SIGN_OFF = [*row(600, PARTY), *row(565, OFFICER), *row(530, OFFICER), (300, 400, "示例局")]
ALL = [
    signatory("Party", PARTY, needs=Needs.HANDWRITING, number=None),
    signatory("Officer", OFFICER),
    signatory("Officer2", OFFICER, 1),
]


def found(pages, people, **options):
    return PdfPages().blanks(make_pdf(pages, **options), people)


def test_each_signs_behind_its_own_label_in_reading_order():
    party, first, second = found([SIGN_OFF], ALL)
    assert [b.field for b in (party, first, second)] == ["Party", "Officer", "Officer2"]
    for blank, y, label in ((party, 600, PARTY), (first, 565, OFFICER), (second, 530, OFFICER)):
        (box,) = blank.boxes
        assert box.page == 0
        assert 80 + SIZE * len(label) < box.left < 80 + SIZE * len(label) + 10
        assert box.left + box.width < 420
        assert box.bottom < y < box.bottom + box.height
        assert 10 * POINTS_PER_MM < box.height < 13 * POINTS_PER_MM
        assert box.width <= 60 * POINTS_PER_MM
    assert first.boxes[0].bottom >= second.boxes[0].bottom + second.boxes[0].height - 0.01


def test_what_a_field_is_for_is_said_with_name_and_number():
    party, first, _ = found([SIGN_OFF], ALL)
    assert party.described == "被约谈人 陈测甲 手写签名"
    assert first.described == "约谈人 陈测甲（TEST1） 数字签名"


def test_a_label_in_what_somebody_said_does_not_count():
    """Whole lines of it too: they stand before the sign-off."""
    said = [*row(780, PARTY), *row(760, OFFICER, ""), (80, 740, f"答：{OFFICER}"), (80, 720, f"{OFFICER}同意")]
    plain, hostile = found([SIGN_OFF], ALL), found([[*said, *SIGN_OFF]], ALL)
    assert [b.boxes for b in hostile] == [b.boxes for b in plain]


def test_a_label_within_a_line_is_none():
    with pytest.raises(SealError, match="约谈人（签名）"):
        found([[(80, 600, f"答：{OFFICER}"), (80, 560, f"{OFFICER}同意")]], [signatory("Officer", OFFICER)])


def test_a_label_in_pieces_is_one():
    pieces = [(80, 600, OFFICER[:3]), (80 + 3 * SIZE, 600, OFFICER[3:]), (420, 600, DATE)]
    assert found([pieces], [signatory("Officer", OFFICER)])


def test_the_same_label_on_two_pages_counts_on():
    first, second = found([row(60, OFFICER), row(700, OFFICER)], ALL[1:])
    assert [first.boxes[0].page, second.boxes[0].page] == [0, 1]


def test_too_few_labels_are_named():
    with pytest.raises(SealError, match="约谈人（签名）"):
        found([[*row(600, PARTY), *row(565, OFFICER)]], ALL)


def test_the_party_signs_at_the_foot_of_every_page():
    foot = [*row(70, FOOT), (280, 45, "第1页共2页")]
    body = [(80, 700, "约谈"), *row(650, FOOT, "")]
    who = signatory("Party", PARTY, needs=Needs.HANDWRITING, every_page=FOOT)
    (blank,) = found([[*body, *foot], [*SIGN_OFF, *foot]], [who])
    own, *feet = blank.boxes
    assert own.page == 1
    assert [b.page for b in feet] == [0, 1]
    for box in feet:
        assert 45 + SIZE / 2 < box.bottom < 70 < box.bottom + box.height < 120


def test_a_page_without_its_line_is_named():
    who = signatory("Party", PARTY, every_page=FOOT)
    with pytest.raises(SealError, match="第 2 页"):
        found([[*SIGN_OFF, *row(70, FOOT)], [(80, 700, "约谈")]], [who])


def test_on_narrow_paper_one_signs_below_the_label():
    texts = [(14, 700, OFFICER), (100, 650, DATE), (14, 600, PARTY), (100, 550, DATE)]
    (blank,) = found([texts], [signatory("Officer", OFFICER)], paper=(164, 842))
    (box,) = blank.boxes
    assert (box.left, box.width) == pytest.approx((14, 136), abs=1)
    assert 650 + SIZE < box.bottom + 3 < box.bottom + box.height < 700


def test_no_room_is_a_fault_that_names_the_label():
    texts = [(14, 700, OFFICER), (100, 688, DATE)]
    with pytest.raises(SealError, match="没有签名的位置"):
        found([texts], [signatory("Officer", OFFICER)], paper=(164, 842))


def test_what_stands_in_a_labels_bracket_may_differ():
    for label in ("承诺人（签名、盖章）：", "承诺人（签名、按指印）：", "承诺人："):
        (blank,) = found([row(600, label)], [signatory("Party", "承诺人", needs=Needs.HANDWRITING, number=None)])
        assert blank.boxes[0].left > 80 + SIZE * len(label)
        assert blank.described == "承诺人 陈测甲 手写签名"


def test_in_a_table_one_signs_before_the_date():
    """The label has a cell of its own, in two lines; what stands over it there leaves the other cell free."""
    table = [(80, 640, "受送达人或者"), *row(620, "代收人签名盖章"), (80, 580, "送达人（签名）：")]
    (blank,) = found([table], [signatory("Party", "代收人签名盖章", needs=Needs.HANDWRITING, number=None)])
    (box,) = blank.boxes
    assert box.width == pytest.approx(60 * POINTS_PER_MM)
    assert box.left + box.width == pytest.approx(420, abs=5)
    assert box.height > 10 * POINTS_PER_MM
    assert blank.described == "代收人 陈测甲 手写签名"
