"""Which codes of a PDF's embedded fonts draw no glyph: where a font lacks a character, text alone looks whole.

LibreOffice draws a character that no font has with the base font's glyph 0, under an ordinary code whose ToUnicode
names the character: every reader finds the text, every eye sees a box. Only the font programs tell.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from docsvc.domain.errors import ConversionError

SUBSET: Final = re.compile(r"^/[A-Z]{6}\+")
BFCHAR: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
BFBLOCK: Final = re.compile(rb"begin(bfchar|bfrange)(.*?)endbf", re.DOTALL)
BFRANGE: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[(.*?)\])", re.DOTALL)
TYPE1_CODE: Final = re.compile(rb"dup\s+(\d+)\s*/(\S+)\s+put")
NOTDEF: Final = ".notdef"
BLANK_CHARSTRING: Final = 6  # bytes: a width and endchar; the smallest outline takes more


class Undrawn(NamedTuple):
    """A code of a font that stands for `text` (as ToUnicode says) and draws nothing, or "no such glyph"."""

    font: str
    code: int
    text: str


def undrawn_codes(pdf: bytes) -> Iterator[Undrawn]:
    """Every undrawn code of every font. Raises ConversionError for a font that is not an embedded subset."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            for thing in document.objects:
                if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/Font":
                    yield from _undrawn(thing)
    except pikepdf.PdfError as e:
        raise ConversionError("排版结果不是可读的 PDF / the layout gave no readable PDF") from e


def _undrawn(font: Any) -> Iterator[Undrawn]:
    kind = str(font.get("/Subtype"))
    if kind in {"/CIDFontType0", "/CIDFontType2"}:
        return  # read with the composite font that uses it
    name = str(font.get("/BaseFont", font.get("/Name", "?")))
    texts = _to_unicode(font)
    if kind == "/Type3":
        # Its glyphs are drawings in the file, one a code: none can be missing.
        return
    base = font.DescendantFonts[0] if kind == "/Type0" else font
    descriptor = base.get("/FontDescriptor", {})
    if not SUBSET.match(name) or not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
        raise ConversionError(f"字体 {name} 没有以子集方式嵌入 / font {name} is not an embedded subset")
    for code in sorted(_empty(descriptor, base, texts)):
        if texts[code].strip():
            yield Undrawn(name[8:], code, texts[code])


def _empty(descriptor: Any, base: Any, texts: Mapping[int, str]) -> set[int]:
    """Codes among those of ToUnicode whose glyph is .notdef or, where that is cheap to see, blank."""
    if "/FontFile" in descriptor:
        clear = descriptor.FontFile.read_bytes().partition(b"eexec")[0]  # what follows is encrypted (Type 1, 7)
        named = {int(c): g.decode("latin-1") for c, g in TYPE1_CODE.findall(clear)}
        named |= _differences(base)
        return {code for code in texts if named.get(code, NOTDEF) == NOTDEF}
    if "/FontFile2" in descriptor:
        return _empty_truetype(descriptor.FontFile2.read_bytes(), base, texts)
    return _empty_cff(descriptor.FontFile3.read_bytes(), base, texts)


def _empty_truetype(program: bytes, base: Any, texts: Mapping[int, str]) -> set[int]:
    """By outline: a subset repeats the outline of glyph 0 under the code of a character that it lacks."""
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(program), lazy=True)
    tables = font.reader
    (long_offsets,) = struct.unpack_from(">h", tables["head"], 50)  # indexToLocFormat
    loca = tables["loca"]
    if long_offsets:
        offsets = struct.unpack(f">{len(loca) // 4}L", loca)
    else:
        offsets = tuple(2 * o for o in struct.unpack(f">{len(loca) // 2}H", loca))
    glyf = tables["glyf"]

    def outline(glyph: int) -> bytes:
        return bytes(glyf[offsets[glyph] : offsets[glyph + 1]]) if 0 <= glyph < len(offsets) - 1 else b""

    if str(base.get("/Subtype")) == "/CIDFontType2":
        glyphs = {code: _cid_to_gid(base, code) for code in texts}
    else:
        mapped: dict[int, str] = {}
        for table in font["cmap"].tables:
            mapped |= {code & 0xFF if code >> 8 == 0xF0 else code: glyph for code, glyph in table.cmap.items()}  # noqa: PLR2004
        glyphs = {code: font.getGlyphID(mapped.get(code, NOTDEF)) for code in texts}
    missing = outline(0)
    return {code for code, glyph in glyphs.items() if glyph == 0 or outline(glyph) in {b"", missing}}


def _cid_to_gid(base: Any, cid: int) -> int:
    table = base.get("/CIDToGIDMap")
    if table is None or table == "/Identity":
        return cid
    data = table.read_bytes()
    return int.from_bytes(data[2 * cid : 2 * cid + 2], "big")


def _empty_cff(program: bytes, base: Any, texts: Mapping[int, str]) -> set[int]:
    """By name and by charstring: compact fonts, bare or in an OpenType wrapper."""
    from fontTools.cffLib import CFFFontSet
    from fontTools.encodings.StandardEncoding import StandardEncoding
    from fontTools.ttLib import TTFont

    if program[:4] in {b"OTTO", b"\x00\x01\x00\x00", b"true"}:
        program = TTFont(io.BytesIO(program), lazy=True).reader["CFF "]
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(program), None)
    top = fonts[0]
    strings = top.CharStrings
    order = top.charset
    composite = str(base.get("/Subtype")) == "/CIDFontType0"
    if composite and hasattr(top, "ROS"):
        glyphs = {code: f"cid{code:05d}" for code in texts}
    elif composite:
        glyphs = {code: order[code] if code < len(order) else NOTDEF for code in texts}
    else:
        encoding = top.Encoding if isinstance(top.Encoding, list) else StandardEncoding
        named = dict(enumerate(encoding)) | _differences(base)
        glyphs = {code: named.get(code, NOTDEF) for code in texts}

    def charstring(name: str) -> bytes:
        return strings[name].bytecode or b"" if name in strings else b""

    missing = charstring(order[0])
    return {
        code
        for code, name in glyphs.items()
        if name in {NOTDEF, order[0]} or len(charstring(name)) <= BLANK_CHARSTRING or charstring(name) == missing
    }


def _differences(font: Any) -> dict[int, str]:
    """Code → glyph name of a simple font's own encoding (ISO 32000-1 clause 9.6.6.1)."""
    import pikepdf

    encoding = font.get("/Encoding")
    listed: Any = encoding.get("/Differences", ()) if isinstance(encoding, pikepdf.Dictionary) else ()
    named: dict[int, str] = {}
    code = 0
    for item in listed:
        if isinstance(item, int):
            code = item
        else:
            named[code] = str(item).removeprefix("/")
            code += 1
    return named


def _to_unicode(font: Any) -> dict[int, str]:
    """Code → text of a font's ToUnicode map (ISO 32000-1 clause 9.10.3)."""
    if "/ToUnicode" not in font:
        raise ConversionError(f"字体 {font.get('/BaseFont')} 没有 ToUnicode / font has no ToUnicode")
    texts: dict[int, str] = {}
    for kind, block in BFBLOCK.findall(font.ToUnicode.read_bytes()):
        if kind == b"bfchar":
            texts |= {int(code, 16): _utf16(text) for code, text in BFCHAR.findall(block)}
            continue
        for first, last, start, each in BFRANGE.findall(block):
            codes = range(int(first, 16), int(last, 16) + 1)
            if each:
                found = re.findall(rb"<([0-9A-Fa-f]+)>", each)
                texts |= {code: _utf16(text) for code, text in zip(codes, found, strict=False)}
            else:
                text = _utf16(start)
                texts |= {code: text[:-1] + chr(ord(text[-1]) + i) for i, code in enumerate(codes)}
    return texts


def _utf16(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be", "replace")
