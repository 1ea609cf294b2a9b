"""Glyph outlines out of font files, as PDF path operators in the font's own units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from docsvc.domain.errors import SealError, SetupError

SIMPLIFIED = " SC"  # the member of a pan-CJK collection whose shapes are those of the mainland
FAMILY_NAME = 1
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outline:
    """One character: its path (fill with `f`), and the middle and height of its em box in font units."""

    path: bytes
    middle_x: float
    middle_y: float
    em: float


class Outlines:
    """Outlines by character, from the first of `fonts` that has it; files open when one is first asked for."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        self._paths = tuple(fonts)
        self._fonts: list[TTFont] = []

    def of(self, char: str) -> Outline:
        """Raises SealError where no font has `char`, SetupError where a font file can't be read."""
        for i, path in enumerate(self._paths):
            if i == len(self._fonts):
                self._fonts.append(_open(path))
            font = self._fonts[i]
            name = font.getBestCmap().get(ord(char))
            if name is not None:
                return _outline(font, name)
        raise SealError(f"no font for seals has the character {char} (U+{ord(char):04X})")


def _open(path: Path) -> TTFont:
    try:
        if path.suffix.lower() in {".ttc", ".otc"}:
            fonts = TTCollection(path, lazy=True).fonts
            return next(
                (f for f in fonts if str(f["name"].getDebugName(FAMILY_NAME)).endswith(SIMPLIFIED)), fonts[0]
            )
        return TTFont(path, lazy=True)
    except (OSError, TTLibError) as e:
        raise SetupError(f"the font file {path.name} for seals can't be read") from e


def _outline(font: TTFont, name: str) -> Outline:
    glyphs = font.getGlyphSet()
    pen = _Operators(glyphs)
    glyphs[name].draw(pen)
    metrics = font["OS/2"]
    em = float(font["head"].unitsPerEm)
    return Outline(
        b"\n".join(pen.operators),
        middle_x=glyphs[name].width / 2,
        middle_y=(metrics.sTypoAscender + metrics.sTypoDescender) / 2,
        em=em,
    )


class _Operators(BasePen):  # type: ignore[misc]  # fontTools declares no types
    """Writes m, l, c and h; BasePen turns quadratic curves into cubic ones."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.operators: list[bytes] = []

    def _moveTo(self, pt: Point) -> None:  # noqa: N802 - the names are fontTools'
        self._write(b"m", pt)

    def _lineTo(self, pt: Point) -> None:  # noqa: N802 - as above
        self._write(b"l", pt)

    def _curveToOne(self, pt1: Point, pt2: Point, pt3: Point) -> None:  # noqa: N802 - as above
        self._write(b"c", pt1, pt2, pt3)

    def _closePath(self) -> None:  # noqa: N802 - as above
        self.operators.append(b"h")

    def _write(self, operator: bytes, *points: Point) -> None:
        numbers = b" ".join(b"%g" % round(v, 1) for point in points for v in point)
        self.operators.append(numbers + b" " + operator)
