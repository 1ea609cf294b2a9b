"""What letters and documents with a red head have in common: the agency's mark, red lines, number and title."""

from __future__ import annotations

from templates.layout.elements import bar, paragraph, run, when
from templates.layout.house import HEADING, KEEP_NEXT, MM, NO_PITCH, Page, Style, align, spacing

RED = "FF0000"
# The mark has one height however long the name (7.2.4 leaves its size free): longer names are set narrower, as red
# heads usually are. Characters up to which, and their width in percent.
WIDTHS = ((13, 100), (16, 85), (21, 65), (28, 49), (100, 33))


def mark(*, more: str = "") -> str:
    """发文机关标志: the agency's name in red, and `more` runs."""
    bounds = [0, *(longest for longest, _ in WIDTHS)]
    return "".join(
        when(
            f"{above} < agency.name|length <= {longest}",
            paragraph("", "Mark", run("{{ agency.name }}", f'<w:w w:val="{width}"/>') + more),
        )
        for above, (longest, width) in zip(bounds, WIDTHS, strict=False)
    )


def mark_style(size: int, line: int, before: int = 0) -> Style:
    """Of a size in half points; a line box in which its upper edge is that of the characters."""
    return Style(
        "Mark",
        "发文机关标志",
        font="小标宋",
        size=size,
        paragraph=KEEP_NEXT + spacing(line, before=before) + align("center"),
        run=f'<w:color w:val="{RED}"/>' + NO_PITCH,
    )


def title_style(page: Page, before: int) -> Style:
    """The title, with so much room over it and a line under it (7.3.1, 7.3.2)."""
    return Style(
        "DocumentTitle",
        "文书标题",
        font="小标宋",
        size=page.title,
        paragraph=KEEP_NEXT
        + spacing(page.title_line, before=before, after=289)
        + align("center")
        + HEADING.format(0),
        run=NO_PITCH,
    )


def red_line(number: int, left: float, top: float, width: float, height: float) -> str:
    """A run with a red bar; millimetres from the page's upper left corner."""
    x, y, w, h = (round(mm * MM) for mm in (left, top, width, height))
    return bar(10 + number, "红线", (x, y, w, h), RED)
