"""What a signature by hand shows: the ink of a handwriting pad, and lines of small text beside or under it.

Ink and text multiply with what is under them, so that the ruled line and the print stay readable.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from docsvc.adapters.pades.outlines import Outline
from docsvc.adapters.pades.seal_art import Appearance
from docsvc.adapters.pades.seal_image import Raster, SealImageError, flattened
from docsvc.domain.envelope import Mark
from docsvc.domain.errors import SealError

BLACK: Final = b"0 0 0"  # DeviceRGB, which the output intent of our PDF/A (sRGB) defines
PAPER: Final = 245  # from here on a sample is background
INK: Final = 200  # below, it is ink
MOST_INK: Final = 0.6  # of what the ink spans: writing, no block
LEAST_PIXELS: Final = 24  # of the longer side of the ink
KEPT_PIXELS: Final = 1000  # a side; more than any printer shows of 60 mm
TEXT: Final = (8.0, 5.0)  # points: largest and smallest size of the lines …
NAME: Final = (16.0, 6.0)  # … and of a name that stands for a picture
LONGEST_NAME: Final = 16
LINE, LEAST_OVER = 9.5, 16.0  # points from the lower edge of a box to its ruled line; what is enough over it
UNBROKEN: Final = re.compile(r"[!-~]+|.")
LEADING: Final = 1.2
WIDE: Final = 2.2  # from here on (width to height) text stands beside the picture, else under it
BESIDE, UNDER = 0.5, 0.6  # the picture's share of a box that holds text too
GAP: Final = 3.0
TEST: Final = "测试"
TEST_POINTS: Final = 5.0
MOST_CHARACTERS: Final = 400
Drawn = Callable[[str], Mapping[str, Outline]]


@dataclass(frozen=True, slots=True)
class _Area:
    """Part of a box, in points from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


def handwriting(png: bytes) -> Raster:
    """The ink alone, black on white. Raises SealError for what is no picture of handwriting."""
    try:
        grey = flattened(png).convert("L")
    except SealImageError as e:
        raise SealError(
            f"手写签名的图片不能使用：{e.zh} / the picture of the signature can't be used: {e.en}"
        ) from e
    box = grey.point(lambda v: 255 * (v < INK)).getbbox()
    if box is None:
        raise SealError("手写签名是空白的 / the picture of the signature is blank")
    ink = grey.crop(box)
    if max(ink.size) < LEAST_PIXELS:
        raise SealError("手写签名的图片太小，无法辨认 / the picture of the signature is too small to be read")
    black = ink.point(lambda v: 255 * (v < INK)).histogram()[255]
    if min(ink.size) >= LEAST_PIXELS and black > MOST_INK * ink.width * ink.height:
        raise SealError("图片不是手写签名：整片涂黑 / no handwriting: the picture is a block of ink")
    darkest = next(v for v, count in enumerate(ink.histogram()) if count)
    dark = ink.point(lambda v: 255 if v >= PAPER else max(0, (v - darkest) * 255 // (PAPER - darkest)))
    dark.thumbnail((KEPT_PIXELS, KEPT_PIXELS), Image.Resampling.LANCZOS)
    return Raster(*dark.size, zlib.compress(Image.merge("RGB", (dark, dark, dark)).tobytes(), 9))


def draw_mark(
    mark: Mark, ink: Raster | None, width: float, height: float, outlines: Drawn, *, development: bool
) -> Appearance:
    """`mark` in a box of that size in points; `ink` is its picture, read. Keys of the development PKI say 测试.

    Raises SealError for lines that don't fit or can't be drawn, and where there is nothing to show.
    """
    lines = [line for line in mark.lines if line.strip()]
    if sum(map(len, lines)) > MOST_CHARACTERS:
        raise SealError("签名栏的文字过长 / the text beside the signature is too long")
    if ink is None and not lines:
        raise SealError("签名没有可显示的内容 / the signature has nothing to show")
    full = width
    parts = [b"q /Over gs", BLACK + b" rg"]
    if development:
        size = TEST_POINTS
        parts += _text([TEST], size, _Area(width - 2 * size, 0, 2 * size, LEADING * size), outlines(TEST))
        width -= 2 * size + 1
    right: _Area | None
    if ink is None and len(lines) > 1 and len(lines[0]) <= LONGEST_NAME:
        own, *lines = lines  # printed large where others have a picture
        left, right = _halves(width, height)
        found = outlines(own)
        parts += _set([own], [left], found, NAME)
    elif ink is not None:
        left, right = _halves(width, height) if lines else (_Area(0, 0, width, height), None)
        parts.append(_picture(ink, left))
    else:
        right = _Area(0, 0, width, height)
    if lines and right is not None:
        found = outlines("".join(lines))
        parts += _set(lines, [_over_the_line(right), right], found, TEXT)
    parts.append(b"Q")
    return Appearance(zlib.compress(b"\n".join(parts), 9), round(full, 3), ink, round(height, 3))


def _halves(width: float, height: float) -> tuple[_Area, _Area]:
    """Where the picture or the name goes, and where the small text goes: beside it, or under it in a narrow box."""
    if width >= WIDE * height:
        share = width * BESIDE
        return _Area(0, 0, share - GAP, height), _Area(share, 0, width - share, height)
    share = height * UNDER
    return _Area(0, height - share, width, share), _Area(0, 0, width, height - share)


def _over_the_line(area: _Area) -> _Area:
    """So much of an area as stands over the ruled line, where that is enough."""
    rest = area.height - LINE
    return _Area(area.left, area.bottom + LINE, area.width, rest) if rest >= LEAST_OVER else area


def _picture(ink: Raster, area: _Area) -> bytes:
    """As large as fits, its proportions kept, on the left and half way up."""
    scale = min(area.width / ink.width, area.height / ink.height)
    wide, high = ink.width * scale, ink.height * scale
    bottom = area.bottom + (area.height - high) / 2
    return b"q %.3f 0 0 %.3f %.3f %.3f cm /Picture Do Q" % (wide, high, area.left, bottom)


def _set(
    lines: Sequence[str], areas: Sequence[_Area], outlines: Mapping[str, Outline], sizes: tuple[float, float]
) -> list[bytes]:
    """The lines, broken where they are too long, in the first area that they fit, as large as they can be there.

    Raises SealError.
    """
    for area in areas:
        size, least = sizes
        while size >= least:
            broken = [part for line in lines for part in _broken(line, area.width / size, outlines)]
            if len(broken) * LEADING * size <= area.height + 0.01:
                return list(_text(broken, size, area, outlines))
            size -= 0.25
    raise SealError("签名栏的文字过长，放不下 / the text beside the signature does not fit its place")


def _broken(line: str, room: float, outlines: Mapping[str, Outline]) -> Iterator[str]:
    """`line` in pieces no wider than `room` ems."""
    piece, wide = "", 0.0
    for part in UNBROKEN.findall(line):
        advance = sum(_advance(outlines[char]) for char in part)
        for taken in [part] if advance <= room else part:
            advance = sum(_advance(outlines[char]) for char in taken)
            if piece and wide + advance > room:
                yield piece.rstrip()
                piece, wide = "", 0.0
            piece += taken
            wide += advance
    yield piece


def _advance(outline: Outline) -> float:
    """In ems; an em box is twice as wide as its middle is away."""
    return 2 * outline.middle_x / outline.em


def _text(lines: Sequence[str], size: float, area: _Area, outlines: Mapping[str, Outline]) -> Iterator[bytes]:
    """The lines from the left, together half way up."""
    top = area.bottom + (area.height + len(lines) * LEADING * size) / 2
    for number, line in enumerate(lines):
        x, middle = area.left, top - (number + 0.5) * LEADING * size
        for char in line:
            found = outlines[char]
            unit = size / found.em
            if found.path:
                move = b"%.6f 0 0 %.6f %.3f %.3f cm" % (unit, unit, x, middle - unit * found.middle_y)
                yield b"q " + move + b"\n" + found.path + b"\nf Q"
            x += size * _advance(found)
