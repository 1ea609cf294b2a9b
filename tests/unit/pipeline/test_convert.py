import hashlib

import pytest
from docx.oxml import parse_xml

from docsvc.domain.document import Filled
from docsvc.domain.errors import ConversionError, MissingGlyphError
from docsvc.pipeline.convert import body_text, convert
from tests.support.office import make_docx, with_body

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>9</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)


class Pages:
    """Reads nothing, remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer

    def complete(self, pdf):
        return pdf + b", tagged"

    def mark_test(self, pdf):
        return pdf + b", marked"

    def inspect(self, pdf, expected):
        self.asked = (pdf, expected)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Converter:
    def convert(self, docx):
        return b"%PDF of " + docx


def filled(*lines):
    docx = make_docx(lines)
    return Filled(docx, hashlib.sha256(docx).hexdigest())


def test_a_layout_of_test_data_is_marked_before_it_is_read():
    pages = Pages(1)
    out = convert(filled("甲"), Converter(), pages, test_data=True)
    assert out.pdf.endswith(b", tagged, marked")
    assert pages.asked[0] == out.pdf


def test_the_result_is_the_pdf_its_digest_and_its_pages():
    document = filled("甲")
    out = convert(document, Converter(), Pages(3))
    assert out.pdf == b"%PDF of " + document.docx + b", tagged"
    assert out.sha256 == hashlib.sha256(out.pdf).hexdigest()
    assert out.pages == 3


def test_the_pages_are_asked_for_every_character_of_the_body():
    pages = Pages(1)
    convert(filled("当事人：李喆", "地址"), Converter(), pages)
    assert pages.asked[1].split() == ["当事人：李喆", "地址"]


def test_a_missing_glyph_stops_the_document():
    with pytest.raises(MissingGlyphError, match="喆"):
        convert(filled("喆"), Converter(), Pages(MissingGlyphError("喆")))


def test_what_is_no_word_file_is_a_conversion_error():
    with pytest.raises(ConversionError):
        body_text(b"PK no zip")


def test_a_broken_body_is_a_conversion_error():
    with pytest.raises(ConversionError):
        body_text(with_body(make_docx([]), b"<open>"))


def test_cells_and_text_boxes_are_read_once():
    box = (
        '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        '<mc:Choice Requires="wps"><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p></w:txbxContent></mc:Choice>'
        "<mc:Fallback><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p></w:txbxContent></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )

    def table(document):
        document.add_table(1, 2).cell(0, 1).text = "格"

    docx = with_body(make_docx(["文"], change=table), box.encode())
    assert body_text(docx).split() == ["框", "文", "格"]


@pytest.mark.parametrize(
    "run",
    [
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐</w:t></w:r>",
        '<w:fldSimple w:instr="NUMPAGES"><w:r><w:t>9</w:t></w:r></w:fldSimple>',
        FIELD,
        '<w:del w:id="1" w:author="x"><w:r><w:delText>删</w:delText></w:r></w:del>',
        '<w:moveFrom w:id="1" w:author="x"><w:r><w:t>移</w:t></w:r></w:moveFrom>',
    ],
)
def test_what_the_page_does_not_show_as_written_is_left_out(run):
    def add(document):
        body = document.element.body
        body.insert(0, parse_xml(f"<w:p {W}>{run}<w:r><w:t>后</w:t></w:r></w:p>"))

    assert body_text(make_docx(["文"], change=add)).split() == ["后", "文"]


@pytest.mark.parametrize("value", ["0", "false"])
def test_a_run_that_is_not_hidden_after_all_is_read(value):
    run = f'<w:r><w:rPr><w:vanish w:val="{value}"/></w:rPr><w:t>显</w:t></w:r>'
    assert "显" in body_text(with_body(make_docx([]), f"<w:p>{run}</w:p>".encode()))


def test_tabs_and_breaks_part_words():
    docx = with_body(
        make_docx([]), "<w:p><w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:br/><w:t>丙</w:t></w:r></w:p>".encode()
    )
    assert body_text(docx).split() == ["甲", "乙", "丙"]
