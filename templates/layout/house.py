"""The house style: page, styles, settings, headers with the test mark, page numbers (GB/T 9704-2012)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from templates.layout.elements import field, paragraph, part, picture, run, when
from templates.layout.joint import KINDS, narrowed, style_key, tabs

# Twips (1/20 pt). The type area is 156 × 225 mm, of 22 lines with 28 characters each (5.2.1, 5.2.3): a 16 pt
# character advances by 15.75 pt, a line by 28.95 pt.
PAGE_WIDTH, PAGE_HEIGHT = 11906, 16838
TOP, BOTTOM, LEFT, RIGHT = 2098, 1984, 1587, 1470
PITCH, LINE = -5, 579
CHARACTER = 315
TEXT_WIDTH = PAGE_WIDTH - LEFT - RIGHT
# A footer line of 20 pt whose middle, the dash, stands 7 mm below the type area (7.5).
FOOTER = 1389
# A record's footer has a line for the party's signature too, and stands lower.
RECORD_FOOTER = 850

# The QR code, 24 mm with its white border, in the upper right corner over the act code. Its black part ends where
# the text ends and at 34 mm, so its border of 1.4 mm (4 of 69 modules, as most codes have) stands out of the type
# area. In English Metric Units.
MM = 36000
QR_SIDE, QR_BORDER = 24 * MM, 14 * MM // 10
QR_LEFT, QR_TOP = (210 - 26) * MM + QR_BORDER - QR_SIDE, 34 * MM + QR_BORDER - QR_SIDE

# Boxes, right-aligned, in which name and date stand centred on one axis: their width in characters. The axis of
# the date is 7.5 characters from the right edge: 4 for the margin and half of a date of 7 (7.3.5.1). Longer names
# move both to the left.
SIGNOFF = (("short", "短", 15), ("long", "长", 22), ("wide", "通栏", 28))
SLACK = 60  # on both sides, so that a name as long as the box does not break for a rounding


@dataclass(frozen=True)
class Style:
    """One paragraph style. Sizes in half points, the rest in twips."""

    key: str
    name: str
    based_on: str = "Normal"
    font: str = ""
    size: int = 0
    paragraph: str = ""
    run: str = ""
    language: str = ""

    def xml(self) -> str:
        """As an element of styles.xml."""
        font = (
            f'<w:rFonts w:ascii="{self.font}" w:hAnsi="{self.font}" w:eastAsia="{self.font}" w:cs="{self.font}"/>'
            if self.font
            else ""
        )
        size = f'<w:sz w:val="{self.size}"/><w:szCs w:val="{self.size}"/>' if self.size else ""
        default = ' w:default="1"' if self.key == "Normal" else ""
        based = f'<w:basedOn w:val="{self.based_on}"/>' if self.key != "Normal" else ""
        return (
            f'<w:style w:type="paragraph"{default} w:styleId="{self.key}"><w:name w:val="{escape(self.name)}"/>'
            f"{based}<w:qFormat/><w:pPr>{self.paragraph}</w:pPr><w:rPr>{font}{self.run}{size}{self.language}</w:rPr></w:style>"
        )


def spacing(line: int = LINE, before: int = 0, after: int = 0) -> str:
    """Exact line pitch, so that a fallback font never moves a line."""
    return f'<w:spacing w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="exact"/>'


def indent(left: int = 0, first: int = 0, right: int = 0) -> str:
    """Indents of a paragraph."""
    return f'<w:ind w:left="{left}" w:right="{right}" w:firstLine="{first}"/>'


def box(characters: int) -> str:
    """Indents that leave a box of so many characters at the right edge."""
    return indent(TEXT_WIDTH - characters * CHARACTER - SLACK, right=-SLACK)


def align(value: str) -> str:
    """Alignment of a paragraph."""
    return f'<w:jc w:val="{value}"/>'


KEEP_NEXT, KEEP_LINES, NEW_PAGE = "<w:keepNext/>", "<w:keepLines/>", "<w:pageBreakBefore/>"
TWO = 2 * CHARACTER
HEADING = '<w:outlineLvl w:val="{}"/>'
# No closing mark begins a line, and none hangs over the edge. LibreOffice 7.4 reads overflowPunct the wrong way
# round (off hangs, on does not), and Word's default is on: so "on" is written. A test measures the edge.
CHINESE = '<w:widowControl w:val="0"/><w:kinsoku/><w:overflowPunct/>'
# The document's language is Chinese (docDefaults), but its Latin letters and figures must not be called so: in
# Chinese text LibreOffice breaks lines anywhere, even inside "2026".
FIGURES = '<w:lang w:val="en-US" w:eastAsia="zh-CN"/>'
NO_PITCH = '<w:spacing w:val="0"/>'

# Facts are not torn over two pages (keepLines): a sentence of a decision stays readable, and can be searched.
STYLES = (
    Style("Normal", "Normal", paragraph=CHINESE + spacing() + align("both"), language=FIGURES),
    Style("Code", "行政行为码", size=24, paragraph=spacing(320) + align("right"), run=NO_PITCH),
    Style(
        "AgencyTitle",
        "机关名称",
        font="小标宋",
        size=44,
        paragraph=KEEP_NEXT + spacing(590, before=120) + align("center"),
        run=NO_PITCH,
    ),
    Style(
        "DocumentTitle",
        "文书标题",
        font="小标宋",
        size=44,
        paragraph=KEEP_NEXT + spacing(590) + align("center") + HEADING.format(0),
        run=NO_PITCH,
    ),
    # Code, title and number take four lines together, so that eighteen are left on the first page.
    Style("Number", "发文字号", paragraph=KEEP_NEXT + spacing(before=60, after=57) + align("center")),
    Style("Addressee", "主送", paragraph=KEEP_NEXT + spacing() + align("left")),
    Style("Text", "公文正文", paragraph=KEEP_LINES + spacing() + indent(first=TWO) + align("both")),
    Style("Closing", "正文末段", "Text", paragraph=KEEP_NEXT),
    Style("Item", "条款", "Text"),
    Style(
        "Section",
        "一级标题",
        font="黑体",
        paragraph=KEEP_NEXT + spacing() + indent(first=TWO) + align("left") + HEADING.format(1),
    ),
    Style("SectionPage", "一级标题·另页", "Section", paragraph=NEW_PAGE),
    Style("Party", "当事人信息", paragraph=KEEP_LINES + spacing() + align("left")),
    Style("Question", "问", "Text", font="楷体", paragraph=KEEP_NEXT),
    Style("Answer", "答", "Text"),
    Style("Blank", "以下空白", paragraph=spacing() + align("center")),
    Style(
        "Signature",
        "签名栏",
        paragraph=KEEP_NEXT
        + KEEP_LINES
        + '<w:tabs><w:tab w:val="left" w:pos="5700"/></w:tabs>'
        + spacing(620)
        + align("left"),
    ),
    *(
        Style(
            f"Name{key.title()}",
            f"署名·{label}",
            paragraph=KEEP_NEXT + KEEP_LINES + spacing(before=2 * LINE) + box(width) + align("center"),
        )
        for key, label, width in SIGNOFF
    ),
    *(
        Style(
            f"Date{key.title()}",
            f"成文日期·{label}",
            paragraph=KEEP_NEXT + spacing() + box(width) + align("center"),
        )
        for key, label, width in SIGNOFF
    ),
    Style("JointBlank", "联合署名·空行", paragraph=KEEP_NEXT + spacing() + align("left")),
    *(
        Style(
            style_key(kind),
            name,
            paragraph=KEEP_NEXT + KEEP_LINES + tabs(cells, TEXT_WIDTH) + spacing() + align("left"),
            run=narrowed(per_cent),
        )
        for kind, (name, cells, per_cent) in KINDS.items()
    ),
    Style("Note", "附注", paragraph=spacing(before=LINE) + indent(TWO) + align("left")),
    Style(
        "Attached",
        "附表标题",
        font="黑体",
        paragraph=NEW_PAGE + KEEP_NEXT + spacing(after=200) + align("left") + HEADING.format(1),
    ),
    Style("TableLabel", "表格栏目", size=24, paragraph=spacing(420) + align("left"), run=NO_PITCH),
    Style("TableValue", "表格内容", size=24, paragraph=spacing(420) + align("left"), run=NO_PITCH),
    Style("TableSign", "表格签名", "TableValue", paragraph=align("right")),
    Style("Gap", "表前表后", paragraph=spacing(160)),
    Style("GridHead", "目录栏目", font="黑体", size=21, paragraph=spacing(380) + align("center"), run=NO_PITCH),
    Style("GridText", "目录内容", size=21, paragraph=spacing(320) + align("left"), run=NO_PITCH),
    Style("GridCentre", "目录内容·居中", "GridText", paragraph=align("center")),
    Style("GridCode", "目录内容·摘要值", "GridText", size=18),
    Style(
        "SubTable",
        "续表标题",
        font="黑体",
        paragraph=KEEP_NEXT + spacing(before=LINE // 2, after=200) + align("left") + HEADING.format(1),
    ),
    Style("PageNumber", "页码", font="宋体", size=28, paragraph=spacing(400), run=NO_PITCH),
    Style("PageOdd", "页码·单页", "PageNumber", paragraph=indent(right=280) + align("right")),
    Style("PageEven", "页码·双页", "PageNumber", paragraph=indent(left=280) + align("left")),
    Style(
        "PageSign",
        "逐页签名",
        size=24,
        paragraph='<w:tabs><w:tab w:val="left" w:pos="5700"/></w:tabs>' + spacing(480) + align("left"),
        run=NO_PITCH,
    ),
    Style("PageRecord", "页码·笔录", "PageNumber", font="仿宋", paragraph=align("center")),
    Style(
        "TestMark",
        "测试标记",
        size=24,
        paragraph=spacing(400) + align("center"),
        run='<w:color w:val="808080"/>' + NO_PITCH,
    ),
    Style("Edge", "页眉", size=24, paragraph=spacing(20), run=NO_PITCH),
)


def styles() -> str:
    """styles.xml, with the styles in use and no others."""
    defaults = (
        "<w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="仿宋" w:hAnsi="仿宋" w:eastAsia="仿宋" w:cs="仿宋"/>'
        f'<w:spacing w:val="{PITCH}"/><w:sz w:val="32"/><w:szCs w:val="32"/>'
        '<w:lang w:val="zh-CN" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
        "</w:docDefaults>"
    )
    line = 'w:val="single" w:sz="4" w:space="0" w:color="000000"'
    edges = "".join(f"<w:{edge} {line}/>" for edge in ("top", "left", "bottom", "right", "insideH", "insideV"))
    table = "".join(
        f'<w:style w:type="table" w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:tblPr><w:tblBorders>{edges}</w:tblBorders><w:tblCellMar><w:left w:w="{margin}" w:type="dxa"/>'
        f'<w:right w:w="{margin}" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>'
        for key, name, margin in (("FactTable", "信息表", 100), ("GridTable", "目录表", 50))
    )
    return part("styles", defaults + "".join(style.xml() for style in STYLES) + table)


def settings(*, two_sided: bool) -> str:
    """settings.xml: different odd and even pages, and typesetting as Chinese law texts have it."""
    return part(
        "settings",
        ("<w:evenAndOddHeaders/>" if two_sided else "")
        + '<w:characterSpacingControl w:val="doNotCompress"/>'
        + "<w:compat><w:doNotExpandShiftReturn/>"
        + '<w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
        + '</w:compat><w:themeFontLang w:val="zh-CN" w:eastAsia="zh-CN"/>',
    )


def section(*, two_sided: bool) -> str:
    """Page size, margins, headers and footers: letters have left and right pages, records have not."""
    footer = FOOTER if two_sided else RECORD_FOOTER
    kinds = ("default", "even") if two_sided else ("default",)
    references = "".join(
        f'<w:headerReference w:type="{kind}" r:id="header{i}"/>'
        f'<w:footerReference w:type="{kind}" r:id="footer{i}"/>'
        for i, kind in enumerate(kinds, 1)
    )
    return (
        f'<w:sectPr>{references}<w:pgSz w:w="{PAGE_WIDTH}" w:h="{PAGE_HEIGHT}"/>'
        f'<w:pgMar w:top="{TOP}" w:right="{RIGHT}" w:bottom="{BOTTOM}" w:left="{LEFT}" '
        f'w:header="1020" w:footer="{footer}" w:gutter="0"/></w:sectPr>'
    )


def letter_edges() -> dict[str, tuple[str, str]]:
    """Headers and footers of letters and decisions: — 1 — outside, right on odd pages, left on even ones (7.5)."""
    edges = {}
    for i, style in enumerate(("PageOdd", "PageEven"), 1):
        edges[f"header{i}"] = ("header", _header(i))
        number = run("— ") + field("PAGE") + run(" —")
        edges[f"footer{i}"] = ("footer", part("ftr", paragraph("", style, number)))
    return edges


def record_edges(page_sign: str = "") -> dict[str, tuple[str, str]]:
    """Header and footer of a record: 第 页 共 页 stands in the middle; `page_sign` labels the line that the party
    signs on every page.
    """
    number = run("第 ") + field("PAGE") + run(" 页　共 ") + field("NUMPAGES") + run(" 页")
    signs = when("not body.refused", paragraph(page_sign, "PageSign", blank(DATE_BLANK))) if page_sign else ""
    return {
        "header1": ("header", _header(1)),
        "footer1": ("footer", part("ftr", signs + paragraph("", "PageRecord", number))),
    }


DATE_BLANK = "　　年　　月　　日"


def blank(after: str = "") -> str:
    """A ruled blank to write on, up to the tab stop of the style, and `after` behind it.

    An underlined tab: a line, not a row of low lines that reads as a forgotten placeholder.
    """
    return f'<w:r><w:rPr><w:u w:val="single"/></w:rPr><w:tab/></w:r>{run(after) if after else ""}'


def qr_code() -> str:
    """The QR code: a placeholder that is drawn anew for each document."""
    return picture("二维码", "二维码，扫描可查看本文书的状态：{{ scan }}", QR_SIDE, QR_LEFT, QR_TOP)


def _header(number: int) -> str:
    mark = paragraph("测试数据，不具有法律效力", "TestMark", watermark(number))
    return part("hdr", when("test_data", mark) + paragraph("", "Edge"))


def watermark(number: int) -> str:
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
        'style="position:absolute;margin-left:0;margin-top:0;width:360pt;height:180pt;rotation:315;'
        "z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin" o:allowincell="f" '
        'fillcolor="#ececec" stroked="f"><v:textpath style="font-family:&quot;黑体&quot;;font-size:1pt" '
        'string="测试"/><w10:wrap anchorx="margin" anchory="margin"/></v:shape></w:pict></w:r>'
    )
