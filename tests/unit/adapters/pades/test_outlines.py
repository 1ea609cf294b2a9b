"""Outlines out of fonts that the test makes, with cubic and with quadratic curves."""

from __future__ import annotations

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

from docsvc.adapters.pades.outlines import Outlines
from docsvc.domain.errors import SealError, SetupError


def draw(pen, size, *, quadratic):
    pen.moveTo((0, 0))
    if quadratic:
        pen.qCurveTo((0, size), (size, size))
    else:
        pen.curveTo((0, size / 2), (size / 2, size), (size, size))
    pen.lineTo((size, 0))
    pen.closePath()


def make(path, family, chars, size=100, *, quadratic=False):
    names = [".notdef", *(f"u{ord(c):04X}" for c in chars)]
    builder = FontBuilder(1000, isTTF=quadratic)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): f"u{ord(c):04X}" for c in chars})
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(None) if quadratic else T2CharStringPen(600, None)
        draw(pen, size, quadratic=quadratic)
        glyphs[name] = pen.glyph() if quadratic else pen.getCharString()
    if quadratic:
        builder.setupGlyf(glyphs)
    else:
        builder.setupCFF(family, {}, glyphs, {})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    builder.setupPost()
    builder.save(path)
    return path


@pytest.mark.parametrize("quadratic", [False, True])
def test_a_path_has_operators_of_pdf_and_the_middle_of_its_em_box(tmp_path, quadratic):
    outline = Outlines([make(tmp_path / "a.otf", "A", "印", quadratic=quadratic)]).of("印")["印"]
    operators = [line.split()[-1] for line in outline.path.splitlines()]
    assert operators[0] == b"m"
    assert operators[-1] == b"h"
    assert b"c" in operators
    assert set(operators) <= {b"m", b"l", b"c", b"h"}
    assert (outline.middle_x, outline.middle_y, outline.em) == (300, 380, 1000)


def test_the_first_font_that_has_a_character_draws_it(tmp_path):
    fonts = [make(tmp_path / "a.otf", "A", "甲", 100), make(tmp_path / "b.otf", "B", "甲乙", 200)]
    found = Outlines(fonts).of("甲乙")
    assert b"200" not in found["甲"].path
    assert b"200" in found["乙"].path


def test_of_a_collection_the_mainland_s_member_draws(tmp_path):
    collection = TTCollection()
    for family, size in (("Pan JP", 100), ("Pan SC", 300), ("Pan TC", 200)):
        collection.fonts.append(TTFont(make(tmp_path / f"{size}.otf", family, "骨", size)))
    collection.save(tmp_path / "pan.ttc")
    for font in collection.fonts:
        font.close()
    assert b"300" in Outlines([tmp_path / "pan.ttc"]).of("骨")["骨"].path


def test_a_character_that_no_font_has_is_named(tmp_path):
    with pytest.raises(SealError, match=r"𠮷 \(U\+20BB7\)"):
        Outlines([make(tmp_path / "a.otf", "A", "吉")]).of("吉𠮷")


def test_a_damaged_font_is_named(tmp_path):
    (tmp_path / "bad.otf").write_bytes(b"no font")
    for name in ("bad.otf", "missing.ttc"):
        with pytest.raises(SetupError, match=name):
            Outlines([tmp_path / name]).of("甲")
