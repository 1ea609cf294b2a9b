"""Pages as a reader finds them: lines of text with their places (Poppler)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple


class Line(NamedTuple):
    """A line of text as Poppler found it, in points from the page's top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    text: str

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


def lines_of(pdf: Path) -> list[Line]:
    """Every line of every page, spaces left out, in reading order."""
    xml = subprocess.run(["pdftotext", "-bbox-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    found = []
    for number, page in enumerate(xml.split("<page ")[1:]):
        for box, words in re.findall(r"<line ([^>]*)>(.*?)</line>", page, re.DOTALL):
            x0, y0, x1, y1 = (float(n) for n in re.findall(r'"([\d.]+)"', box))
            text = re.sub(r"\s", "", "".join(re.findall(r">([^<]*)</word>", words)))
            found.append(Line(number, x0, y0, x1, y1, text))
    return found


def words_of(pdf: Path) -> list[Line]:
    """Every word of every page: what stands side by side on one line, apart."""
    xml = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return [
        Line(number, *(float(n) for n in re.findall(r'"([\d.]+)"', box)), text)
        for number, page in enumerate(xml.split("<page ")[1:])
        for box, text in re.findall(r"<word ([^>]*)>(.*?)</word>", page)
    ]
