"""The figures of GB/T 9704-2012 that a profile has to keep, asked and found on pages that the office has set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pikepdf

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import date
from tests.support.drafts import in_layout, sample
from tests.support.ink import Box, ink
from tests.support.printed import Line, lines_of

TOLERANCE = 0.5  # millimetres
POINT = 25.4 / 72
LEFT, RIGHT, TOP, BOTTOM = 28.0, 210 - 26.0, 37.0, 297 - 35.0  # the type area
CHARACTER, LINE = 156 / 28, 225 / 22
SIZE_3 = 16 * POINT  # the height of a character of the text
LEADING = (LINE - SIZE_3) / 2

Press = Callable[[Accepted, str], Path]


class Figure(NamedTuple):
    """One measure, in millimetres."""

    profile: str
    clause: str
    what: str
    asked: float
    found: float

    @property
    def difference(self) -> float:
        return self.found - self.asked


class Sheets:
    """A document as set: its lines, and the ink around them."""

    def __init__(self, pdf: Path) -> None:
        self.pdf = pdf
        self.lines = lines_of(pdf)

    def line(self, start: str, page: int | None = None) -> Line:
        """The first line that begins so."""
        return next(x for x in self.lines if x.text.startswith(start) and page in (None, x.page))

    def box(self, line: Line, characters: int | None = None) -> Box:
        """The ink of a line, or of its first characters."""
        end = line.x1 if characters is None else line.x0 + (line.x1 - line.x0) * characters / len(line.text)
        return self.ink(line.page, Box(line.x0 * POINT - 0.5, line.y0 * POINT, end * POINT + 0.5, line.y1 * POINT))

    def ink(self, page: int, within: Box, colour: str = "black") -> Box:
        """What is drawn there; there must be something."""
        found = ink(self.pdf, page, within, colour)
        assert found is not None, (page, within)
        return found


def real(change: Callable[[dict[str, Any]], object] | None = None) -> Callable[[dict[str, Any]], None]:
    """Without the marks of test data, which are no part of the figures."""

    def both(case: dict[str, Any]) -> None:
        case["test_data"] = False
        if change:
            change(case)

    return both


def measured(press: Press) -> Iterator[Figure]:
    """Every figure of every profile."""
    for profile, measure in PROFILES.items():
        for clause, what, asked, found in measure(press, profile):
            yield Figure(profile, clause, what, asked, found)


Rows = Iterator[tuple[str, str, float, float]]


def _grid(press: Press, profile: str, doc_type: str = "advice") -> Rows:
    """Type area and lines, on a page full of text."""

    def long(case: dict[str, Any]) -> None:
        case["body"].update(problem="国" * 28 * 60)

    pages = Sheets(press(in_layout(sample(doc_type, real(long)), profile), f"grid-{profile}"))
    full = [line for line in pages.lines if line.page == 2 and set(line.text) == {"国"}]
    assert {len(line.text) for line in full} == {28}
    first, last = (pages.box(line) for line in (full[0], full[-1]))
    side = (full[0].x1 - full[0].x0) * POINT / 28 - (first.right - first.left - 27 * CHARACTER)  # bearings of 国
    yield "5.2.1", "left edge of the type area", LEFT, first.left - side / 2
    yield "5.2.1", "width of 28 characters", 156, (full[0].x1 - full[0].x0) * POINT
    yield "5.2.1", "upper edge of the type area", TOP, sum(first[1::2]) / 2 - LINE / 2
    yield "5.2.1", "lower edge of the type area", BOTTOM, sum(last[1::2]) / 2 + LINE / 2
    yield "5.2.3", "lines on a page (number)", 22, len(full)
    yield "5.2.3", "characters in a line (number)", 28, len(full[0].text)
    yield "5.2.3", "from character to character", CHARACTER, (full[0].x1 - full[0].x0) * POINT / 28
    steps = [(b.y0 - a.y0) * POINT for a, b in pairwise(full)]
    yield "5.2.3", "from line to line, largest", LINE, max(steps)
    yield "5.2.3", "from line to line, smallest", LINE, min(steps)


def _number(pages: Sheets, page: int) -> Rows:
    """The page's number, outside."""
    line = next(x for x in pages.lines if x.page == page and x.y0 * POINT > BOTTOM and x.text == f"—{page + 1}—")
    dash = pages.box(line, 1)
    odd = page % 2 == 0
    side = "right" if odd else "left"
    room = RIGHT - line.x1 * POINT if odd else line.x0 * POINT - LEFT
    yield "7.5", f"page {page + 1}: its dash below the type area", 7, sum(dash[1::2]) / 2 - BOTTOM
    yield "7.5", f"page {page + 1}: room on the {side}, one size 4 character", 14 * POINT, room


def _name_and_date(pages: Sheets, case: Accepted) -> tuple[Line, Line]:
    issued = date(case.case.issue_date)
    return next((a, b) for a, b in pairwise(pages.lines) if a.text == case.agency.name and b.text == issued)


def _sign_off(pages: Sheets, case: Accepted) -> Rows:
    """Agency over date."""
    name, day = _name_and_date(pages, case)
    yield "7.3.5.1", "date: four characters from the right", 4 * CHARACTER, RIGHT - day.x1 * POINT
    yield "7.3.5.1", "name and date on one axis", 0, (name.middle - day.middle) * POINT
    yield "7.3.5.5", "from name to date", LINE, (day.y0 - name.y0) * POINT


def _indent(pages: Sheets, start: str) -> Rows:
    line = pages.line(start)
    yield "7.3.3", "first line: two characters", 2 * CHARACTER, line.x0 * POINT - LEFT


def _form(press: Press, profile: str) -> Rows:
    yield from _grid(press, profile)
    case = in_layout(sample("advice", real()), profile)
    pages = Sheets(press(case, f"advice-{profile}"))
    yield from _indent(pages, "本机关在工作中")
    yield from _sign_off(pages, case)
    yield from _number(pages, 0)
    yield from _number(pages, 1)


def _letter(press: Press, profile: str) -> Rows:
    yield from _grid(press, profile)
    case = in_layout(sample("advice", real()), profile)
    pages = Sheets(press(case, f"advice-{profile}"))
    mark = pages.ink(0, Box(0, 20, 210, 43), "red")
    yield "10.1", "upper edge of the mark from the page's", 30, mark.top
    yield "7.2.4", "mark: centred in the type area", (LEFT + RIGHT) / 2, mark.middle[0]
    upper, lower = pages.ink(0, Box(0, 43, 210, 50), "red"), pages.ink(0, Box(0, 270, 210, 285), "red")
    yield "10.1", "first double line below the mark", 4, upper.top - mark.bottom
    yield "10.1", "first double line: length", 170, upper.right - upper.left
    yield "10.1", "first double line: from the left edge", 20, upper.left
    yield "10.1", "second double line: length", 170, lower.right - lower.left
    yield "10.1", "second double line from the page's lower edge", 20, 297 - lower.bottom
    number = next(line for line in pages.lines if line.text.endswith(case.number.text))
    chinese = pages.box(number, 5)
    yield "10.1", "number: at the right edge", RIGHT, number.x1 * POINT
    yield "10.1", "number: 7/8 of a character under the line", SIZE_3 * 7 / 8, chinese.top - upper.bottom
    title = pages.box(pages.line(case.doc_type.manifest.title, 0))
    yield "10.1", "title: two lines below the number", 2 * LINE, title.top - chinese.bottom
    addressee = pages.box(pages.line(case.case.party_name, 0))
    yield "7.3.2", "addressee: a line below the title", LINE, addressee.top - title.bottom
    yield from _indent(pages, "本机关在工作中")
    yield (
        "10.1",
        "numbers on the first page (number)",
        0,
        sum(x.page == 0 and x.y0 * POINT > BOTTOM for x in pages.lines),
    )
    yield from _number(pages, 1)
    yield from _number(pages, 2)
    yield from _sign_off(pages, case)


def _doc(press: Press, profile: str) -> Rows:
    yield from _grid(press, profile)
    case = in_layout(
        sample("reminder", real(lambda c: c["body"].update(recipients=["舟山市示例区商务局"]))), profile
    )
    pages = Sheets(press(case, f"reminder-{profile}"))
    mark = pages.ink(0, Box(0, 50, 210, 100), "red")
    yield "7.2.4", "upper edge of the mark below that of the type area", 35, mark.top - TOP
    yield "7.2.4", "mark: centred in the type area", (LEFT + RIGHT) / 2, mark.middle[0]
    line = pages.ink(0, Box(0, 100, 210, 130), "red")
    number = pages.line(case.number.text, 0)
    chinese = pages.box(number, 5)
    yield "7.2.5", "number: two lines below the mark", 2 * LINE, chinese.top - mark.bottom
    yield "7.2.5", "number: in the middle", (LEFT + RIGHT) / 2, number.middle * POINT
    yield "7.2.7", "red line: 4 mm below the number", 4, line.top - chinese.bottom
    yield "7.2.7", "red line: width of the type area", 156, line.right - line.left
    yield "7.2.7", "red line: from the left edge", LEFT, line.left
    title = pages.box(pages.line(case.doc_type.manifest.title, 0))
    yield "7.3.1", "title: two lines below the red line", 2 * LINE, title.top - line.bottom
    yield "7.3.1", "title: in the middle", (LEFT + RIGHT) / 2, title.middle[0]
    addressee = pages.box(pages.line(case.case.party_name, 0))
    yield "7.3.2", "addressee: a line below the title", LINE, addressee.top - title.bottom
    yield from _indent(pages, "根据《")
    yield from _sign_off(pages, case)
    last = max(each.page for each in pages.lines)
    yield from _imprint(pages, last, case)
    for page in range(last + 1):
        yield from _number(pages, page)


def _imprint(pages: Sheets, page: int, case: Accepted) -> Rows:
    """版记: three lines, of which a stroke of paper without text shows the thickness."""
    copied, issued = pages.line("抄送：", page), pages.line(case.agency.name, page)
    one, two = ((line.y0 + line.y1) / 2 * POINT for line in (copied, issued))
    bands = (one - 6, one), (one, two), (two, BOTTOM + 2)
    top, between, bottom = (pages.ink(page, Box(29, above, 31, below)) for above, below in bands)
    whole = pages.ink(page, Box(0, BOTTOM - 1, 210, BOTTOM + 1))
    yield "7.4", "版记: last line on the lower edge of the type area", BOTTOM, bottom.bottom
    yield "7.4", "版记: first line, thickness", 0.35, top.bottom - top.top
    yield "7.4", "版记: middle line, thickness", 0.25, between.bottom - between.top
    yield "7.4", "版记: last line, thickness", 0.35, bottom.bottom - bottom.top
    yield "7.4", "版记: width of the type area", 156, whole.right - whole.left
    yield "7.4.2", "版记: copies, one size 4 character from the left", 14 * POINT, copied.x0 * POINT - LEFT
    day = pages.line(f"{date(case.case.issue_date)}印发", page)
    yield "7.4.3", "版记: date, one size 4 character from the right", 14 * POINT, RIGHT - day.x1 * POINT


def _table(pages: Sheets, page: int, top: float, bottom: float) -> Rows:
    """A table of the full width."""
    whole = pages.ink(page, Box(20, top, 200, bottom))
    yield "practice", "table: width of the type area", 156, whole.right - whole.left
    yield "practice", "table: from the left edge", LEFT, whole.left
    edge = pages.ink(page, Box(100, whole.top - 0.5, 102, whole.top + 0.4))
    yield "practice", "table: line of 0.5 pt", 0.5 * POINT, edge.bottom - edge.top


def _page_of_pages(pages: Sheets) -> Rows:
    total = max(line.page for line in pages.lines) + 1
    for page in range(total):
        this = pages.line(f"第{page + 1}页", page)
        of = pages.line(f"共{total}页", page)
        yield (
            "practice",
            f"page {page + 1} of {total}: in the middle",
            (LEFT + RIGHT) / 2,
            (this.x0 + of.x1) / 2 * POINT,
        )


def _form_table(press: Press, profile: str) -> Rows:
    case = in_layout(sample("delivery_receipt", real()), profile)
    pages = Sheets(press(case, f"receipt-{profile}"))
    first = pages.line("送达文书")
    yield from _table(pages, 0, first.y0 * POINT - 3, 200)
    yield from _sign_off(pages, case)
    yield from _page_of_pages(pages)


def _record(press: Press, profile: str) -> Rows:
    case = in_layout(sample("interview_record", real()), profile)
    pages = Sheets(press(case, f"record-{profile}"))
    first = pages.line("约谈时间")
    yield from _table(pages, 0, first.y0 * POINT - 3, 200)
    end = pages.line("（以下空白）")
    yield "practice", "以下空白: in the middle", (LEFT + RIGHT) / 2, end.middle * POINT
    yield from _sign_off(pages, case)
    yield from _page_of_pages(pages)


# Paper and what portable printers print on it, and the code with its white border.
ROLLS = {"narrow-58": (58, 48), "narrow-80": (80, 72)}
CODE, MODULES, WHITE = 40, 69, 8


def _narrow(press: Press, profile: str) -> Rows:
    width, printed = ROLLS[profile]
    case = in_layout(sample("advice", real()), profile)
    pages = Sheets(press(case, f"advice-{profile}"))
    with pikepdf.open(pages.pdf) as pdf:
        widths = [float(page.mediabox[2]) * POINT for page in pdf.pages]
    yield "practice", "paper: width", width, max(widths)
    text = [line for line in pages.lines if line.y0 * POINT > TOP]
    edge = (width - printed) / 2
    yield "practice", "text: from the left edge", edge, min(line.x0 for line in text) * POINT
    over = max(line.x1 for line in text) * POINT - (width - edge)
    yield "practice", "text: over the right edge of what can be printed", 0, max(over, 0)
    code = pages.ink(0, Box(0, 8, width, 50))
    yield "practice", "code: width of its black part", CODE * (MODULES - WHITE) / MODULES, code.right - code.left
    yield "practice", "code: height of its black part", CODE * (MODULES - WHITE) / MODULES, code.bottom - code.top
    yield "practice", "code: in the middle", width / 2, code.middle[0]
    name, day = _name_and_date(pages, case)
    yield "practice", "name: in the middle", width / 2, name.middle * POINT
    yield "7.3.5.1", "name and date on one axis", 0, (name.middle - day.middle) * POINT


PROFILES: dict[str, Callable[[Press, str], Rows]] = {
    "form": _form,
    "letter": _letter,
    "doc": _doc,
    "form-table": _form_table,
    "record": _record,
    "narrow-58": _narrow,
    "narrow-80": _narrow,
}


def table(figures: Sequence[Figure]) -> str:
    """As Markdown."""
    rows = [
        f"| {f.profile} | {f.clause} | {f.what} | {_said(f, f.asked)} | {_said(f, f.found)} | "
        f"{_said(f, f.difference, signed=True)} |"
        for f in figures
    ]
    return "\n".join(["| profile | clause | figure | asked | found | difference |", "| --- " * 6 + "|", *rows, ""])


def _said(figure: Figure, value: float, *, signed: bool = False) -> str:
    if figure.what.endswith("(number)"):
        return f"{value:+.0f}" if signed and value else f"{value:.0f}"
    return f"{value:+.2f}" if signed else f"{value:.2f}"
