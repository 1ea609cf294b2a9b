"""公益抵罚: application, arrangement, proof of completion and determination, in one template by `body.stage`."""

from __future__ import annotations

from templates.layout.elements import each, paragraph, when
from templates.layout.formal import ONLINE, REMEDIES
from templates.layout.letters import ADDRESSEE, signoff
from templates.layout.profiles.form import Form


def form(look: Form) -> str:
    """Who and what it is about, as a table."""
    return look.facts("party.rows", "delivery", "case.rows", "body.rows", "body.officers") + paragraph("", "Gap")


def stage(name: str, *content: str) -> str:
    """`content` in one of the four documents only."""
    return when(f"body.stage == '{name}'", *content)


def public_service_offset(look: Form) -> str:
    """Facts as a table in all four; what differs is who speaks, and how it ends."""
    return (
        look.heading()
        + stage("application", form(look), _application(look))
        + stage("arrangement", ADDRESSEE, _arrangement(look))
        + stage("completion", form(look), _completion(look))
        + stage("determination", _determination(look))
        + signoff()
        + paragraph("（{{ copies_note }}）", "Note")
    )


def _application(look: Form) -> str:
    return (
        paragraph(
            "本人对上述行为没有异议，自愿根据{{ body.legal_basis }}的规定，申请以参加公益服务的方式"
            "抵扣拟罚款{{ body.fine }}，并服从安排，如期完成。",
            "Text",
        )
        + when("body.voluntary_notice", paragraph("执法人员已告知：{{ body.voluntary_notice }}", "Text"))
        + look.signature("申请人（签名、按指印）：")
        + paragraph("本机关已收到上述申请。", "Closing")
    )


def _arrangement(look: Form) -> str:
    return (
        paragraph(
            "{{ you }}于{{ body.applied_on }}申请公益抵罚。根据{{ body.legal_basis }}的规定，经审查，本机关同意"
            "{{ you }}的申请，现将公益服务安排通知如下：",
            "Text",
        )
        + paragraph("", "Gap")
        + form(look)
        + paragraph(
            "请按时到{{ body.org }}参加服务。服务完成并经证明后，由本机关依法认定；"
            "未完成的，依法适用一般程序处理。",
            "Text",
        )
        + when("body.voluntary_notice", paragraph("{{ body.voluntary_notice }}", "Closing"))
    )


def _completion(look: Form) -> str:
    return (
        paragraph(
            "兹证明：{{ party.name }}根据{{ body.legal_basis }}的规定，已在{{ body.org }}完成公益服务"
            "（{{ body.content }}）{{ body.hours }}小时，情况属实。",
            "Text",
        )
        + when("body.voluntary_notice", paragraph("服务开始前已告知：{{ body.voluntary_notice }}", "Text"))
        + look.signature("服务单位（盖章）：")
        + look.signature("证明人（签名）：")
        + paragraph("本机关已核对上述证明。", "Closing")
    )


def _determination(look: Form) -> str:
    return (
        each("row", "party.rows", paragraph("{{ row.label }}：{{ row.value }}", "Party"))
        + each("row", "delivery", paragraph("{{ row.label }}：{{ row.value }}", "Party"))
        + paragraph("一、案件情况", "Section")
        + paragraph(
            "案件来源：{{ case.source }}。案由：{{ case.name }}。案号：{{ case.case_no }}。当事人的行为发生于"
            "{{ case.violation_on }}，地点为{{ case.place }}。本机关于{{ case.discovered_on }}发现"
            "{% if case.filed_on %}，于{{ case.filed_on }}立案{% endif %}。",
            "Text",
        )
        + each("officer", "officers", paragraph("执法人员：{{ officer }}", "Item"))
        + paragraph("二、公益服务情况", "Section")
        + paragraph(
            "当事人于{{ body.applied_on }}申请公益抵罚，已完成公益服务，情况如下：",
            "Closing",
        )
        + paragraph("", "Gap")
        + look.facts("body.rows")
        + paragraph("", "Gap")
        + when("body.voluntary_notice", paragraph("本机关事先已告知：{{ body.voluntary_notice }}", "Text"))
        + paragraph("三、认定", "Section")
        + paragraph(
            "根据{{ body.legal_basis }}的规定，当事人完成的公益服务抵扣罚款{{ body.offset }}。"
            "对依照{{ body.penalty_article }}拟处的罚款{{ body.fine }}，本机关现认定：{{ body.result }}，"
            "剩余金额为{{ body.remaining }}。",
            "Text",
        )
        + when("electronic", paragraph(REMEDIES, "Text"), paragraph(ONLINE, "Closing"))
        + when("not electronic", paragraph(REMEDIES, "Closing"))
    )
