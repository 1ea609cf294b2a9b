import io

import pikepdf
import pytest

from docsvc.adapters.pages.glyphs import Undrawn, undrawn_codes
from docsvc.domain.errors import ConversionError
from tests.support.unsigned_pdfs import make_pdf

PAGE = [[(72, 700, "丁丙乙甲")]]
CODE = {char: code for code, char in enumerate(sorted("丁丙乙甲"), 1)}

KINDS = [("truetype", False), ("cff", False), ("type1", False), ("truetype", True), ("cff", True)]


def changed(pdf, change):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def fonts(document):
    return [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font"]


@pytest.mark.parametrize(("program", "composite"), KINDS)
def test_a_whole_font_has_nothing_undrawn(program, composite):
    assert list(undrawn_codes(make_pdf(PAGE, program=program, composite=composite))) == []


@pytest.mark.parametrize(("program", "composite"), KINDS)
def test_a_missing_glyph_is_found_by_its_code(program, composite):
    pdf = make_pdf(PAGE, program=program, composite=composite, lacking="乙")
    assert list(undrawn_codes(pdf)) == [Undrawn("Tiny", CODE["乙"], "乙")]


@pytest.mark.parametrize(("program", "composite"), [k for k in KINDS if k[0] != "type1"])
def test_a_blank_glyph_is_found(program, composite):
    pdf = make_pdf(PAGE, program=program, composite=composite, blank="丙")
    assert [fault.text for fault in undrawn_codes(pdf)] == ["丙"]


def test_a_blank_space_is_as_it_should_be():
    assert list(undrawn_codes(make_pdf([[(72, 700, "甲 \u3000")]], blank=" \u3000"))) == []


@pytest.mark.parametrize(("option", "value"), [("embedded", False), ("subset", False)])
def test_fonts_must_be_embedded_subsets(option, value):
    with pytest.raises(ConversionError, match="Tiny is not an embedded subset"):
        list(undrawn_codes(make_pdf(PAGE, **{option: value})))


def test_a_font_without_to_unicode_is_refused():
    def strip(document):
        for font in fonts(document):
            del font.ToUnicode

    with pytest.raises(ConversionError, match="ToUnicode"):
        list(undrawn_codes(changed(make_pdf(PAGE), strip)))


def test_type_3_glyphs_are_drawings_of_the_file():
    def turn(document):
        for font in fonts(document):
            font.Subtype = pikepdf.Name.Type3

    assert list(undrawn_codes(changed(make_pdf(PAGE, lacking="甲"), turn))) == []


@pytest.mark.parametrize(
    "ranges",
    ["1 beginbfrange <01> <02> <{0}> endbfrange", "1 beginbfrange <01> <02> [<{0}> <{1}>] endbfrange"],
)
def test_ranges_of_to_unicode_are_read(ranges):
    def rewrite(document):
        for font in fonts(document):
            text = ranges.format("甲".encode("utf-16-be").hex(), "\u7533".encode("utf-16-be").hex())
            font.ToUnicode = document.make_stream(text.encode())

    pdf = changed(make_pdf([[(72, 700, "ab")]], lacking="b"), rewrite)
    assert [(f.code, f.text) for f in undrawn_codes(pdf)] == [(2, "\u7533")]


def test_a_map_from_cid_to_glyph_is_followed():
    def cross(document):
        for font in fonts(document):
            if "/CIDToGIDMap" in font:
                swapped = [0, 2, 1, 3, 4]
                font.CIDToGIDMap = document.make_stream(b"".join(gid.to_bytes(2, "big") for gid in swapped))

    lacking = min("丁丙乙甲")
    pdf = changed(make_pdf(PAGE, composite=True, lacking=lacking), cross)
    assert [fault.code for fault in undrawn_codes(pdf)] == [2]


def test_what_is_no_pdf_is_a_conversion_error():
    with pytest.raises(ConversionError):
        list(undrawn_codes(b"no PDF"))
