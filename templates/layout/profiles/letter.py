"""信函格式 (profile `letter`, GB/T 9704-2012 10.1): the mark at the page's head, between red double lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from templates.layout.edges import Edge, header, outside_number
from templates.layout.elements import paragraph, part, run, when
from templates.layout.house import KEEP_NEXT, MM, Style, align, spacing
from templates.layout.profiles.form import Form
from templates.layout.profiles.letterhead import mark, mark_style, red_line, title_style

# Millimetres. Two bars, the thick one outside; from the edges of the page.
LINE_LEFT, LINE_WIDTH = 20.0, 170.0
THICK, GAP, THIN = 0.8, 0.5, 0.35
UPPER, LOWER = 44.55, 297 - 20.0
# Twips. Pages after the first have headers so high that their text begins where the type area does.
TOP, TEST_MARK, EDGE = 1701, 400, 20


class Letter(Form):
    """The first page's text begins with the mark, at 30 mm."""

    name = "letter"
    page = replace(Form.page, top=TOP)
    qr_place = (Form.qr_place[0], 4 * MM, 24 * MM)  # over the mark

    def styles(self) -> tuple[Style, ...]:
        """Positions of 10.1; what follows the lines stands at fixed distances from the mark."""
        page = self.page
        tabs = f'<w:tabs><w:tab w:val="right" w:pos="{page.text}"/></w:tabs>'
        room = Form.page.top - page.header - EDGE
        return (
            mark_style(64, 680),
            Style("Reference", "文号", paragraph=tabs + KEEP_NEXT + spacing(page.line, before=310) + align("left")),
            Style("ReferenceMore", "文号·另行", paragraph=KEEP_NEXT + spacing(page.line) + align("right")),
            title_style(page, 1000),
            Style("HeadRoom", "页眉留空", paragraph=spacing(room)),
            Style("HeadRoomTest", "页眉留空·测试", paragraph=spacing(room - TEST_MARK)),
        )

    def edges(self, page_sign: str = "") -> Sequence[Edge]:
        """The first page has the lines and no number."""
        del page_sign
        lines = (
            (UPPER, THICK),
            (UPPER + THICK + GAP, THIN),
            (LOWER - THICK - GAP - THIN, THIN),
            (LOWER - THICK, THICK),
        )
        drawn = "".join(red_line(i, LINE_LEFT, top, LINE_WIDTH, height) for i, (top, height) in enumerate(lines, 1))
        room = when("test_data", paragraph("", "HeadRoomTest")) + when("not test_data", paragraph("", "HeadRoom"))
        return (
            header(3, "first", paragraph("", "Edge", drawn)),
            Edge("footer", "first", part("ftr", paragraph("", "Edge"))),
            header(1, "default", room),
            outside_number("PageOdd", "default"),
            header(2, "even", room),
            outside_number("PageEven", "even"),
        )

    def heading(self) -> str:
        """Mark, and under the line the act code on the left and the number on the right."""
        code = run("行政行为码：{{ action_code }}", '<w:sz w:val="24"/><w:szCs w:val="24"/>')
        return (
            mark(more=self.qr_code())
            + when(
                "number|length <= 18",
                paragraph("", "Reference", code + "<w:r><w:tab/></w:r>" + run("{{ number }}")),
            )
            + when(
                "number|length > 18",
                paragraph("", "Reference", code),
                paragraph("{{ number }}", "ReferenceMore"),
            )
            + paragraph("{{ title }}", "DocumentTitle")
        )
