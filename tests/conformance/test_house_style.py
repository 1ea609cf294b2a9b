"""The pages as LibreOffice sets them and Poppler measures them: type area, lines, sign-off and rare names
(GB/T 9704-2012 5.2, 7.3.5, 7.5).
"""

from __future__ import annotations

import dataclasses
import subprocess
from itertools import pairwise

import pytest

from docsvc.adapters.word import WordFiller
from docsvc.domain.phrases import date
from docsvc.domain.unbroken import unbroken
from docsvc.domain.wording import context
from docsvc.pipeline.convert import body_text
from templates.layout.__main__ import RECORDS
from tests.support.drafts import AllFonts, accepted, filled, sample, samples
from tests.support.printed import Line, lines_of

pytestmark = [pytest.mark.office, pytest.mark.judge]

MM = 72 / 25.4
LEFT, RIGHT, TOP, BOTTOM = 28 * MM, (210 - 26) * MM, 37 * MM, (297 - 35) * MM  # the type area, from the top left
CHARACTER, LINE = 15.75, 28.95
CLOSING = "，。、；：？！）》」』”’〕】"
# Given-name characters that the 仿宋 lacks, and one character of each extension block A to F.
RARE = "喆堃祎昇龑赟垚镕䶮𫝊" + "㐀𠀀𪜀𫝀𫠠𬺰"


@pytest.fixture(scope="module")
def pages(press):
    """Every sample, set once."""
    done = {}
    for path in samples():
        case = accepted(path)
        done[path] = (case, lines_of(press(case, f"{case.case.doc_type}-{path.stem}")))
    return done


each_sample = pytest.mark.parametrize("path", samples(), ids=lambda p: f"{p.parent.parent.name}-{p.stem}")


@each_sample
def test_text_keeps_within_the_type_area(pages, path):
    _, lines = pages[path]
    body = [line for line in lines if TOP - 2 < line.y0 < BOTTOM]
    assert body
    for line in body:
        assert line.x0 > LEFT - 2, line
        assert line.x1 < RIGHT + CHARACTER / 4, line  # nothing hangs over the edge
        assert line.y1 < BOTTOM + 6, line


@each_sample
def test_no_line_begins_with_a_closing_mark_or_tears_what_is_whole(pages, path):
    case, lines = pages[path]
    for line in lines:
        assert line.text[0] not in CLOSING, line
        assert line.text[-1] not in "（《“〔", line
    names, text = context(case)["people"], body_text(filled(case, WordFiller(AllFonts())).docx)
    for one, two in pairwise(lines):
        if one.page == two.page and one.y0 < two.y0:  # else a cell beside the one before
            both, end = one.text + two.text, len(one.text)
            torn = [both[a:b] for a, b in unbroken(both, names) if a < end < b]
            assert not [part for part in torn if part in text], (one.text, two.text)  # else two paragraphs meet


# Where several agencies sign, sealing/test_joint.py measures.
@pytest.mark.parametrize(
    "path",
    [p for p in samples() if not accepted(p).joint],
    ids=lambda p: f"{p.parent.parent.name}-{p.stem}",
)
def test_name_and_date_stand_on_one_axis_with_room_for_the_seal(pages, path):
    case, lines = pages[path]
    issued = date(case.case.issue_date)
    day = next(line for line in lines if line.text == issued and any(_over(other, line, case) for other in lines))
    name = next(line for line in lines if _over(line, day, case))
    assert name.middle == pytest.approx(day.middle, abs=2)
    assert RIGHT - day.middle == pytest.approx(7.5 * CHARACTER, abs=6)
    assert 3 * CHARACTER < RIGHT - day.x1 < 5 * CHARACTER  # four characters, for a date of seven
    # A seal of 42 mm, its centre 5 mm above the middle between both lines, meets nothing else.
    x, y, radius = name.middle, (name.y0 + day.y1) / 2 - 5 * MM, 21 * MM
    for line in lines:
        if line.page == day.page and line not in (name, day):
            dx = max(line.x0 - x, 0, x - line.x1)
            dy = max(line.y0 - y, 0, y - line.y1)
            assert dx * dx + dy * dy > radius * radius, line
    # The last text stands on the same page (附注 and page numbers aside).
    assert any(line.page == day.page and TOP - 2 < line.y0 < name.y0 - LINE for line in lines)


def _over(name: Line, day: Line, case) -> bool:
    close = 0 < day.y0 - name.y0 < 1.5 * LINE
    return name.page == day.page and name.text == case.agency.name and close


@each_sample
def test_page_numbers_stand_outside_below_the_type_area(pages, path):
    case, lines = pages[path]
    for number in range(max(line.page for line in lines) + 1):
        foot = [line for line in lines if line.page == number and line.y0 > BOTTOM]
        if case.case.doc_type in RECORDS:
            total = max(line.page for line in lines) + 1
            page, of = (
                next(line for line in foot if line.text == t) for t in (f"第{number + 1}页", f"共{total}页")
            )
            assert (page.x0 + of.x1) / 2 == pytest.approx((LEFT + RIGHT) / 2, abs=5)
            continue
        (mark,) = foot
        assert mark.text == f"—{number + 1}—"
        assert (mark.y0 + mark.y1) / 2 - BOTTOM == pytest.approx(7 * MM, abs=3)
        outside = RIGHT - mark.x1 if number % 2 == 0 else mark.x0 - LEFT
        assert outside == pytest.approx(14, abs=3)  # one character of 14 pt


def test_28_characters_a_line_and_22_lines_a_page(press):
    def long(c):
        c["body"].update(problem="示" * 28 * 60)
        c["test_data"] = False

    lines = lines_of(press(sample("advice", long), "grid"))
    full = [line for line in lines if set(line.text) == {"示"}]
    assert {len(line.text) for line in full[1:-1]} == {28}
    whole = [line for line in full if line.page == 1]
    assert len(whole) == 22
    steps = [b.y0 - a.y0 for a, b in pairwise(whole)]
    assert all(step == pytest.approx(LINE, abs=0.1) for step in steps)


def test_rare_names_are_drawn_whole_and_move_no_line(press):
    plain = sample("advice", lambda c: c["party"].update(name="舟" * len(RARE)))
    rare = sample("advice", lambda c: c["party"].update(name=RARE))
    drawn, usual = lines_of(press(rare, "rare")), lines_of(press(plain, "plain"))
    assert [line.text for line in drawn].count(f"{RARE}：") == 1
    marks = ("联系人：", "本建议不具有强制力", "1.建立")
    for mark in marks:
        there, here = (next(x for x in found if x.text.startswith(mark)) for found in (usual, drawn))
        assert (there.page, there.y1) == (here.page, pytest.approx(here.y1, abs=0.1))


@pytest.mark.parametrize("length", [15, 16, 21, 22, 28])
def test_longer_names_stay_within_the_type_area_over_their_date(press, length):
    case = sample("advice")
    name = ("舟山市示例区综合行政执法局" * 3)[:length]
    renamed = dataclasses.replace(case, agency=dataclasses.replace(case.agency, name=name))
    lines = lines_of(press(renamed, f"name-{length}"))
    day = next(x for x in lines if x.text == date(case.case.issue_date))
    above = [x for x in lines if x.page == day.page and 0 < day.y0 - x.y0 < 1.5 * LINE]
    assert [x.text for x in above] == [name]
    assert above[0].middle == pytest.approx(day.middle, abs=2)
    assert above[0].x1 < RIGHT + CHARACTER / 4


def test_the_test_mark_is_on_every_page_of_test_data_and_only_there(press):
    def words(pdf):
        return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout

    marked = words(press(sample("advice"), "marked")).split("\f")[:-1]
    assert all(page.count("测试数据，不具有法律效力") == 1 for page in marked)
    real = words(press(sample("advice", lambda c: c.update(test_data=False)), "real"))
    assert "测试数据" not in real


WHOLES = ["〔2026〕12号", "2026年9月8日", "9月18日", "14时50分", "1,200.50元", "6个月", "六十日", "刘喆喆"]


def test_what_is_whole_is_never_torn_wherever_the_line_ends(press):
    lengths = range(14, 28)
    texts = [f"{'示' * n}{whole}）。{'例' * 20}" for whole in WHOLES for n in lengths]

    def write(c):
        c["body"].update(problem="\n".join(texts))
        c["party"].update(legal_rep="刘喆喆")

    lines = [line.text for line in lines_of(press(sample("advice", write), "whole"))]
    kept = [whole for line in lines for whole in WHOLES if f"{whole}）" in line]
    assert kept == [whole for whole in WHOLES for _ in lengths]


GROWING = {
    "advice": lambda c, lines: c["body"].update(problem=lines),
    "reminder": lambda c, lines: c["body"].update(consequence=lines),
    "interview_notice": lambda c, lines: c["body"].update(reason=lines),
    "interview_record": lambda c, lines: c["body"]["qa"].append({"q": "还有吗？", "a": lines}),
    "no_penalty_decision": lambda c, lines: c["body"].update(facts=lines),
    "termination_notice": lambda c, lines: c["body"]["reason"].update(detail=lines),
    "commitment": lambda c, lines: c["body"].update(commitments=lines.split()),
    "delivery_receipt": lambda c, lines: c["body"].update(remarks=lines),
    "followup_record": lambda c, lines: c["body"].update(opinions=lines),
    "public_service_offset": lambda c, lines: c["body"].update(
        voluntary_notice=f"自愿。{lines}".replace("\n", "自愿" * 14)
    ),
    "credit_repair_notice": lambda c, lines: c["body"].update(conditions=lines.splitlines()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GROWING))
def test_the_sign_off_never_stands_alone_however_long_the_text(press, name):
    company = set()
    for count in range(1, 23):
        case = sample(name, lambda c, count=count: GROWING[name](c, "\n".join(["示例。"] * count)))
        lines = lines_of(press(case, f"long-{name}-{count}"))
        day = next(
            x for x in lines if x.text == date(case.case.issue_date) and any(_over(y, x, case) for y in lines)
        )
        above = [x for x in lines if x.page == day.page and TOP - 2 < x.y0 < day.y0 - 1.5 * LINE]
        company.add(len({round(x.y0) for x in above}))
    assert min(company) >= 2, company
    assert len(company) > 3, "no text was long enough to move the sign-off"
