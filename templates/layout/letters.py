"""The letters: 行政建议书, 行政提示书, 行政约谈通知书 (guidance) and 终止柔性执法告知书 (procedural)."""

from __future__ import annotations

from templates.layout.elements import each, fact_table, paragraph, when
from templates.layout.house import qr_code
from templates.layout.joint import joint_signoff


def heading() -> str:
    """QR code over act code, agency, title and number: the top of every document."""
    return (
        paragraph("行政行为码：{{ action_code }}", "Code", qr_code())
        + paragraph("{{ agency.name }}", "AgencyTitle")
        + paragraph("{{ title }}", "DocumentTitle")
        + paragraph("{{ number }}", "Number")
    )


def signoff() -> str:
    """Agency over date, centred on one axis; the styles differ by the length of the name."""
    return "".join(
        when(
            f"signoff == '{key}'",
            paragraph("{{ agency.name }}", f"Name{key.title()}"),
            paragraph("{{ date }}", f"Date{key.title()}"),
        )
        for key in ("short", "long", "wide")
    )


def ending(signed: str = "") -> str:
    """Sign-off, and the table of what the letter has no place for (the note on copies among it)."""
    # The seal reaches a line further down than the date: an empty line keeps it within the type area.
    room = paragraph("", "Blank")
    return (
        (signed or signoff())
        + room
        + paragraph("附：文书信息表", "Attached")
        + fact_table("info")
        + paragraph("", "Edge")
    )


def lines(name: str, style: str = "Text") -> str:
    """A paragraph for each text of a list in the context."""
    return each("line", name, paragraph("{{ line }}", style))


def labelled(label: str, name: str, first: str = "Item", following: str = "Text") -> str:
    """A text of one or more paragraphs, the first of them after a label."""
    return each(
        "line",
        name,
        when("loop.first", paragraph(f"{label}：{{{{ line }}}}", first)),
        when("not loop.first", paragraph("{{ line }}", following)),
    )


ADDRESSEE = paragraph("{{ party.name }}：", "Addressee")
# What comes last goes with the sign-off, two lines at least: it never stands alone on a page.
NOTICE = when("body.voluntary_notice", paragraph("{{ body.voluntary_notice }}", "Closing"))
CONTACT = paragraph("{{ body.contact }}", "Closing")


def advice() -> str:
    """行政建议书: what was found, the law, what is suggested, that it binds nobody (优化营商环境条例 第59条)."""
    return (
        heading()
        + ADDRESSEE
        + when("body.trigger", paragraph("本机关在工作中根据{{ body.trigger }}，发现以下问题：", "Text"))
        + when("not body.trigger", paragraph("本机关在工作中发现以下问题：", "Text"))
        + lines("body.problem")
        + paragraph(
            "为帮助{{ you }}规范经营行为、防范违法风险，根据{{ body.legal_basis }}的规定，现提出如下建议：", "Text"
        )
        + lines("body.suggestions", "Item")
        + when(
            "body.reply_by",
            paragraph("如采纳本建议，请于{{ body.reply_by }}前将采纳和落实情况反馈本机关。", "Text"),
        )
        + NOTICE
        + CONTACT
        + ending()
    )


def reminder() -> str:
    """行政提示书: the points of law, what may follow, from when it holds, that it binds nobody."""
    return (
        heading()
        + ADDRESSEE
        + paragraph("根据{{ body.legal_basis }}的规定，现就{{ body.topic }}有关事项提示如下：", "Text")
        + lines("body.points", "Item")
        + lines("body.consequence")
        + when("body.recipients", paragraph("本提示书同时发送：{{ body.recipients }}。", "Text"))
        + when("body.period", paragraph("本提示书所提示事项{{ body.period }}适用。", "Text"))
        + NOTICE
        + paragraph("特此提示。", "Closing")
        + CONTACT
        + ending()
    )


def interview_notice() -> str:
    """行政约谈通知书: why, when, where, with whom, what to bring, that it is voluntary."""
    return (
        heading()
        + ADDRESSEE
        + paragraph(
            "根据{{ body.legal_basis }}的规定，{{ body.who }}决定对{{ you }}进行行政约谈（{{ body.mode }}），"
            "现将有关事项通知如下：",
            "Text",
        )
        + labelled("约谈事由", "body.reason")
        + labelled("约谈目的", "body.purpose")
        + paragraph("约谈时间：{{ body.start }}。", "Item")
        + labelled("紧急约谈的理由", "body.urgent_reason")
        + paragraph("约谈地点：{{ body.place }}。", "Item")
        + paragraph("约谈机关：{{ body.agencies }}。", "Item")
        + each("one", "body.interviewers", paragraph("约谈人员：{{ one }}", "Item"))
        + paragraph("被约谈人：{{ body.interviewee }}。", "Item")
        + when("body.bring", paragraph("请携带以下材料：{{ body.bring }}。", "Item"))
        + NOTICE
        + CONTACT
        + ending(signoff() + joint_signoff())
    )


def termination_notice() -> str:
    """终止柔性执法告知书: which measure, which of the three reasons, the basis, what comes next (二(三)3)."""
    return (
        heading()
        + ADDRESSEE
        + paragraph(
            "本机关于{{ body.measure.started_on }}对{{ you }}启动柔性执法措施：{{ body.measure.type }}"
            "{% if body.measure.doc_no %}（文书编号：{{ body.measure.doc_no }}）{% endif %}。",
            "Text",
        )
        + paragraph(
            "现出现“{{ body.reason }}”的情形{% if body.sub %}（{{ body.sub }}）{% endif %}。具体情况如下：", "Text"
        )
        + lines("body.detail")
        + when("body.evidence", paragraph("上述情况有以下材料证明：{{ body.evidence }}。", "Text"))
        + paragraph(
            "根据{{ body.basis }}的规定{% if body.lapsed_on %}（该依据已于{{ body.lapsed_on }}失效）{% endif %}，"
            "本机关决定终止上述柔性执法措施。后续处理：{{ body.next_step }}",
            "Closing",
        )
        + when("body.right_notice", paragraph("{{ body.right_notice }}", "Closing"))
        + CONTACT
        + ending()
    )
