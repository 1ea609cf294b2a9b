"""Who seals a joint document, and how the names are arranged."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.joint import LINE_MM, MOST_SEALS, arrange, joint_agencies, joint_names, names_in
from tests.support.sealing import agency

DATE = "2026年9月10日"


def of(*names, diameters=(42,)):
    found = [agency(n, name) for n, name in enumerate(names)]
    return [
        dataclasses.replace(a, seal=dataclasses.replace(a.seal, diameter_mm=diameters[n % len(diameters)]))
        for n, a in enumerate(found)
    ]


def notice(mode="joint", agencies=(" 甲局", "乙局", "甲局", ""), doc_type="interview_notice"):
    return {"doc_type": doc_type, "body": {"mode": mode, "agencies": agencies}}


def test_only_a_joint_notice_names_several_agencies_once_each_in_its_order():
    assert joint_names(notice()) == ("甲局", "乙局")
    assert joint_names(notice("group")) == joint_names(notice(doc_type="interview_record")) == ()
    assert joint_names(notice(agencies=None)) == joint_names({"doc_type": "interview_notice"}) == ()
    assert names_in("{") == names_in("[]") == ()


def test_each_name_is_one_agency_of_the_registry():
    own, other, twin = of("甲局", "乙局", "乙局")
    assert joint_agencies(notice(), own, [own, other]) == (own, other)
    assert joint_agencies(notice(), own, [own]) is None
    assert joint_agencies(notice(), own, [other, twin]) is None
    assert joint_agencies(notice("group"), own, []) == ()


def test_two_stand_side_by_side_with_the_date_under_the_last():
    assert arrange(of("甲局", "乙局")).printed(DATE) == [
        ("blank", ()),
        ("blank", ()),
        ("half", ("甲局", "乙局")),
        ("half", ("", DATE)),
    ]


def test_an_incomplete_row_stands_at_the_right():
    rows = arrange(of("舟山市示例区甲管理局", "舟山市示例区乙管理局", "舟山市示例区丙丁管理局")).rows
    assert rows[1].cells == ((), ("舟山市示例区丙丁管理局",))


def test_three_short_names_share_a_row_if_their_seals_have_room():
    short = ("甲局", "乙局", "丙局", "丁局")
    assert [len(r.cells) for r in arrange(of(*short)).rows] == [3, 3]
    assert arrange(of(*short)).rows[1].cells == ((), (), ("丁局",))
    assert [len(r.cells) for r in arrange(of(*short, diameters=(50,))).rows] == [2, 2]
    assert [len(r.cells) for r in arrange(of("甲局", "乙局")).rows] == [2]


@pytest.mark.parametrize(
    ("name", "kind", "lines"),
    [
        ("局" * 13, "half", 1),
        ("局" * 14, "half_narrow", 1),
        ("局" * 17, "half", 2),
        ("局" * 30, "half_narrow", 2),
        ("局" * 40, "half_tight", 2),
        ("舟山市示例区" + "局" * 14, "half_narrow", 2),
    ],
)
def test_a_long_name_is_drawn_narrower_then_broken(name, kind, lines):
    printed = arrange(of(name, "乙局")).printed(DATE)
    named = [(k, cells) for k, cells in printed if cells and cells[0]]
    assert [k for k, _ in named] == [kind] * lines
    assert "".join(cells[0] for _, cells in named) == name
    assert named[-1][1][1] == "乙局"


def test_a_long_name_is_broken_behind_its_region_or_an_and():
    def lines(name):
        return arrange(of(name, "乙局")).rows[0].cells[0]

    assert lines("舟山市示例区农业农村和水利渔业发展保障管理委员会") == (
        "舟山市示例区农业农村和",
        "水利渔业发展保障管理委员会",
    )
    assert lines("舟山市示例区" + "局" * 12) == ("舟山市示例区", "局" * 12)


@given(
    names=st.lists(st.text("局区", min_size=2, max_size=40), min_size=2, max_size=MOST_SEALS, unique=True),
    diameters=st.lists(st.sampled_from([42, 45, 50, 60]), min_size=1, max_size=3),
)
def test_every_name_is_printed_once_in_order_and_no_seal_touches_the_text_or_the_next_row(names, diameters):
    agencies = of(*names, diameters=diameters)
    arrangement = arrange(agencies)
    assert ["".join(cell) for row in arrangement.rows for cell in row.cells if cell] == names
    largest = max(a.seal.diameter_mm for a in agencies)
    lasts = []  # the middle of each row's last line under the text, in mm
    at = 0
    for blank, row in zip(arrangement.before, arrangement.rows, strict=True):
        at += blank + len(row.lines)
        lasts.append(((at - 0.5) * LINE_MM, {1: 2.5, 2: 4.0}[len(row.lines)]))
    centres = [middle - above for middle, above in lasts]
    assert 0 <= centres[0] - largest / 2 < LINE_MM
    assert all(two - one > largest for one, two in pairwise(centres))
    # The line behind every sign-off is left for what reaches below the date.
    assert centres[-1] + largest / 2 <= (at + 1 + arrangement.after + 1) * LINE_MM
