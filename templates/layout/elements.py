"""Word's elements as texts: paragraphs, tables, tags and the package around them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w10="urn:schemas-microsoft-com:office:word"'
)
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PICTURE = "picture"  # id of the one picture of a template
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def run(text: str, properties: str = "") -> str:
    """One run: a tag must never be spread over two."""
    rpr = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{rpr}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(text: str, style: str, runs: str = "") -> str:
    """A paragraph of a named style, with `text` in one run and raw `runs` after it."""
    body = run(text) if text else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{body}{runs}</w:p>'


def tag(expression: str) -> str:
    """A paragraph that only steers: docxtpl takes it away."""
    return f"<w:p><w:r><w:t>{{%p {escape(expression)} %}}</w:t></w:r></w:p>"


def when(condition: str, *content: str) -> str:
    """`content` only where `condition` holds."""
    return tag(f"if {condition}") + "".join(content) + tag("endif")


def each(name: str, values: str, *content: str) -> str:
    """`content` once for each of `values`."""
    return tag(f"for {name} in {values}") + "".join(content) + tag("endfor")


def grid(source: str, columns: Sequence[tuple[str, int, str, str]]) -> str:
    """A table with a row of headings, repeated on each page, and a row for each entry of `source`, none torn.

    `columns` are heading, width in twips, style and name of the text; together as wide as the type area.
    """
    head = "".join(_cell(paragraph(heading, "GridHead"), width) for heading, width, _, _ in columns)
    cells = "".join(_cell(paragraph(f"{{{{ row.{name} }}}}", style), width) for _, width, style, name in columns)
    rows = (
        f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr>"
        + row_tag(f"for row in {source}")
        + f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="500" w:hRule="atLeast"/></w:trPr>{cells}</w:tr>'
        + row_tag("endfor")
    )
    widths = [width for _, width, _, _ in columns]
    columns_of = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="GridTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
        f"<w:tblGrid>{columns_of}</w:tblGrid>{rows}</w:tbl>"
    )


def row_tag(expression: str) -> str:
    """A table row that only steers."""
    cell = f"<w:p><w:r><w:t>{{%tr {escape(expression)} %}}</w:t></w:r></w:p>"
    return f"<w:tr>{_cell(cell, LABEL_WIDTH)}{_cell('<w:p/>', VALUE_WIDTH)}</w:tr>"


LABEL_WIDTH, VALUE_WIDTH = 2280, 6569  # twips; together the width of the type area


def fact_table(*sources: str) -> str:
    """A form table: a row a fact, label left, value right; `sources` are lists of rows in the context.

    No row is torn over two pages.
    """
    value = paragraph("{{ row.value }}", "TableValue")
    return table(*(rows(source, value) for source in sources))


def form_table(source: str, *more: str) -> str:
    """A form table whose values have one or more paragraphs, and `more` rows after them. A label stands beside the
    first line of its value: in the middle, it would be read in the middle of the text.
    """
    return table(rows(source, each("line", "row.lines", paragraph("{{ line }}", "TableValue")), "top"), *more)


def rows(source: str, value: str, align: str = "center") -> str:
    """A table row for each row of a list in the context: its label, and `value`."""
    return row_tag(f"for row in {source}") + row("{{ row.label }}", value, align=align) + row_tag("endfor")


def row(label: str, value: str, height: int = 460, align: str = "center") -> str:
    """One table row, at least `height` high and not torn over two pages."""
    return (
        f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}" w:hRule="atLeast"/></w:trPr>'
        + _cell("".join(paragraph(line, "TableLabel") for line in label.splitlines()), LABEL_WIDTH, align)
        + _cell(value, VALUE_WIDTH, align)
        + "</w:tr>"
    )


def sign_row(condition: str, label: str, blank: str) -> str:
    """A high row to sign in, only where `condition` holds. The blank stands in line with the label's last line."""
    lines = len(label.splitlines())
    value = paragraph("", "TableSign") * (lines - 1) + paragraph(blank, "TableSign")
    return row_tag(f"if {condition}") + row(label, value, 1000) + row_tag("endif")


def table(*content: str) -> str:
    """A table of the width of the type area."""
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="FactTable"/>'
        f'<w:tblW w:w="{LABEL_WIDTH + VALUE_WIDTH}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/></w:tblPr>'
        f'<w:tblGrid><w:gridCol w:w="{LABEL_WIDTH}"/><w:gridCol w:w="{VALUE_WIDTH}"/></w:tblGrid>'
        f"{''.join(content)}</w:tbl>"
    )


def _cell(content: str, width: int, align: str = "center") -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="{align}"/></w:tcPr>{content}</w:tc>'


def field(code: str) -> str:
    """A page number field with a placeholder result."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {code} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        "<w:r><w:t>1</w:t></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def picture(name: str, description: str, side: int, left: int, top: int) -> str:
    """A run with a square picture, laid on the page without moving any text; `name` is also that of its part.

    Measures in English Metric Units (360 a hundredth of a millimetre), from the page's upper left corner.
    """
    return (
        "<w:r><w:drawing>"
        '<wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="1" behindDoc="0" '
        'locked="1" layoutInCell="1" allowOverlap="1"><wp:simplePos x="0" y="0"/>'
        f'<wp:positionH relativeFrom="page"><wp:posOffset>{left}</wp:posOffset></wp:positionH>'
        f'<wp:positionV relativeFrom="page"><wp:posOffset>{top}</wp:posOffset></wp:positionV>'
        f'<wp:extent cx="{side}" cy="{side}"/><wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/>'
        f'<wp:docPr id="1" name="{escape(name)}" descr="{escape(description)}"/>'
        '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>'
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
        f'<pic:nvPicPr><pic:cNvPr id="1" name="{escape(name)}"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{PICTURE}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{side}" cy="{side}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
        "</pic:pic></a:graphicData></a:graphic></wp:anchor></w:drawing></w:r>"
    )


def text_box(name: str, place: tuple[int, int, int, int], content: str) -> str:
    """A run with a box of paragraphs, laid on the page without moving any text.

    `place` is left, top, width and height in English Metric Units, from the page's upper left corner.
    """
    text = (
        f"<wps:txbx><w:txbxContent>{content}</w:txbxContent></wps:txbx>"
        '<wps:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="b"><a:noAutofit/></wps:bodyPr>'
    )
    return _shape(2, name, place, "<a:noFill/>", text, name)


def bar(number: int, name: str, place: tuple[int, int, int, int], colour: str) -> str:
    """A run with a filled bar, placed as a `text_box` is; `number` tells the shapes of a file apart. It has no
    description: it is decoration.
    """
    return _shape(number, name, place, f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>', "<wps:bodyPr/>")


def _shape(
    number: int, name: str, place: tuple[int, int, int, int], fill: str, content: str, description: str = ""
) -> str:
    left, top, width, height = place
    return (
        '<w:r><w:drawing><wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" '
        f'relativeHeight="{number}" behindDoc="0" locked="1" layoutInCell="1" allowOverlap="1">'
        '<wp:simplePos x="0" y="0"/>'
        f'<wp:positionH relativeFrom="page"><wp:posOffset>{left}</wp:posOffset></wp:positionH>'
        f'<wp:positionV relativeFrom="page"><wp:posOffset>{top}</wp:posOffset></wp:positionV>'
        f'<wp:extent cx="{width}" cy="{height}"/><wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/>'
        f'<wp:docPr id="{number}" name="{escape(name)}" descr="{escape(description)}"/><wp:cNvGraphicFramePr/>'
        '<a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp>'
        "<wps:cNvSpPr/><wps:spPr>"
        f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{fill}<a:ln><a:noFill/></a:ln></wps:spPr>'
        f"{content}</wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></w:r>"
    )


def part(root: str, content: str) -> str:
    """An XML part with the namespaces that Word's elements need."""
    return f"{HEAD}<w:{root} {NAMESPACES}>{content}</w:{root}>"


def package(
    body: str,
    section: str,
    styles: str,
    settings: str,
    edges: Mapping[str, tuple[str, str]],
    title: str,
    picture: bytes = b"",
) -> bytes:
    """A .docx file. `edges` are headers and footers: name of the part → (its kind, its XML); `picture` a PNG."""
    names = list(edges)
    relations = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{edges[name][0]}" Target="{name}.xml"/>' for name in names
    )
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{WORD_TYPE}.{edges[name][0]}+xml"/>' for name in names
    )
    relations += f'<Relationship Id="{PICTURE}" Type="{RELATIONS}/image" Target="media/image1.png"/>' * bool(
        picture
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="png" ContentType="image/png"/>'
        f'<Override PartName="/word/document.xml" ContentType="{WORD_TYPE}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{WORD_TYPE}.styles+xml"/>'
        f'<Override PartName="/word/settings.xml" ContentType="{WORD_TYPE}.settings+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="rId2" Type="{PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/></Relationships>',
        "docProps/core.xml": f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>{{{{ agency.name }}}}</dc:creator>"
        "<dc:subject>{{ number }}</dc:subject><dc:language>zh-CN</dc:language></cp:coreProperties>",
        "word/document.xml": part("document", f"<w:body>{body}{section}</w:body>"),
        "word/styles.xml": styles,
        "word/settings.xml": settings,
        "word/_rels/document.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="styles" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="settings" Type="{RELATIONS}/settings" Target="settings.xml"/>'
        f"{relations}</Relationships>",
        **{f"word/{name}.xml": xml for name, (_, xml) in edges.items()},
        **({"word/media/image1.png": picture} if picture else {}),
    }
    return _zip(parts)


def _zip(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            data = content.encode() if isinstance(content, str) else content
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
