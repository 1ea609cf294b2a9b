"""The house style: paper and type, and the styles that every profile has (GB/T 9704-2012)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from templates.layout.elements import part, run
from templates.layout.joint import KINDS, narrowed, style_key, tabs

MM = 36000  # a millimetre in English Metric Units


@dataclass(frozen=True)
class Page:
    """A profile's paper and type: lengths in twips (1/20 pt), sizes of type in half points.

    As it stands: A4 with a type area of 156 × 225 mm, of 22 lines with 28 characters each (GB/T 9704-2012 5.2.1,
    5.2.3). In Word's units a 16 pt character advances by 15.8 pt and a line by 29 pt; 156 / 28 and 225 / 22 mm are
    15.79 and 28.99. A character stands 1.3 mm below the middle of its line, so all lines begin so much higher.
    """

    width: int = 11906
    height: int = 16838
    top: int = 2022
    bottom: int = 2056
    left: int = 1587
    right: int = 1466  # some twips less than 26 mm: 28 characters must fit whatever is rounded
    header: int = 1020
    # A footer line of 20 pt whose middle, the dash, stands 7 mm below the type area (7.5).
    footer: int = 1434
    size: int = 32
    pitch: int = -4
    character: int = 316
    line: int = 580
    title: int = 44
    title_line: int = 590
    small: int = 24  # tables, labels
    small_line: int = 420
    tiny: int = 21  # indexes
    tiny_line: int = 320
    # Boxes at the right edge, in which name and date stand centred on one axis: key, name in Word, width. The date
    # ends four characters from the edge (7.3.5.1): a box is twice four characters and a date of 9, 10 or 11 signs
    # wide, of which three are Chinese, and 40 more, as the paper's margin is rounded. Longer names move both to the
    # left.
    signoff: tuple[tuple[str, str, int], ...] = (
        ("Short9", "短·日期九字", 11 * 316 + 6 * 156 + 40),
        ("Short10", "短·日期十字", 11 * 316 + 7 * 156 + 40),
        ("Short", "短", 11 * 316 + 8 * 156 + 40),
        ("Long", "长", 22 * 316),
        ("Wide", "通栏", 28 * 316),
    )

    @property
    def text(self) -> int:
        """Width of the type area."""
        return self.width - self.left - self.right


SLACK = 60  # on both sides of a box, so that a name as long as it does not break for a rounding


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


def spacing(line: int, before: int = 0, after: int = 0) -> str:
    """Exact line pitch, so that a fallback font never moves a line."""
    return f'<w:spacing w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="exact"/>'


def indent(left: int = 0, first: int = 0, right: int = 0) -> str:
    """Indents of a paragraph."""
    return f'<w:ind w:left="{left}" w:right="{right}" w:firstLine="{first}"/>'


def align(value: str) -> str:
    """Alignment of a paragraph."""
    return f'<w:jc w:val="{value}"/>'


KEEP_NEXT, KEEP_LINES, NEW_PAGE = "<w:keepNext/>", "<w:keepLines/>", "<w:pageBreakBefore/>"
HEADING = '<w:outlineLvl w:val="{}"/>'
# No closing mark begins a line, and none hangs over the edge. LibreOffice 7.4 reads overflowPunct the wrong way
# round (off hangs, on does not), and Word's default is on: so "on" is written. A test measures the edge.
CHINESE = '<w:widowControl w:val="0"/><w:kinsoku/><w:overflowPunct/>'
# The document's language is Chinese (docDefaults), but its Latin letters and figures must not be called so: in
# Chinese text LibreOffice breaks lines anywhere, even inside "2026".
FIGURES = '<w:lang w:val="en-US" w:eastAsia="zh-CN"/>'
NO_PITCH = '<w:spacing w:val="0"/>'
DATE_BLANK = "{{ sign_date }}"  # the day to fill in by hand; nothing where a signature brings its own


def box(page: Page, width: int) -> str:
    """Indents that leave a box at the right edge."""
    return indent(page.text - width - SLACK, right=-SLACK)


def house_styles(page: Page) -> tuple[Style, ...]:
    """The styles of all profiles, in the sizes of one.

    Facts are not torn over two pages (keepLines): a sentence of a decision stays readable, and can be searched.
    """
    two = 2 * page.character
    return (
        Style("Normal", "Normal", paragraph=CHINESE + spacing(page.line) + align("both"), language=FIGURES),
        Style("Code", "行政行为码", size=page.small, paragraph=spacing(320) + align("right"), run=NO_PITCH),
        Style(
            "AgencyTitle",
            "机关名称",
            font="小标宋",
            size=page.title,
            paragraph=KEEP_NEXT + spacing(page.title_line, before=120) + align("center"),
            run=NO_PITCH,
        ),
        Style(
            "DocumentTitle",
            "文书标题",
            font="小标宋",
            size=page.title,
            paragraph=KEEP_NEXT + spacing(page.title_line) + align("center") + HEADING.format(0),
            run=NO_PITCH,
        ),
        # Code, title and number take four lines together, so that eighteen are left on the first page.
        Style(
            "Number", "发文字号", paragraph=KEEP_NEXT + spacing(page.line, before=60, after=60) + align("center")
        ),
        Style("Addressee", "主送", paragraph=KEEP_NEXT + spacing(page.line) + align("left")),
        Style("Text", "公文正文", paragraph=KEEP_LINES + spacing(page.line) + indent(first=two) + align("both")),
        Style("Closing", "正文末段", "Text", paragraph=KEEP_NEXT),
        Style("Item", "条款", "Text"),
        Style(
            "Section",
            "一级标题",
            font="黑体",
            paragraph=KEEP_NEXT + spacing(page.line) + indent(first=two) + align("left") + HEADING.format(1),
        ),
        Style("SectionPage", "一级标题·另页", "Section", paragraph=NEW_PAGE),
        Style("Party", "当事人信息", paragraph=KEEP_LINES + spacing(page.line) + align("left")),
        Style("Question", "问", "Text", font="楷体", paragraph=KEEP_NEXT),
        Style("Answer", "答", "Text"),
        Style("Blank", "以下空白", paragraph=spacing(page.line) + align("center")),
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
                f"Name{key}",
                f"署名·{label}",
                paragraph=KEEP_NEXT
                + KEEP_LINES
                + spacing(page.line, before=2 * page.line)
                + box(page, width)
                + align("center"),
            )
            for key, label, width in page.signoff
        ),
        *(
            Style(
                f"Date{key}",
                f"成文日期·{label}",
                paragraph=KEEP_NEXT + spacing(page.line) + box(page, width) + align("center"),
            )
            for key, label, width in page.signoff
        ),
        Style("JointBlank", "联合署名·空行", paragraph=KEEP_NEXT + spacing(page.line) + align("left")),
        *(
            Style(
                style_key(kind),
                name,
                paragraph=KEEP_NEXT + KEEP_LINES + tabs(cells, page.text) + spacing(page.line) + align("left"),
                run=narrowed(per_cent),
            )
            for kind, (name, cells, per_cent) in KINDS.items()
        ),
        Style("Note", "附注", paragraph=spacing(page.line, before=page.line) + indent(two) + align("left")),
        Style(
            "Attached",
            "附表标题",
            font="黑体",
            paragraph=NEW_PAGE + KEEP_NEXT + spacing(page.line, after=200) + align("left") + HEADING.format(1),
        ),
        Style(
            "TableLabel",
            "表格栏目",
            size=page.small,
            paragraph=spacing(page.small_line) + align("left"),
            run=NO_PITCH,
        ),
        Style(
            "TableValue",
            "表格内容",
            size=page.small,
            paragraph=spacing(page.small_line) + align("left"),
            run=NO_PITCH,
        ),
        Style("TableSign", "表格签名", "TableValue", paragraph=align("right")),
        Style("Gap", "表前表后", paragraph=spacing(160)),
        Style(
            "GridHead",
            "目录栏目",
            font="黑体",
            size=page.tiny,
            paragraph=spacing(page.tiny_line + 60) + align("center"),
            run=NO_PITCH,
        ),
        Style(
            "GridText", "目录内容", size=page.tiny, paragraph=spacing(page.tiny_line) + align("left"), run=NO_PITCH
        ),
        Style("GridCentre", "目录内容·居中", "GridText", paragraph=align("center")),
        Style("GridCode", "目录内容·摘要值", "GridText", size=page.tiny - 3),
        Style(
            "SubTable",
            "续表标题",
            font="黑体",
            paragraph=KEEP_NEXT
            + spacing(page.line, before=page.line // 2, after=200)
            + align("left")
            + HEADING.format(1),
        ),
        Style("PageNumber", "页码", font="宋体", size=28, paragraph=spacing(400), run=NO_PITCH),
        Style("PageOdd", "页码·单页", "PageNumber", paragraph=indent(right=280) + align("right")),
        Style("PageEven", "页码·双页", "PageNumber", paragraph=indent(left=280) + align("left")),
        Style(
            "PageSign",
            "逐页签名",
            size=page.small,
            paragraph='<w:tabs><w:tab w:val="left" w:pos="5700"/></w:tabs>' + spacing(480) + align("left"),
            run=NO_PITCH,
        ),
        Style("PageRecord", "页码·笔录", "PageNumber", font="仿宋", paragraph=align("center")),
        Style(
            "TestMark",
            "测试标记",
            size=page.small,
            paragraph=spacing(400) + align("center"),
            run='<w:color w:val="808080"/>' + NO_PITCH,
        ),
        Style("Edge", "页眉", size=page.small, paragraph=spacing(20), run=NO_PITCH),
    )


def styles(page: Page, more: tuple[Style, ...] = ()) -> str:
    """styles.xml: the house's, with `more` added or put in the place of those with the same key."""
    kept = {style.key: style for style in (*house_styles(page), *more)}
    defaults = (
        "<w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="仿宋" w:hAnsi="仿宋" w:eastAsia="仿宋" w:cs="仿宋"/>'
        f'<w:spacing w:val="{page.pitch}"/><w:sz w:val="{page.size}"/><w:szCs w:val="{page.size}"/>'
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
    return part("styles", defaults + "".join(style.xml() for style in kept.values()) + table)


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


def blank(after: str = "") -> str:
    """A ruled blank to write on, up to the tab stop of the style, and `after` behind it.

    An underlined tab: a line, not a row of low lines that reads as a forgotten placeholder.
    """
    return f'<w:r><w:rPr><w:u w:val="single"/></w:rPr><w:tab/></w:r>{run(after) if after else ""}'
