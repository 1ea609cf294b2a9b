"""Reading an unsigned PDF: are all characters there and drawn, and where does the seal go (pypdfium2, pikepdf)."""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

from docsvc.adapters.pages import blanks, joint
from docsvc.adapters.pages.glyphs import Undrawn, undrawn_codes
from docsvc.adapters.pages.lines import AXIS_TOLERANCE, POINTS_PER_MM, Line, lines_of, squeezed, visible
from docsvc.adapters.pages.marking import mark_draft, mark_test
from docsvc.adapters.pages.tagging import complete_tags
from docsvc.domain.document import SealPlace
from docsvc.domain.envelope import Blank, Signatory
from docsvc.domain.errors import ConversionError, MissingGlyphError, SealError
from docsvc.domain.joint import Row

# GB/T 9704-2012 7.3.5.5: name and date stand below the seal's centre. By the lines of the name.
ABOVE_MIDDLE_MM: Final = {1: 5.0, 2: 6.5}
LINE_END_HYPHEN: Final = "\x02"  # what PDFium reads where a line ends with one
TEST_WORDS: Final = "测试数据，不具有法律效力"  # what our own templates print at the head of each page
CONTEXT: Final = 8  # characters shown on either side of a missing one

# PDFium keeps global state without locks.
_pdfium = threading.Lock()


class PdfPages:
    """Implements Pages for what the office exports."""

    def complete(self, pdf: bytes) -> bytes:
        """`pdf` with what PDF/UA-1 asks for beyond the office's tags. Raises ConversionError for no sound PDF."""
        return complete_tags(pdf)

    def inspect(self, pdf: bytes, expected: str) -> int:
        """Number of pages, when every character of `expected` is really on them.

        Compared as multisets: page numbers, watermark and list numbers may add to the pages, and the order in
        which cells and columns are read is not the document's. Raises MissingGlyphError for a character that
        can't be read or whose glyph is the font's .notdef or blank, ConversionError for what is no sound PDF or
        has a font that is not an embedded subset (ISO 19005-2 clause 6.2.11.4).
        """
        with _opened(pdf) as document:
            count = len(document)
            text = "".join(_text(document, n) for n in range(count))
        for fault in undrawn_codes(pdf):
            raise MissingGlyphError(_undrawn(fault, expected if fault.text in expected else text))
        missing = Counter(visible(expected)) - Counter(visible(text))
        if missing:
            raise MissingGlyphError(_unreadable(next(iter(missing)), expected))
        return count

    def mark_draft(self, pdf: bytes) -> bytes:
        """The same pages with 样稿 DRAFT across them."""
        return mark_draft(pdf)

    def mark_test(self, pdf: bytes) -> bytes:
        """The same pages with a large 测试 behind the text of each that does not say itself that it is test data.

        The same bytes where all do.
        """
        with _opened(pdf) as document:
            bare = [n for n in range(len(document)) if TEST_WORDS not in squeezed(_text(document, n))]
        return mark_test(pdf, bare) if bare else pdf

    def blanks(self, pdf: bytes, signatories: Sequence[Signatory]) -> list[Blank]:
        """Where each of them signs, by the labels of the sign-off. Raises SealError where one is not there."""
        with _opened(pdf) as document:
            sheets = []
            for n in range(len(document)):
                with closing(document[n]) as page:
                    sheets.append(blanks.Sheet(lines_of(page), page.get_mediabox()))
        return blanks.find(sheets, signatories)

    def seal_place(self, pdf: bytes, name: str, date: str, diameter_mm: float = 45.0) -> SealPlace:
        """The last place where a line that is just `name` stands directly over one that is just `date`. A name that
        is longer than a line takes more.

        All on one axis within 2 mm, on the right half of the page (GB/T 9704-2012 7.3.5.1): what a party wrote,
        in paragraphs and tables that start on the left, does not count. x is that axis, y 5 mm above the middle
        of both lines (6.5 mm where the name takes more, so that the seal's top stays near the text).
        Raises SealError where there is no such place or a seal of that diameter would leave the page.
        """
        name, date = squeezed(name), squeezed(date)
        with _opened(pdf) as document:
            for n in reversed(range(len(document))):
                if Counter(name + date) - Counter(visible(_text(document, n))):
                    continue  # cheaper than looking at where each character stands
                with closing(document[n]) as page:
                    lines = lines_of(page)
                    box = page.get_mediabox()
                middle = (box[0] + box[2]) / 2 - AXIS_TOLERANCE
                place = next((centre for centre in _centres(lines, name, date) if centre[0] >= middle), None)
                if place is None:
                    continue
                x, y = place
                radius = diameter_mm / 2 * POINTS_PER_MM
                if not (box[0] + radius <= x <= box[2] - radius and box[1] + radius <= y <= box[3] - radius):
                    raise SealError(
                        f"第 {n + 1} 页落款处容不下直径 {diameter_mm:g} 毫米的印章 / "
                        f"a seal of {diameter_mm:g} mm does not fit where name and date stand, on page {n + 1}"
                    )
                return SealPlace(n, x, y)
        raise SealError(
            f"找不到用印位置：没有上行仅为“{name}”、下行仅为“{date}”且居中对齐的落款 / no place for the seal: "
            "no line with just the agency's name stands over one with just the date"
        )

    def joint_places(
        self, pdf: bytes, rows: Sequence[Row], date: str, diameters_mm: Sequence[float]
    ) -> list[SealPlace]:
        """The last place where the names of `rows` stand as arranged and `date` directly under the last of them.

        Each seal is centred on its own name. Raises SealError where there is no such place, where a seal would
        leave the page, or where two would touch.
        """
        names = "".join(text for row in rows for line in row.lines for text in line)
        with _opened(pdf) as document:
            for n in reversed(range(len(document))):
                if Counter(squeezed(names + date)) - Counter(visible(_text(document, n))):
                    continue
                with closing(document[n]) as page:
                    lines, box = lines_of(page), page.get_mediabox()
                centres = joint.centres(lines, rows, date)
                if centres is not None:
                    joint.check(centres, diameters_mm, box)
                    return [SealPlace(n, x, y) for x, y in centres]
        raise SealError(
            "找不到联合用印位置：各机关名称没有按顺序排列在成文日期之上 / no place for the seals: "
            "the agencies' names do not stand in their order over the date"
        )


@contextmanager
def _opened(pdf: bytes) -> Iterator[Any]:
    import pypdfium2

    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as e:
            raise ConversionError("排版结果不是可读的 PDF / the layout gave no readable PDF") from e
        try:
            yield document
        finally:
            document.close()


def _text(document: Any, n: int) -> str:
    """What is readable within the bounds of page `n`."""
    with closing(document[n]) as page, closing(page.get_textpage()) as text:
        return str(text.get_text_bounded()).replace(LINE_END_HYPHEN, "-")


def _undrawn(fault: Undrawn, text: str) -> str:
    named = "、".join(_named(c) for c in fault.text) or "?"
    return (
        f"字体 {fault.font} 没有字符 {named} 的字形，上下文：{_around(text, fault.text)} / "
        f"font {fault.font} has no glyph for {named}"
    )


def _unreadable(char: str, expected: str) -> str:
    named = _named(char)
    return f"字符 {named} 在版面上缺失，上下文：{_around(expected, char)} / {named} is missing from the pages"


def _named(char: str) -> str:
    shown = f"“{char}”" if char.isprintable() and unicodedata.category(char) != "Co" else ""
    return f"{shown}U+{ord(char):04X}"


def _around(text: str, part: str) -> str:
    at = text.find(part) if part else -1
    if at < 0:
        return "—"
    piece = text[max(0, at - CONTEXT) : at + len(part) + CONTEXT]
    return "“" + "".join(c if c.isprintable() or unicodedata.category(c) == "Co" else " " for c in piece) + "”"


def _centres(lines: Sequence[Line], name: str, date: str) -> Iterator[tuple[float, float]]:
    """Where a seal would stand over name and date, the last such place first. A long name takes several lines."""
    for n in range(len(lines) - 1, 0, -1):
        if lines[n].text == date and (above := _name_over(lines[:n], name, lines[n].axis)):
            axes = [line.axis for line in (*above, lines[n])]
            middle = (above[0].top + lines[n].bottom) / 2
            raised = ABOVE_MIDDLE_MM[min(len(above), max(ABOVE_MIDDLE_MM))]
            yield sum(axes) / len(axes), middle + raised * POINTS_PER_MM


def _name_over(lines: Sequence[Line], name: str, axis: float) -> Sequence[Line]:
    """The last of `lines` that together are `name`, all on one axis; none where they are not."""
    text = ""
    for n in range(len(lines) - 1, -1, -1):
        text = lines[n].text + text
        if abs(lines[n].axis - axis) > AXIS_TOLERANCE or not name.endswith(text):
            return ()
        if text == name:
            return lines[n:]
    return ()
