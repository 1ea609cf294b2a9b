"""Reading an unsigned PDF: are all characters there and drawn, and where does the seal go (pypdfium2, pikepdf)."""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from ctypes import byref, c_double
from typing import Any, Final, NamedTuple

from docsvc.adapters.pages.glyphs import Undrawn, undrawn_codes
from docsvc.domain.document import SealPlace
from docsvc.domain.errors import ConversionError, MissingGlyphError, SealError

POINTS_PER_MM: Final = 72 / 25.4
ABOVE_MIDDLE_MM: Final = 5.0  # GB/T 9704-2012 7.3.5.5: name and date stand below the seal's centre
AXIS_TOLERANCE_MM: Final = 2.0
BASELINE_TOLERANCE: Final = 2.0  # points: characters of one line, whatever their fonts
LEVEL: Final = 0.01  # radians: text of a watermark is turned, a line of the document is not
LINE_END_HYPHEN: Final = "\x02"  # what PDFium reads where a line ends with one
CONTEXT: Final = 8  # characters shown on either side of a missing one

# Signs that draw nothing by themselves, beside spaces (Z*), controls (Cc) and format characters (Cf).
FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")
LATIN_LIGATURES: Final = {c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFB00, 0xFB07)}

# PDFium keeps global state without locks.
_pdfium = threading.Lock()


class _Line(NamedTuple):
    """One line of a page: its text without spaces and its box in points."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def axis(self) -> float:
        return (self.left + self.right) / 2


class PdfPages:
    """Implements Pages for what the office exports."""

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
        missing = Counter(_visible(expected)) - Counter(_visible(text))
        if missing:
            raise MissingGlyphError(_unreadable(next(iter(missing)), expected))
        return count

    def seal_place(self, pdf: bytes, name: str, date: str, diameter_mm: float = 45.0) -> SealPlace:
        """The last place where a line that is just `name`, or lines if it is long, stands directly over one that is
        just `date`.

        All on one axis within 2 mm, on the right half of the page (GB/T 9704-2012 7.3.5.1): what a party wrote,
        in paragraphs and tables that start on the left, does not count. x is that axis, y 5 mm above the middle
        of these lines. Raises SealError where there is no such place or a seal of that diameter would leave the
        page.
        """
        name, date = _squeezed(name), _squeezed(date)
        with _opened(pdf) as document:
            for n in reversed(range(len(document))):
                if Counter(name + date) - Counter(_visible(_text(document, n))):
                    continue  # cheaper than looking at where each character stands
                with closing(document[n]) as page:
                    lines = _lines(page)
                    box = page.get_mediabox()
                middle = (box[0] + box[2]) / 2 - AXIS_TOLERANCE_MM * POINTS_PER_MM
                centres = filter(None, (_centre(lines, at, name, date) for at in reversed(range(len(lines)))))
                place = next((centre for centre in centres if centre[0] >= middle), None)
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


def _visible(text: str) -> Iterator[str]:
    """The characters of `text` that must leave ink."""
    for char in text.translate(LATIN_LIGATURES):
        category = unicodedata.category(char)
        variation = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
        if category[0] != "Z" and category not in {"Cc", "Cf"} and char not in FILLERS and not variation:
            yield char


def _squeezed(text: str) -> str:
    return "".join(_visible(text))


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


def _centre(lines: Sequence[_Line], at: int, name: str, date: str) -> tuple[float, float] | None:
    """Where a seal presses the date in line `at` and the name over it; None where it is not so."""
    lower, text = lines[at], ""
    if lower.text != date:
        return None
    for upper in reversed(lines[:at]):
        text = upper.text + text
        if abs(upper.axis - lower.axis) > AXIS_TOLERANCE_MM * POINTS_PER_MM or not name.endswith(text):
            return None
        if text == name:
            axis = (upper.axis + lower.axis) / 2
            return axis, (upper.top + lower.bottom) / 2 + ABOVE_MIDDLE_MM * POINTS_PER_MM
    return None


def _lines(page: Any) -> list[_Line]:
    """The level lines of a page from top to bottom, characters by baseline and then from left to right."""
    rows: list[tuple[float, list[tuple[float, str, tuple[float, float, float, float]]]]] = []
    with closing(page.get_textpage()) as text:
        for baseline, char in sorted(_characters(text), key=lambda item: -item[0]):
            if not rows or rows[-1][0] - baseline > BASELINE_TOLERANCE:
                rows.append((baseline, []))
            rows[-1][1].append(char)
    lines = []
    for _, row in rows:
        row.sort()
        boxes = [box for _, _, box in row]
        lefts, bottoms, rights, tops = ([box[i] for box in boxes] for i in range(4))
        lines.append(_Line("".join(c for _, c, _ in row), min(lefts), min(bottoms), max(rights), max(tops)))
    return lines


def _characters(text: Any) -> Iterator[tuple[float, tuple[float, str, tuple[float, float, float, float]]]]:
    """(baseline, (x, character, box)) of each character that leaves ink and stands level."""
    from pypdfium2 import raw

    x, y = c_double(), c_double()
    high = ""
    for i in range(text.count_chars()):
        char = chr(raw.FPDFText_GetUnicode(text, i))
        if "\ud800" <= char <= "\udbff":
            high = char  # PDFium counts UTF-16 units
            continue
        if high:
            char, high = (high + char).encode("utf-16", "surrogatepass").decode("utf-16", "replace"), ""
        if not _squeezed(char) or raw.FPDFText_IsGenerated(text, i) == 1:
            continue
        if LEVEL < raw.FPDFText_GetCharAngle(text, i) < 2 * 3.141592653589793 - LEVEL:
            continue
        raw.FPDFText_GetCharOrigin(text, i, byref(x), byref(y))
        yield y.value, (x.value, char, text.get_charbox(i, loose=True))
