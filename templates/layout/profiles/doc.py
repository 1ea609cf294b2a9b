"""公文 with a red head (profile `doc`, GB/T 9704-2012 7): mark, number, red line, title; 版记 at the very end."""

from __future__ import annotations

from collections.abc import Sequence

from templates.layout.edges import Edge, header, outside_number
from templates.layout.elements import paragraph, run, text_box, when
from templates.layout.house import KEEP_NEXT, MM, NO_PITCH, Style, align, spacing
from templates.layout.profiles.form import Form
from templates.layout.profiles.letterhead import mark, mark_style, red_line, title_style

LINE_TOP, LINE_HEIGHT = 112.6, 0.6  # millimetres
ROW = 440  # twips, of 版记
FITS, NAME_FITS = 24, 20  # characters of a list and of a name that stand in one row of it
# Lines over and under a row: 0.35 mm, and 0.25 mm between two, in eighths of a point.
RULE = '<w:{} w:val="single" w:sz="{}" w:space="0" w:color="000000"/>'
THICK, THIN = 8, 6


class Doc(Form):
    """The upper edge of the mark is 35 mm below that of the type area; all else follows from it."""

    name = "doc"

    def styles(self) -> tuple[Style, ...]:
        """What stands over the mark is the act code, in the upper right corner as in other profiles."""
        page = self.page
        tab = f'<w:tabs><w:tab w:val="right" w:pos="{page.text - 280}"/></w:tabs>'
        rows = {
            "ImprintCopied": RULE.format("top", THICK),
            "ImprintUnder": RULE.format("top", THIN) + RULE.format("bottom", THICK),
            "Imprint": RULE.format("top", THICK) + RULE.format("bottom", THICK),
        }
        return (
            mark_style(64, 680, before=1740),
            Style("Number", "发文字号", paragraph=KEEP_NEXT + spacing(page.line, before=877) + align("center")),
            title_style(page, 1265),
            *(
                Style(
                    key,
                    f"版记·{key}",
                    size=28,
                    paragraph=f"<w:pBdr>{rules}</w:pBdr>" + tab + spacing(ROW),
                    run=NO_PITCH,
                )
                for key, rules in rows.items()
            ),
            *(Style(f"ImprintRoom{n}", f"版记留空·{n}", paragraph=spacing(n * ROW + 30)) for n in (1, 2)),
        )

    def edges(self, page_sign: str = "") -> Sequence[Edge]:
        """The red line is drawn on the first page alone."""
        del page_sign
        line = red_line(1, 28, LINE_TOP, 156, LINE_HEIGHT)
        return (
            header(3, "first", paragraph("", "Edge", line)),
            *(outside_number("PageOdd", on) for on in ("first", "default")),
            header(1),
            header(2, "even"),
            outside_number("PageEven", "even"),
        )

    def heading(self) -> str:
        """Act code, mark, number, and under the line the title."""
        return (
            paragraph("行政行为码：{{ action_code }}", "Code", self.qr_code())
            + mark()
            + paragraph("{{ number }}", "Number")
            + paragraph("{{ title }}", "DocumentTitle")
        )

    def copied(self, name: str, sentence: str) -> str:
        """In 版记, unless it is too long for a row of it."""
        return when(f"{name}|length > {FITS}", paragraph(sentence, "Text"))

    def imprint(self, copied: str = "") -> str:
        """版记 on the lower edge of the type area: who gets a copy, who issued it and when (7.4).

        A box of its own, at a fixed place; the paragraph that holds it keeps as much room free.
        """
        alone = self._closing(1, self._issued("Imprint"))
        if not copied:
            return alone
        fits = f"{copied} and {copied}|length <= {FITS}"
        both = paragraph(f"　抄送：{{{{ {copied} }}}}。", "ImprintCopied") + self._issued("ImprintUnder")
        return when(fits, self._closing(2, both)) + when(f"not ({fits})", alone)

    def _closing(self, count: int, rows: str) -> str:
        height = 3 * ROW * 635  # more than it takes: its text stands at the bottom
        place = (28 * MM, (297 - 35) * MM - height, 156 * MM, height)
        return paragraph("", f"ImprintRoom{count}", text_box("版记", place, rows))

    def _issued(self, style: str) -> str:
        """A row for who and when; a name that is too long for it is set narrower."""
        day = "<w:r><w:tab/></w:r>" + run("{{ date }}印发")
        name = "　{{ agency.name }}"
        return when(f"agency.name|length <= {NAME_FITS}", paragraph(name, style, day)) + when(
            f"agency.name|length > {NAME_FITS}", paragraph("", style, run(name, '<w:w w:val="60"/>') + day)
        )
