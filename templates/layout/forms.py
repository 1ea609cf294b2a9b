"""The forms: 轻微违法行为告知承诺书, 送达回证 and 回访记录, tables that people sign under."""

from __future__ import annotations

from templates.layout.elements import each, form_table, paragraph, sign_row
from templates.layout.house import DATE_BLANK, blank
from templates.layout.letters import ending, heading


def signatures(label: str, people: str) -> str:
    """A line to sign on for each of `people`; the lines stay with the sign-off under them."""
    return each("one", people, paragraph(f"{label}：", "Signature", blank(DATE_BLANK)))


def commitment() -> str:
    """轻微违法行为告知承诺书: what the party is told, and overleaf what it undertakes (二(一))."""
    return (
        heading()
        + paragraph("一、告知", "Section")
        + form_table("body.told")
        + paragraph("二、承诺", "SectionPage")
        + form_table("body.promised")
        + paragraph("", "Edge")
        + paragraph("承诺人（{{ body.marks }}）：", "Signature", blank(DATE_BLANK))
        + signatures("执法人员（签名）", "officers")
        + ending()
    )


def delivery_receipt() -> str:
    """送达回证: which documents reached whom, when and how, and who signed for them (民事诉讼法 第87条)."""
    return (
        heading()
        + form_table(
            "body.rows",
            sign_row("body.by_hand", "受送达人或者\n代收人签名盖章", DATE_BLANK),
            sign_row("body.witness", "见证人签名", DATE_BLANK),
        )
        + paragraph("", "Edge")
        + signatures("送达人（签名）", "body.deliverers")
        + ending()
    )


def followup_record() -> str:
    """回访记录: corrected or not, how the party judges the enforcement, what it needs (二(二)3)."""
    return (
        heading()
        + form_table("body.rows", sign_row("body.on_site", "被回访人签名", DATE_BLANK))
        + paragraph("", "Edge")
        + signatures("回访人（签名）", "officers")
        + ending()
    )
