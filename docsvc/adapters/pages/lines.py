"""The level lines of a page, as PDFium reads them: what stands in them and where."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import closing
from ctypes import byref, c_double
from typing import Any, Final, NamedTuple

POINTS_PER_MM: Final = 72 / 25.4
AXIS_TOLERANCE: Final = 2.0 * POINTS_PER_MM
BASELINE_TOLERANCE: Final = 2.0  # points: characters of one line, whatever their fonts
LEVEL: Final = 0.01  # radians: text of a watermark is turned, a line of the document is not

# Signs that draw nothing by themselves, beside spaces (Z*), controls (Cc) and format characters (Cf).
FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")
LATIN_LIGATURES: Final = {c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFB00, 0xFB07)}


class Line(NamedTuple):
    """One line of a page: its text without spaces and its box in points; left and right of each character."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    spans: tuple[tuple[float, float], ...] = ()

    @property
    def axis(self) -> float:
        return (self.left + self.right) / 2

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2


def visible(text: str) -> Iterator[str]:
    """The characters of `text` that must leave ink."""
    for char in text.translate(LATIN_LIGATURES):
        category = unicodedata.category(char)
        variation = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
        if category[0] != "Z" and category not in {"Cc", "Cf"} and char not in FILLERS and not variation:
            yield char


def squeezed(text: str) -> str:
    """`text` without what leaves no ink."""
    return "".join(visible(text))


def lines_of(page: Any) -> list[Line]:
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
        text_of_row, spans = "".join(c for _, c, _ in row), tuple(zip(lefts, rights, strict=True))
        lines.append(Line(text_of_row, min(lefts), min(bottoms), max(rights), max(tops), spans))
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
        if not squeezed(char) or raw.FPDFText_IsGenerated(text, i) == 1:
            continue
        if LEVEL < raw.FPDFText_GetCharAngle(text, i) < 2 * 3.141592653589793 - LEVEL:
            continue
        raw.FPDFText_GetCharOrigin(text, i, byref(x), byref(y))
        yield y.value, (x.value, char, text.get_charbox(i, loose=True))
