"""The forms: 轻微违法行为告知承诺书, 送达回证 and 回访记录, tables that people sign under."""

from __future__ import annotations

from templates.layout.elements import each, paragraph
from templates.layout.house import DATE_BLANK
from templates.layout.letters import ending
from templates.layout.profiles.form import Form


def signatures(look: Form, label: str, people: str) -> str:
    """A line to sign on for each of `people`; the lines stay with the sign-off under them."""
    return each("one", people, look.signature(f"{label}："))


def commitment(look: Form) -> str:
    """轻微违法行为告知承诺书: what the party is told, and overleaf what it undertakes (二(一))."""
    return (
        look.heading()
        + paragraph("一、告知", "Section")
        + look.form("body.told")
        + paragraph("二、承诺", "SectionPage")
        + look.form("body.promised")
        + paragraph("", "Edge")
        + look.signature("承诺人（{{ body.marks }}）：")
        + signatures(look, "执法人员（签名）", "officers")
        + ending(look)
    )


def delivery_receipt(look: Form) -> str:
    """送达回证: which documents reached whom, when and how, and who signed for them (民事诉讼法 第87条)."""
    return (
        look.heading()
        + look.form(
            "body.rows",
            look.sign_row("body.by_hand", "受送达人或者\n代收人签名盖章", DATE_BLANK),
            look.sign_row("body.witness", "见证人签名", DATE_BLANK),
        )
        + paragraph("", "Edge")
        + signatures(look, "送达人（签名）", "body.deliverers")
        + ending(look)
    )


def followup_record(look: Form) -> str:
    """回访记录: corrected or not, how the party judges the enforcement, what it needs (二(二)3)."""
    return (
        look.heading()
        + look.form("body.rows", look.sign_row("body.on_site", "被回访人签名", DATE_BLANK))
        + paragraph("", "Edge")
        + signatures(look, "回访人（签名）", "officers")
        + ending(look)
    )
