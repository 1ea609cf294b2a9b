"""What the office leaves out of a tagged PDF, put in before it is sealed: all that PDF/UA-1 asks for (pikepdf).

Clauses are those of ISO 14289-1. Nothing that is drawn changes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from docsvc.domain.errors import ConversionError

# Word's paragraph styles for the labels of table cells → which way such a cell heads others (7.5).
HEADS: Final = {"/表格栏目": "/Row", "/目录栏目": "/Column"}
MARKED: Final = re.compile(rb"/(?:Div|Figure)\s*<<\s*/MCID\s+(\d+)\s*>>\s*BDC")
# ISO 19005-2, 6.6.2.3: what XMP does not define itself is described beside it.
DECLARED: Final = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
   <pdfuaid:part>1</pdfuaid:part>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
    <pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
    <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
    <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
    <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
     <pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
     <pdfaProperty:category>internal</pdfaProperty:category>
     <pdfaProperty:description>part of ISO 14289 that the file conforms to</pdfaProperty:description>
    </rdf:li></rdf:Seq></pdfaSchema:property>
   </rdf:li></rdf:Bag></pdfaExtension:schemas>
  </rdf:Description>
 """


def complete_tags(pdf: bytes) -> bytes:
    """`pdf` with its structure completed and PDF/UA-1 declared; as it is where it has no structure.

    Raises ConversionError for what is no sound tagged PDF.
    """
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            tree = document.Root.get("/StructTreeRoot")
            if tree is None or "/Metadata" not in document.Root:
                return pdf
            _complete(document, tree)
            out = io.BytesIO()
            document.save(out)
            return out.getvalue()
    except (pikepdf.PdfError, AttributeError, KeyError, IndexError, TypeError, ValueError) as e:
        raise ConversionError("排版结果的结构标记无法读取 / the layout's structure can't be read") from e


def _complete(document: Any, tree: Any) -> None:
    import pikepdf

    for name in [key for key, role in tree.get("/RoleMap", {}).items() if role == key]:
        del tree.RoleMap[name]  # 7.1: a standard type is not mapped, not even to itself
    for page in document.pages:
        page.obj.Tabs = pikepdf.Name.S  # 7.18.3: for the seal's field and those of time stamps
    elements = list(_below(tree))
    for element in elements:
        if element.S == "/TD" and (scope := _heads(element)):
            element.S = pikepdf.Name.TH
            element.A = _with_scope(element.get("/A"), scope)
    _withdraw([e for e in elements if _is_decoration(e)], tree)
    _declare(document)


def _below(node: Any) -> Iterator[Any]:
    """The structure elements under `node`, in reading order."""
    for kid in _kids(node):
        yield kid
        yield from _below(kid)


def _kids(node: Any) -> list[Any]:
    import pikepdf

    kids = node.get("/K")
    listed = kids if isinstance(kids, pikepdf.Array) else [kids]
    return [kid for kid in listed if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]


def _heads(cell: Any) -> str | None:
    """Which way a cell heads others: its paragraphs all have a label's style."""
    ways = {HEADS.get(str(kid.S)) for kid in _kids(cell)}
    return ways.pop() if len(ways) == 1 else None


def _with_scope(attributes: Any, scope: str) -> Any:
    import pikepdf

    own = pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=pikepdf.Name(scope))
    before = attributes if isinstance(attributes, pikepdf.Array) else [] if attributes is None else [attributes]
    return pikepdf.Array([*before, own])


def _is_decoration(element: Any) -> bool:
    """A drawing that nobody described: the shapes of a watermark. They come as figures, or beside the document."""
    if element.S == "/Figure":
        return "/Alt" not in element and "/K" in element
    return bool(element.S == "/Div" and element.P.get("/Type") == "/StructTreeRoot")


def _withdraw(elements: list[Any], tree: Any) -> None:
    """Make their content artifacts (7.1, 7.3): take them out of the structure and their marks off the pages."""
    import pikepdf

    parents = dict(_pairs(tree.ParentTree.Nums))
    for element in elements:
        page, marks = element.Pg, {int(mark) for mark in element.K}
        pikepdf.Page(page).contents_coalesce()
        page.Contents.write(_unmarked(page.Contents.read_bytes(), marks))
        for mark in marks:
            parents[int(page.StructParents)][mark] = None
        element.P.K = pikepdf.Array([kid for kid in element.P.K if kid != element])


def _unmarked(content: bytes, marks: set[int]) -> bytes:
    return MARKED.sub(lambda m: b"/Artifact BMC" if int(m[1]) in marks else m[0], content)


def _pairs(flat: Any) -> Iterator[tuple[int, Any]]:
    return ((int(flat[i]), flat[i + 1]) for i in range(0, len(flat), 2))


def _declare(document: Any) -> None:
    """PDF/UA-1 in the metadata (5)."""
    xmp = document.Root.Metadata.read_bytes().decode()
    document.Root.Metadata.write(xmp.replace("</rdf:RDF>", DECLARED + "</rdf:RDF>").encode())
