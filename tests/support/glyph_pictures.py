"""Characters on finished pages as pictures, and as their font files draw them: are they the same?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFont
from pypdfium2 import raw

SCALE = 6.0  # pixels a point
SIDE = 48


class Drawn(NamedTuple):
    """A character of a page, its ink (black on white, cut close) and where its baseline begins, in points."""

    char: str
    ink: Image.Image
    page: int
    y: float


def drawn(pdf: Path, wanted: str) -> Iterator[Drawn]:
    """Every place where a character of `wanted` stands, page by page; fields (the seal) are not drawn."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        for number, page in enumerate(document):
            picture = page.render(scale=SCALE, may_draw_forms=False).to_pil().convert("L")
            with closing(page.get_textpage()) as text:
                for char, (left, bottom, right, top) in _characters(text):
                    if char in wanted:
                        box = (left, page.get_height() - top, right, page.get_height() - bottom)
                        yield Drawn(
                            char, _close(picture.crop(tuple(round(v * SCALE) for v in box))), number, bottom
                        )


def reference(path: Path, index: int, char: str) -> Image.Image:
    """The character as the font file draws it."""
    font = ImageFont.truetype(str(path), 96, index=index)
    picture = Image.new("L", (192, 192), 255)
    ImageDraw.Draw(picture).text((48, 30), char, font=font, fill=0)
    return _close(picture)


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Correlation of two pictures of the same size of frame: 1 for the same."""
    a, b = ([255 - v for v in _framed(p).tobytes()] for p in (one, other))
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    dot = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    norm = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return dot / norm**0.5 if norm else 0.0


def _framed(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE, SIDE), Image.Resampling.BOX if picture.width > SIDE else Image.Resampling.BICUBIC)


def _close(picture: Image.Image) -> Image.Image:
    box = ImageChops.invert(picture).point(lambda v: 255 if v > 96 else 0).getbbox()
    assert box, "nothing is drawn"
    return picture.crop(box)


def _characters(text: pypdfium2.PdfTextPage) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    high = ""
    for i in range(text.count_chars()):
        char = chr(raw.FPDFText_GetUnicode(text, i))
        if "\ud800" <= char <= "\udbff":
            high = char
            continue
        if high:
            char, high = (high + char).encode("utf-16", "surrogatepass").decode("utf-16"), ""
        yield char, text.get_charbox(i)
