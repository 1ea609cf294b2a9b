"""Rolls of 58 and 80 mm for portable printers (profiles `narrow-58`, `narrow-80`): facts one under the other."""

from __future__ import annotations

from collections.abc import Sequence

from templates.layout.edges import Edge, header, page_of_pages
from templates.layout.elements import each, paragraph, when
from templates.layout.house import (
    DATE_BLANK,
    HEADING,
    KEEP_LINES,
    KEEP_NEXT,
    MM,
    NO_PITCH,
    Page,
    Style,
    align,
    blank,
    box,
    indent,
    spacing,
)
from templates.layout.profiles.form import Form

TOP, CODE = 9, 40  # millimetres: where text begins, and the code, large enough for coarse printers
MM_TWIPS = 1440 / 25.4
# A seal of 45 mm reaches 22 mm over the name and 12 mm under the date, with the leading of their lines.
NAME_HIGH = round(13 * MM_TWIPS)  # room for a name by hand between a label and the day
OVER_NAME, UNDER_DATE = round(22.4 * MM_TWIPS), round(11.5 * MM_TWIPS)


class Narrow(Form):
    """No tables: a label and what it names stand in one paragraph. Pages follow each other until all is said."""

    two_sided = False

    def __init__(self, width: int, printed: int, size: int, line: int) -> None:
        """Widths of the paper and of what can be printed in millimetres; type in half points, line in twips."""
        self.name = f"narrow-{width}"
        self.qr_place = ((width - CODE) * MM // 2, TOP * MM, CODE * MM)
        margin = round((width - printed) / 2 * MM_TWIPS)
        text = round(width * MM_TWIPS) - 2 * margin
        self.page = Page(
            width=text + 2 * margin,
            top=round(TOP * MM_TWIPS),
            bottom=round(14 * MM_TWIPS),
            left=margin,
            right=margin,
            header=round(2 * MM_TWIPS),
            footer=round(5 * MM_TWIPS),
            size=size,
            pitch=0,
            character=size * 10,
            line=line,
            title=size * 4 // 3,
            title_line=line * 4 // 3,
            small=size - 2,
            small_line=line - 20,
            tiny=size - 2,
            tiny_line=line - 20,
            signoff=tuple((key, name, text) for key, name, _ in Form.page.signoff),
        )

    def styles(self) -> tuple[Style, ...]:
        """In the middle what stands on a side elsewhere; no page begun for a table."""
        page = self.page
        tab = f'<w:tabs><w:tab w:val="left" w:pos="{page.text}"/></w:tabs>'
        after_half = KEEP_NEXT + spacing(page.line, before=page.line // 2) + align("left")
        return (
            Style("CodeRoom", "二维码留空", paragraph=spacing(round(CODE * MM_TWIPS))),
            Style("Code", "行政行为码", size=page.small, paragraph=spacing(page.line) + align("center")),
            # Not spread to both edges: few characters to a line leave gaps.
            Style(
                "Text",
                "公文正文",
                paragraph=KEEP_LINES + spacing(page.line) + indent(first=2 * page.character) + align("left"),
            ),
            Style("Fact", "事项", paragraph=KEEP_LINES + spacing(page.line) + align("left")),
            Style("SectionPage", "一级标题·另页", "Section", paragraph=spacing(page.line, before=page.line // 2)),
            Style("Attached", "附表标题", font="黑体", paragraph=after_half + HEADING.format(1)),
            Style(
                "Signature",
                "签名栏",
                paragraph=KEEP_NEXT + spacing(page.line, before=page.line // 2) + align("left"),
            ),
            Style(
                "SignatureLine",
                "签名线",
                paragraph=KEEP_NEXT + tab + spacing(page.line, before=NAME_HIGH - page.line) + align("left"),
            ),
            Style("SignatureDate", "签名日期", paragraph=KEEP_NEXT + spacing(page.line) + align("right")),
            Style("Blank", "以下空白", paragraph=spacing(UNDER_DATE) + align("center")),
            Style("Note", "附注", paragraph=spacing(page.line, before=UNDER_DATE) + align("left")),
            *(
                Style(
                    f"Name{key}",
                    f"署名·{label}",
                    paragraph=KEEP_NEXT
                    + KEEP_LINES
                    + spacing(page.line, before=OVER_NAME)
                    + box(page, width)
                    + align("center"),
                )
                for key, label, width in page.signoff
            ),
            Style("PageNumber", "页码", size=page.small, paragraph=spacing(page.line), run=NO_PITCH),
            Style("PageSign", "逐页签名", size=page.small, paragraph=tab + spacing(page.line) + align("left")),
            Style(
                "PageSignLine",
                "逐页签名线",
                "PageSign",
                paragraph=tab + spacing(page.line, before=NAME_HIGH - page.line),
            ),
            Style(
                "TestMark",
                "测试标记",
                size=page.small,
                paragraph=spacing(page.line) + align("center"),
                run='<w:color w:val="808080"/>',
            ),
        )

    def edges(self, page_sign: str = "") -> Sequence[Edge]:
        """第 页 共 页: pages of a roll are torn off."""
        return header(1, width=self.page.text // 25), page_of_pages(page_sign, below=True)

    def heading(self) -> str:
        """QR code in the middle, over act code, agency, title and number."""
        return paragraph("", "CodeRoom", self.qr_code()) + super().heading().replace(self.qr_code(), "")

    def facts(self, *sources: str) -> str:
        """A paragraph a fact."""
        fact = paragraph("{{ row.label }}：{{ row.value }}", "Fact")
        return "".join(each("row", source, fact) for source in sources)

    def form(self, source: str, *more: str) -> str:
        """A paragraph a line, the label before the first."""
        lines = each(
            "line",
            "row.lines",
            when("loop.first", paragraph("{{ row.label }}：{{ line }}", "Fact")),
            when("not loop.first", paragraph("{{ line }}", "Fact")),
        )
        return each("row", source, lines) + "".join(more)

    def sign_row(self, condition: str, label: str, blank: str) -> str:
        """A line to sign on, under the label's last line."""
        del blank
        *before, last = label.splitlines()
        return when(condition, *(paragraph(line, "Signature") for line in before), self.signature(f"{last}："))

    def signature(self, label: str) -> str:
        """The label, a line under it, and the day: the paper is too narrow for them side by side."""
        return (
            paragraph(label, "Signature")
            + paragraph("", "SignatureLine", blank())
            + paragraph(DATE_BLANK, "SignatureDate")
        )

    def grid(self, source: str, columns: Sequence[tuple[str, int, str, str]]) -> str:
        """An entry a paragraph, without what it does not have."""
        cells = (
            f"{{% if row.{name} %}}{heading}：{{{{ row.{name} }}}}　{{% endif %}}"
            for heading, _, _, name in columns
        )
        return each("row", source, paragraph("".join(cells), "Fact"))
