"""Word packages: what a template must not hold is refused, and equal parts are equal bytes."""

from __future__ import annotations

import io
import zipfile

import pytest

from docsvc.adapters.word import WordFiller
from docsvc.adapters.word.package import MAX_PACKAGE, read_package, write_package
from docsvc.domain.errors import TemplateFaultError
from tests.support.drafts import AllFonts, doc_type
from tests.support.office import with_body, with_parts, with_relation

SOUND = doc_type("advice").template
FIELD = (
    b'<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>%s<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    b'<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
)


def refused(docx: bytes, words: str) -> None:
    with pytest.raises(TemplateFaultError, match=words):
        WordFiller(AllFonts()).check(docx)


def code(*pieces: str) -> bytes:
    return FIELD % b"".join(b"<w:r><w:instrText>%s</w:instrText></w:r>" % piece.encode() for piece in pieces)


def test_a_sound_template_passes():
    WordFiller(AllFonts()).check(SOUND)
    WordFiller(AllFonts()).check(with_body(SOUND, code(" NUMPAGES \\* MERGEFORMAT ")))


@pytest.mark.parametrize("docx", [b"", b"PK", b"not a zip at all" * 10, SOUND[: len(SOUND) // 2]])
def test_what_is_no_word_file(docx):
    refused(docx, "docx")


def test_a_package_without_a_document():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    refused(out.getvalue(), "document")


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("attachedTemplate", "https://attacker.invalid/x.dotm"),
        ("image", "https://attacker.invalid/x.png"),
        ("hyperlink", "https://attacker.invalid/"),
        ("oleObject", "file:///etc/passwd"),
    ],
)
def test_nothing_is_fetched_from_outside(kind, target):
    refused(with_relation(SOUND, kind, target), target)


@pytest.mark.parametrize("kind", ["subDocument", "aFChunk", "oleObject", "vbaProject", "control"])
def test_nothing_is_merged_or_embedded_from_inside(kind):
    link = f'<Relationship Id="x" Target="x.xml" Type="http://schemas.example/relationships/{kind}"/>'.encode()
    rels = "word/_rels/document.xml.rels"
    refused(with_parts(SOUND, {rels: lambda old: old.replace(b"</Rel", link + b"</Rel")}), kind)


@pytest.mark.parametrize(
    "name",
    ["word/vbaProject.bin", "word/embeddings/oleObject1.bin", "word/activeX/activeX1.xml", "word/afchunk.htm"],
)
def test_no_code_and_no_other_files(name):
    refused(with_parts(SOUND, {name: b"x"}), name)


def test_no_macro_content_type():
    change = {"[Content_Types].xml": lambda old: old.replace(b"document.main+xml", b"macroEnabled.main+xml")}
    refused(with_parts(SOUND, change), "宏")


@pytest.mark.parametrize(
    "pieces",
    [
        (' INCLUDETEXT "/etc/passwd" ',),
        (" INCLUDEPICTURE x ",),
        (" DDEAUTO c:\\\\cmd ",),
        (" INCL", "UDETEXT x "),
        (" PAGE ", "{ INCLUDETEXT x }"),
        (' HYPERLINK "https://attacker.invalid" ',),
    ],
)
def test_fields_only_number_pages(pieces):
    refused(with_body(SOUND, code(*pieces)), "域")


def test_a_simple_field_is_looked_at_too():
    refused(with_body(SOUND, b'<w:p><w:fldSimple w:instr="INCLUDETEXT x"/></w:p>'), "INCLUDETEXT")


@pytest.mark.parametrize("element", ["altChunk", "subDoc", "object"])
def test_elements_that_bring_something_in(element):
    refused(with_body(SOUND, f"<w:p><w:r><w:{element}/></w:r></w:p>".encode()), element)


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "word/header1.xml", "docProps/core.xml"])
def test_no_entities(part):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    change = {part: lambda old: old.replace(b"?>\n", b"?>\n" + bomb, 1)}
    refused(with_parts(SOUND, change), "文档类型声明")


def test_broken_xml_names_its_part():
    refused(with_parts(SOUND, {"word/footer1.xml": b"<w:ftr"}), "footer1")


def test_too_large_packed_or_unpacked():
    refused(b"x" * (MAX_PACKAGE + 1), "过大")
    refused(with_parts(SOUND, {"word/media/a.png": b"\0" * (17 * 1024 * 1024)}), "解压后过大")


def test_too_many_or_doubled_parts():
    refused(with_parts(SOUND, {f"word/media/{i}.png": b"" for i in range(200)}), "过多")
    out = io.BytesIO(SOUND)
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", "<x/>")
    refused(out.getvalue(), "重名")


def test_equal_parts_are_equal_bytes_in_any_order():
    parts = read_package(SOUND)
    backwards = dict(reversed(parts.items()))
    assert write_package(parts) == write_package(backwards)
    assert read_package(write_package(parts)) == parts
    with zipfile.ZipFile(io.BytesIO(write_package(parts))) as archive:
        assert archive.namelist()[0] == "[Content_Types].xml"
