"""Headers with the test mark, footers with page numbers, and the section that names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from templates.layout.elements import field, paragraph, part, run, when
from templates.layout.house import DATE_BLANK, Page, blank


@dataclass(frozen=True)
class Edge:
    """A header or footer of the pages that are `on` "default", "even" or "first", with its XML."""

    kind: str
    on: str
    xml: str


def named(edges: Sequence[Edge]) -> dict[str, Edge]:
    """The edges by the names of their parts: header1, footer1, header2 …"""
    kinds = [edge.kind for edge in edges]
    return {f"{edge.kind}{kinds[: i + 1].count(edge.kind)}": edge for i, edge in enumerate(edges)}


def section(page: Page, edges: Sequence[Edge]) -> str:
    """Page size, margins, headers and footers."""
    references = "".join(
        f'<w:{edge.kind}Reference w:type="{edge.on}" r:id="{name}"/>' for name, edge in named(edges).items()
    )
    first = "<w:titlePg/>" if any(edge.on == "first" for edge in edges) else ""
    return (
        f'<w:sectPr>{references}<w:pgSz w:w="{page.width}" w:h="{page.height}"/>'
        f'<w:pgMar w:top="{page.top}" w:right="{page.right}" w:bottom="{page.bottom}" w:left="{page.left}" '
        f'w:header="{page.header}" w:footer="{page.footer}" w:gutter="0"/>{first}</w:sectPr>'
    )


def header(number: int, on: str = "default", more: str = "", width: int = 360) -> Edge:
    """The test mark, its watermark so many points wide, and `more` paragraphs; `number` tells headers apart."""
    mark = paragraph("测试数据，不具有法律效力", "TestMark", watermark(number, width))
    return Edge("header", on, part("hdr", when("test_data", mark) + more + paragraph("", "Edge")))


def outside_number(style: str, on: str) -> Edge:
    """— 1 —, on the side that the style says (GB/T 9704-2012 7.5)."""
    number = run("— ") + field("PAGE") + run(" —")
    return Edge("footer", on, part("ftr", paragraph("", style, number)))


def page_of_pages(page_sign: str = "", *, below: bool = False) -> Edge:
    """第 页 共 页 in the middle; `page_sign` labels the line that the party signs on every page, or `below` it."""
    number = run("第 ") + field("PAGE") + run(" 页　共 ") + field("NUMPAGES") + run(" 页")
    line = paragraph(page_sign, "PageSign", "" if below else blank(DATE_BLANK))
    if below:
        line += paragraph("", "PageSignLine", blank()) + paragraph(DATE_BLANK, "SignatureDate")
    signs = when("not body.refused", line) if page_sign else ""
    return Edge("footer", "default", part("ftr", signs + paragraph("", "PageRecord", number)))


def watermark(number: int, width: int) -> str:
    """测试, large and pale across the page, behind the text: drawn as shapes, so that no search meets it."""
    return (
        '<w:r><w:rPr><w:noProof/></w:rPr><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" '
        'adj="10800" path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/>'
        '<v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/>'
        '<v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/>'
        '<v:f eqn="mid @5 @6"/><v:f eqn="mid @8 @5"/><v:f eqn="mid @7 @8"/><v:f eqn="mid @6 @7"/>'
        '<v:f eqn="sum @6 0 @5"/></v:formulas><v:path textpathok="t" o:connecttype="custom" '
        'o:connectlocs="@9,0;@10,10800;@11,21600;@12,10800" o:connectangles="270,180,90,0"/>'
        '<v:textpath on="t" fitshape="t"/><o:lock v:ext="edit" text="t" shapetype="t"/></v:shapetype>'
        f'<v:shape id="Watermark{number}" o:spid="_x0000_s{2048 + number}" type="#_x0000_t136" alt="测试" '
        f'style="position:absolute;margin-left:0;margin-top:0;width:{width}pt;height:{width // 2}pt;rotation:315;'
        "z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin" o:allowincell="f" '
        'fillcolor="#ececec" stroked="f"><v:textpath style="font-family:&quot;黑体&quot;;font-size:1pt" '
        'string="测试"/><w10:wrap anchorx="margin" anchory="margin"/></v:shape></w:pict></w:r>'
    )
