"""Small fonts with exactly the characters that a test wants, made on the spot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont


def small_font(
    family: str,
    characters: str,
    *,
    bold: bool = False,
    typographic: str | None = None,
    weight: int | None = None,
    variants: Iterable[tuple[str, str]] = (),
) -> TTFont:
    """A font whose glyphs are all the same box; `variants` are (character, variation selector) pairs."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 500))
    pen.lineTo((500, 500))
    pen.closePath()
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "box"])
    uvs = [(ord(character), ord(selector), "box") for character, selector in variants]
    builder.setupCharacterMap(dict.fromkeys(map(ord, characters), "box"), uvs=uvs)
    builder.setupGlyf({".notdef": pen.glyph(), "box": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "box": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    names = {"familyName": family, "styleName": "Bold" if bold else "Regular"}
    if typographic:
        names["typographicFamily"] = typographic
    builder.setupNameTable(names)
    builder.setupOS2(usWeightClass=weight or (700 if bold else 400))
    builder.setupPost()
    return builder.font


def save_font(path: Path, *args: object, **options: object) -> Path:
    """A small font as a file."""
    small_font(*args, **options).save(path)
    return path


def save_collection(path: Path, fonts: Iterable[TTFont]) -> Path:
    """A .ttc file of several fonts."""
    collection = TTCollection()
    collection.fonts = list(fonts)
    collection.save(path)
    return path
