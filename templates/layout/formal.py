"""不予行政处罚决定书 (a decision, with remedies) and 行政约谈笔录 (a record, signed on every page)."""

from __future__ import annotations

from templates.layout.elements import each, paragraph, when
from templates.layout.letters import labelled, lines, signoff
from templates.layout.profiles.form import Form

REMEDIES = (
    "如不服本决定，可以自收到本决定书之日起{{ body.reconsideration.days }}内"
    "向{{ body.reconsideration.body }}申请行政复议，"
    "也可以自收到本决定书之日起{{ body.litigation.months }}内"
    "向{{ body.litigation.court }}提起行政诉讼。"
)
# 行政复议法 第22条第2款: who delivers a decision by internet must name an internet channel for the application.
ONLINE = (
    "本决定书以电子方式送达。申请行政复议的，可以通过互联网渠道"
    "{% if body.reconsideration.online_channel %}{{ body.reconsideration.online_channel }}"
    "{% else %}“全国行政复议服务平台”{% endif %}"
    "提交行政复议申请书（《中华人民共和国行政复议法》第二十二条第二款）。"
)


def no_penalty_decision(look: Form) -> str:
    """不予行政处罚决定书, in the order of 行政处罚法 第59条 by analogy, with the remedies of 行政复议法 第20条."""
    return (
        look.heading()
        + each("row", "party.rows", paragraph("{{ row.label }}：{{ row.value }}", "Party"))
        + each("row", "delivery", paragraph("{{ row.label }}：{{ row.value }}", "Party"))
        + paragraph("一、案件来源和调查经过", "Section")
        + paragraph("案件来源：{{ case.source }}。案由：{{ case.name }}。案号：{{ case.case_no }}。", "Text")
        + paragraph(
            "{% if case.violation_on %}当事人的行为发生于{{ case.violation_on }}"
            "{% if case.place %}，地点为{{ case.place }}{% endif %}。{% endif %}"
            "本机关于{{ case.discovered_on }}发现"
            "{% if case.filed_on %}，于{{ case.filed_on }}立案{% endif %}"
            "{% if body.extension %}，办案期限经批准延长（{{ body.extension }}）{% endif %}。",
            "Text",
        )
        + each("officer", "officers", paragraph("执法人员：{{ officer }}", "Item"))
        + paragraph("上述执法人员依法进行了调查，本案现已调查终结。", "Text")
        + paragraph("二、查明的事实和证据", "Section")
        + lines("body.facts")
        + when("body.no_fault", paragraph("当事人有证据足以证明没有主观过错。", "Text"))
        + when("body.correction", paragraph("{{ body.correction }}", "Text"))
        + when(
            "body.commitment_doc_no",
            paragraph("当事人已就本案作出书面承诺（文书编号：{{ body.commitment_doc_no }}）。", "Text"),
        )
        + when("body.first_check", paragraph("{{ body.first_check }}", "Text"))
        + paragraph("上述事实，有下列证据证明：", "Closing")
        + lines("body.evidence", "Item")
        + when(
            "body.informed or body.heard",
            paragraph("三、陈述、申辩情况", "Section"),
            paragraph(
                "{% if body.informed %}本机关已告知当事人依法享有陈述、申辩的权利。{% endif %}{{ body.heard }}",
                "Text",
            ),
        )
        + paragraph("{% if body.informed or body.heard %}四{% else %}三{% endif %}、本机关认为", "Section")
        + when(
            "body.violated",
            paragraph(
                "当事人的行为违反了{{ body.violated }}的规定"
                "{% if body.penalty_basis %}，对应的处理依据为{{ body.penalty_basis }}{% endif %}。",
                "Text",
            ),
        )
        + when("body.harm", paragraph("经审查，当事人的行为{{ body.harm }}。", "Text"))
        + paragraph("本案符合{{ body.ground.citation }}规定的情形：{{ body.ground.text }}。", "Text")
        + when("body.list_item", paragraph("{{ body.list_item }}", "Text"))
        + when("body.education", paragraph("{{ body.education }}", "Text"))
        + when("body.guardian_order", paragraph("{{ body.guardian_order }}", "Text"))
        + when("body.limitation", paragraph("{{ body.limitation }}", "Text"))
        + paragraph("{% if body.informed or body.heard %}五{% else %}四{% endif %}、决定", "Section")
        + paragraph("根据{{ body.ground.citation }}的规定，本机关现决定{{ body.decision }}。", "Text")
        + when("electronic", paragraph(REMEDIES, "Text"), paragraph(ONLINE, "Closing"))
        + when("not electronic", paragraph(REMEDIES, "Closing"))
        + signoff()
        + paragraph("（{{ copies_note }}）", "Note")
        + look.imprint()
    )


def interview_record(look: Form) -> str:
    """行政约谈笔录: table of facts, rights, questions and answers, requirements, confirmation, signatures."""
    return (
        look.heading()
        + look.facts("body.rows", "party.rows", "delivery", "case.rows", "officer_rows")
        + paragraph("", "Edge")
        + when(
            "body.rights",
            paragraph(
                "约谈开始前，执法人员已告知被约谈人依法享有申请回避、陈述和申辩等权利"
                "{% if body.choice_told %}，并告知可以自主选择是否接受约谈{% endif %}。"
                "{% if body.choice %}被约谈人的选择：{{ body.choice }}。{% endif %}",
                "Text",
            ),
        )
        + each("qa", "body.qa", labelled("问", "qa.q", "Question", "Question"), labelled("答", "qa.a", "Answer"))
        + paragraph("约谈要求：", "Closing")
        + lines("body.requirements", "Item")
        + when("body.correction_deadline", paragraph("改正期限：{{ body.correction_deadline }}前。", "Item"))
        + when(
            "body.corrections",
            paragraph("笔录更正（更正处由被约谈人按指印）：", "Closing"),
            lines("body.corrections", "Item"),
        )
        + paragraph("（以下空白）", "Blank")
        + when(
            "not body.refused",
            paragraph("{{ body.read_confirm }}", "Closing"),
            look.signature("被约谈人（签名、按指印）："),
        )
        + when(
            "body.refused",
            paragraph("笔录已交被约谈人核对，并请其书写确认语：{{ body.read_confirm }}", "Closing"),
            paragraph("被约谈人拒绝签名，理由：{{ body.refuse_reason }}由执法人员签名注明。", "Closing"),
            when("body.witness", paragraph("见证人：{{ body.witness }}。", "Closing")),
            when("body.witness", look.signature("见证人（签名）：")),
        )
        + each("one", "body.interviewers", look.signature("约谈人（签名）："))
        + look.signature("记录人（签名）：")
        + signoff()
        + paragraph("（{{ copies_note }}）", "Note")
    )
