"""Glyph outlines out of font files, as PDF path operators in the font's own units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

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
    """Outlines from the first of `fonts` that has a character. Files are open only while they are read."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        self._paths = tuple(fonts)

    def of(self, text: str) -> Mapping[str, Outline]:
        """An outline for each character of `text`.

        Raises SealError where no font has one of them, SetupError where a font file can't be read.
        """
        found: dict[str, Outline] = {}
        for path in self._paths:
            missing = set(text) - found.keys()
            if missing:
                found |= _read(path, missing)
        for char in text:
            if char not in found:
                raise SealError(f"no font for seals has the character {char} (U+{ord(char):04X})")
        return found


def _read(path: Path, chars: set[str]) -> dict[str, Outline]:
    try:
        # Opened here, since fontTools leaves a file open that it can't read.
        with path.open("rb") as file, _open(file, collection=path.suffix.lower() in {".ttc", ".otc"}) as font:
            names = font.getBestCmap() or {}
            return {char: _outline(font, names[ord(char)]) for char in chars if ord(char) in names}
    except (OSError, TTLibError, KeyError) as e:
        raise SetupError(f"the font file {path.name} for seals can't be read") from e


def _open(file: BinaryIO, *, collection: bool) -> TTFont:
    """Of a collection, the member with the mainland's shapes, else the first."""
    if not collection:
        return TTFont(file, lazy=True)
    names = [str(font["name"].getDebugName(FAMILY_NAME)) for font in TTCollection(file, lazy=True).fonts]
    number = next((i for i, name in enumerate(names) if name.endswith(SIMPLIFIED)), 0)
    return TTFont(file, fontNumber=number, lazy=True)


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
