import io
import zipfile

import pytest

from docsvc.adapters.office import package
from docsvc.adapters.office.package import check_package
from docsvc.domain.errors import ConversionError
from tests.support.office import make_docx, nested_tables, with_body, with_parts, with_relation

SOUND = make_docx(["当事人：李喆"])


def zipped(parts, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def test_a_sound_file_passes():
    check_package(SOUND)


@pytest.mark.parametrize("junk", [b"", b"PK\x03\x04", b"%PDF-1.7", b"{}", SOUND[:-1000], SOUND[1000:]])
def test_what_is_no_whole_zip_is_refused(junk):
    with pytest.raises(ConversionError, match="不是完整的 Word 文档"):
        check_package(junk)


def test_damage_within_a_part_is_found():
    with zipfile.ZipFile(io.BytesIO(SOUND)) as sound:
        at = sound.getinfo("word/document.xml").header_offset + 100
    damaged = bytearray(SOUND)
    damaged[at : at + 40] = bytes(40)
    with pytest.raises(ConversionError):
        check_package(bytes(damaged))


def test_a_zip_that_is_no_word_file_is_refused():
    with pytest.raises(ConversionError, match="no Word document"):
        check_package(zipped({"hello.txt": b"hello"}))


def test_a_compound_file_is_refused_as_encrypted():
    with pytest.raises(ConversionError, match="已加密"):
        check_package(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def test_encrypted_entries_are_refused():
    marked = bytearray(SOUND)
    at = marked.rfind(b"PK\x01\x02")
    marked[at + 8] |= 1  # general purpose flag of the last entry of the directory
    with pytest.raises(ConversionError, match="已加密"):
        check_package(bytes(marked))


def test_a_bomb_is_refused_before_it_unpacks(monkeypatch):
    monkeypatch.setattr(package, "UNPACKED_LIMIT", 1_000_000)
    bomb = with_parts(SOUND, {"word/media/image1.bin": bytes(1_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(ConversionError, match="过大"):
        check_package(bomb)


def test_a_directory_that_lies_about_sizes_is_refused():
    lying = bytearray(with_parts(SOUND, {"word/extra.xml": b"<a>" + bytes(100_000) + b"</a>"}))
    at = lying.rfind(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(ConversionError):
        check_package(bytes(lying))


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(package, "PARTS_LIMIT", 5)
    with pytest.raises(ConversionError, match="过大"):
        check_package(SOUND)


def test_too_large_a_file_is_refused_unread(monkeypatch):
    monkeypatch.setattr(package, "PACKED_LIMIT", 10)
    with pytest.raises(ConversionError, match="过大"):
        check_package(b"PK" + bytes(100))


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d>&b;</d>',
        b'<!DOCTYPE d SYSTEM "http://192.0.2.1/d.dtd"><d/>',
        b"<!DOCTYPE d><d/>",
    ],
)
def test_a_doctype_is_refused(xml):
    with pytest.raises(ConversionError, match="DOCTYPE"):
        check_package(with_parts(SOUND, {"word/settings.xml": xml}))


@pytest.mark.parametrize("xml", [b"", b"<open>", b"\x00\x01", b"<a>&undefined;</a>", b"<d>" * 300 + b"</d>" * 300])
def test_unsound_xml_is_refused_with_its_part(xml):
    with pytest.raises(ConversionError, match=r"word/styles\.xml"):
        check_package(with_parts(SOUND, {"word/styles.xml": xml}))


def test_nesting_has_a_limit():
    check_package(with_body(SOUND, nested_tables(20)))
    with pytest.raises(ConversionError, match=r"word/document\.xml"):
        check_package(with_body(SOUND, nested_tables(100)))


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("image", "http://192.0.2.1/x.png"),
        ("image", "file:///etc/hostname"),
        ("attachedTemplate", "http://192.0.2.1/t.dotm"),
        ("subDocument", "other.docx"),
        ("oleObject", "file:///x"),
        ("frame", "http://192.0.2.1/"),
    ],
)
def test_outside_content_is_refused(kind, target):
    with pytest.raises(ConversionError, match="外部内容"):
        check_package(with_relation(SOUND, kind, target))


def test_a_hyperlink_may_point_outside():
    check_package(with_relation(SOUND, "hyperlink", "https://example.invalid/"))
