"""Tiny unsigned PDFs with an embedded font of our own making, in which any glyph may be missing or blank."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

Text = tuple[float, float, str]  # x, baseline y, text
Program = Literal["truetype", "cff", "type1"]
SIZE = 10.0  # each glyph is as wide as it is high


def make_pdf(  # noqa: PLR0913  # each a way in which a file may differ
    pages: Sequence[Sequence[Text]],
    *,
    program: Program = "truetype",
    lacking: str = "",
    blank: str = "",
    embedded: bool = True,
    subset: bool = True,
    composite: bool = False,
    paper: tuple[float, float] = (595, 842),
    turned: Sequence[Text] = (),
) -> bytes:
    """A PDF of these pages. Characters in `lacking` are drawn as .notdef, those in `blank` as nothing.

    `turned` texts stand at 45 degrees on every page, as a watermark does.
    """
    chars = sorted({c for page in pages for _, _, text in page for c in text} | {c for *_, t in turned for c in t})
    codes = {char: code for code, char in enumerate(chars, 1)}
    pdf = pikepdf.new()
    font = _font(pdf, codes, program, lacking, blank, embedded=embedded, subset=subset, composite=composite)
    width = 4 if composite else 2
    for page in pages:
        commands = []
        for turn, texts in (("1 0 0 1", page), ("0.707 0.707 -0.707 0.707", turned)):
            for x, y, text in texts:
                shown = "".join(f"{codes[c]:0{width}x}" for c in text)
                commands.append(f"BT /F1 {SIZE} Tf {turn} {x} {y} Tm <{shown}> Tj ET")
        made = pdf.add_blank_page(page_size=paper)
        made.Contents = pdf.make_stream("\n".join(commands).encode())
        made.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _font(pdf, codes, program, lacking, blank, *, embedded, subset, composite):  # noqa: PLR0913  # as above
    name = pikepdf.Name(("/ABCDEF+" if subset else "/") + "Tiny")
    descriptor = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=name,
        Flags=4,
        FontBBox=[0, 0, 1000, 1000],
        ItalicAngle=0,
        Ascent=900,
        Descent=-100,
        CapHeight=700,
        StemV=80,
    )
    if embedded and program == "truetype":
        descriptor.FontFile2 = pdf.make_stream(_outlines(codes, lacking, blank, truetype=True))
    elif embedded and program == "cff":
        descriptor.FontFile3 = pdf.make_stream(
            _outlines(codes, lacking, blank, truetype=False), Subtype=pikepdf.Name.OpenType
        )
    elif embedded:
        descriptor.FontFile = pdf.make_stream(_type1(codes, lacking))
    font = {
        "Type": pikepdf.Name.Font,
        "BaseFont": name,
        "FontDescriptor": pdf.make_indirect(descriptor),
    }
    to_unicode = pdf.make_stream(_to_unicode(codes, 4 if composite else 2))
    if composite:
        below = pdf.make_indirect(
            pikepdf.Dictionary(
                **font,
                Subtype=pikepdf.Name.CIDFontType2 if program == "truetype" else pikepdf.Name.CIDFontType0,
                CIDSystemInfo=pikepdf.Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
                DW=1000,
                **({"CIDToGIDMap": pikepdf.Name.Identity} if program == "truetype" else {}),
            )
        )
        return pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type0,
                BaseFont=name,
                Encoding=pikepdf.Name("/Identity-H"),
                DescendantFonts=[below],
                ToUnicode=to_unicode,
            )
        )
    simple = pikepdf.Dictionary(
        **font,
        Subtype=pikepdf.Name.TrueType if program == "truetype" else pikepdf.Name.Type1,
        FirstChar=0,
        LastChar=len(codes),
        Widths=[0, *([1000] * len(codes))],
        ToUnicode=to_unicode,
    )
    if program == "cff":
        named = [pikepdf.Name(f"/{'.notdef' if char in lacking else f'g{code}'}") for char, code in codes.items()]
        simple.Encoding = pikepdf.Dictionary(Type=pikepdf.Name.Encoding, Differences=[1, *named])
    return pdf.make_indirect(simple)


def _outlines(codes, lacking, blank, *, truetype) -> bytes:
    order = [".notdef", *(f"g{code}" for code in codes.values())]
    builder = FontBuilder(1000, isTTF=truetype)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap({code: f"g{code}" for code in codes.values()})
    shapes = {".notdef": _shape(900, truetype=truetype)}
    for char, code in codes.items():
        side = 0 if char in blank else 900 if char in lacking else 100 + code
        shapes[f"g{code}"] = _shape(side, truetype=truetype)
    if truetype:
        builder.setupGlyf(shapes)
    else:
        builder.setupCFF("Tiny", {}, shapes, {})
    builder.setupHorizontalMetrics(dict.fromkeys(order, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()


def _shape(side, *, truetype):
    pen = TTGlyphPen(None) if truetype else T2CharStringPen(1000, None)
    if side:
        pen.moveTo((0, 0))
        for point in ((0, side), (side, side), (side, 0)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph() if truetype else pen.getCharString()


def _type1(codes, lacking) -> bytes:
    """The clear part of a Type 1 program, in the form that an office writes; its outlines are never looked at."""
    lines = [f"dup {code} /{'.notdef' if char in lacking else f'cid{code}'} put" for char, code in codes.items()]
    head = "%!FontType1-1.0: Tiny\n/Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\n"
    return (head + "\n".join(lines) + "\nreadonly def\ncurrentfile eexec\n").encode() + b"dup 1 /.notdef put"


def _to_unicode(codes, width) -> bytes:
    pairs = "\n".join(f"<{code:0{width}x}> <{char.encode('utf-16-be').hex()}>" for char, code in codes.items())
    top = "f" * width
    return (
        "/CIDInit/ProcSet findresource begin 12 dict begin begincmap /CMapName/T def /CMapType 2 def\n"
        f"1 begincodespacerange <{'0' * width}> <{top}> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{pairs}\nendbfchar endcmap end end"
    ).encode()
