"""案卷目录 (cover, index of entries, media, table of remarks) and 信用修复告知书 (a letter with its terms)."""

from __future__ import annotations

from templates.layout.elements import paragraph, when
from templates.layout.letters import ADDRESSEE, ending, lines, signoff
from templates.layout.profiles.form import Form

# Heading, width in twips, style and text of each column.
ENTRIES = (
    ("序号", 560, "GridCentre", "seq"),
    ("文号", 1650, "GridText", "doc_no"),
    ("责任者", 1700, "GridText", "author"),
    ("题名", 1950, "GridText", "title"),
    ("日期", 1590, "GridCentre", "date"),
    ("页号", 700, "GridCentre", "pages"),
    ("备注", 699, "GridCentre", "remark"),
)
MEDIA = (
    ("序号", 560, "GridCentre", "seq"),
    ("种类", 1000, "GridCentre", "kind"),
    ("名称", 2300, "GridText", "name"),
    ("时长", 1100, "GridCentre", "duration"),
    ("SHA-256值", 3889, "GridCode", "sha256"),
)


def archive_index(look: Form) -> str:
    """Cover, entries, remarks: a page each, as they are bound."""
    return (
        look.heading()
        + look.facts("body.cover")
        + paragraph("案件信息", "Attached")
        + look.facts("body.file")
        + paragraph("卷内文件目录", "Attached")
        + look.grid("body.entries", ENTRIES)
        + when("body.media", paragraph("声像载体", "SubTable"), look.grid("body.media", MEDIA))
        + paragraph("备考表", "Attached")
        + look.facts("body.remarks")
        + paragraph("", "Gap")
        + paragraph("本卷由立卷人整理、检查人核对无误，现予归档。", "Closing")
        + signoff()
        + paragraph("（{{ copies_note }}）", "Note")
    )


def credit_repair_notice(look: Form) -> str:
    """信用修复告知书: class and terms, conditions, channel, materials, that it is free."""
    return (
        look.heading()
        + ADDRESSEE
        + paragraph(
            "{{ you }}因违法行为被依法作出行政处罚（文书编号：{{ body.penalty_doc_no }}，"
            "决定日期：{{ body.penalty_decided_on }}）。根据{{ body.legal_basis }}的规定，"
            "现将信用修复有关事项告知如下：",
            "Text",
        )
        + paragraph("一、失信等级、公示期和申请渠道", "Section")
        + look.facts("body.rows")
        + paragraph("", "Gap")
        + paragraph("二、修复条件", "Section")
        + lines("body.conditions", "Item")
        + paragraph("三、申请材料", "Section")
        + paragraph("符合条件的，可以向上述渠道提出申请，并提交以下材料：", "Closing")
        + lines("body.materials", "Item")
        # One paragraph: it goes with the sign-off whole, two lines at least.
        + paragraph("信用修复不收取任何费用。{{ body.warning }}{{ body.contact }}", "Closing")
        + ending(look)
    )
