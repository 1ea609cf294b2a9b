"""What is put into a tagged PDF before it is sealed; the judge of real ones is veraPDF, in tests/conformance."""

from __future__ import annotations

import io

import pikepdf
import pytest

from docsvc.adapters.pages.tagging import complete_tags
from docsvc.domain.errors import ConversionError
from tests.support.unsigned_pdfs import make_pdf

CONTENT = (
    b"/Div<</MCID 0>>BDC\n0 0 9 9 re f\nEMC\n/P<</MCID 1>>BDC\nEMC\n"
    b"/Figure<</MCID 2>>BDC\n1 1 9 9 re f\nEMC\n/Figure<</MCID 3>>BDC\nEMC"
)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"></rdf:RDF></x:xmpmeta>'


def tagged() -> bytes:
    """One page in the manner of the office: a watermark beside the document and one in it, a table, a picture."""
    pdf = pikepdf.open(io.BytesIO(make_pdf([[]])))
    page = pdf.pages[0].obj
    page.Contents, page.StructParents = pdf.make_stream(CONTENT), 0

    def element(kind, parent, **more):
        made = pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name(kind), P=parent, Pg=page, K=[], **more))
        parent.K.append(made)
        return made

    tree = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructTreeRoot, K=[]))
    beside, document = element("/Div", tree), element("/Document", tree)
    text, undescribed = element("/P", document), element("/Figure", document)
    picture = element("/Figure", document, Alt="二维码")
    row = element("/TR", element("/Table", document))
    for style in ("/表格栏目", "/表格内容"):
        element(style, element("/TD", row, A=pikepdf.Dictionary(O=pikepdf.Name.Layout)))
    for mark, owner in enumerate((beside, text, undescribed, picture)):
        owner.K = pikepdf.Array([mark])
    tree.RoleMap = pikepdf.Dictionary({"/Document": pikepdf.Name.Document, "/表格栏目": pikepdf.Name.P})
    tree.ParentTree = pikepdf.Dictionary(
        Nums=[0, pdf.make_indirect(pikepdf.Array([beside, text, undescribed, picture]))]
    )
    pdf.Root.StructTreeRoot = tree
    pdf.Root.Metadata = pdf.make_stream(XMP)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


@pytest.fixture
def completed():
    with pikepdf.open(io.BytesIO(complete_tags(tagged()))) as pdf:
        yield pdf


def test_a_label_heads_its_row_and_keeps_its_attributes(completed):
    row = completed.Root.StructTreeRoot.K[0].K[2].K[0]
    label, value = row.K
    assert (label.S, value.S) == ("/TH", "/TD")
    assert [entry.O for entry in label.A] == ["/Layout", "/Table"]
    assert label.A[1].Scope == "/Row"
    assert value.A.O == "/Layout"


def test_what_nobody_described_is_no_part_of_the_document(completed):
    tree = completed.Root.StructTreeRoot
    assert [kid.S for kid in tree.K] == ["/Document"]
    assert [kid.S for kid in tree.K[0].K] == ["/P", "/Figure", "/Table"]
    assert tree.K[0].K[1].Alt == "二维码"
    content = completed.pages[0].obj.Contents.read_bytes()
    assert content.count(b"/Artifact BMC") == 2
    assert (b"/P<</MCID 1>>BDC" in content, b"/Figure<</MCID 3>>BDC" in content) == (True, True)
    assert [entry is not None for entry in tree.ParentTree.Nums[1]] == [False, True, False, True]


def test_roles_tab_order_and_the_declaration(completed):
    assert list(completed.Root.StructTreeRoot.RoleMap.keys()) == ["/表格栏目"]
    assert completed.pages[0].obj.Tabs == "/S"
    xmp = completed.Root.Metadata.read_bytes().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert "http://www.aiim.org/pdfua/ns/id/" in xmp


def test_a_file_without_structure_stays_as_it_is():
    pdf = make_pdf([[]])
    assert complete_tags(pdf) == pdf


def test_a_broken_structure_is_told():
    with pikepdf.open(io.BytesIO(tagged())) as pdf:
        del pdf.Root.StructTreeRoot["/ParentTree"]
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(ConversionError, match="structure"):
        complete_tags(out.getvalue())
    with pytest.raises(ConversionError):
        complete_tags(b"%PDF-1.7 nothing")
