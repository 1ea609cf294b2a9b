"""What records say of what was done and found: an interview, a delivery, a follow-up visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import certificate, date, ended, listed, moment, paragraphs, person, row, rows_of, word
from docsvc.domain.wording.blocks import cells

SIGNED_BY_HAND: Final = frozenset({"direct", "entrusted", "transfer"})


def interview_record(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """Who spoke, what was asked and answered, and how it was signed."""
    notice, who, signs = body.get("notice") or {}, body["interviewee"], body.get("signatures") or {}
    recorder = body["recorder"]
    rows = [row("约谈时间", f"{moment(body['start'])}至{moment(body['end'])}"), *rows_of(body, place="约谈地点")]
    interviewers = body.get("interviewers") or accepted.case.data["officers"]
    rows += [row("约谈人", person(one)) for one in interviewers]
    rows.append(row("记录人", "，".join([recorder["name"], *certificate(recorder)])))
    rows += rows_of(who, name="被约谈人")
    rows += [row("被约谈人性别", word("gender", who["gender"]))] if who.get("gender") else []
    rows += rows_of(who, id_no="证件号码", relation="与当事人关系", post="职务", phone="被约谈人电话")
    rows += rows_of(notice, doc_no="约谈通知书")
    if notice.get("issued_on"):
        rows.append(row("约谈通知日期", date(notice["issued_on"])))
    return {
        "rows": rows,
        "rights": bool(body.get("rights_notified")),
        "choice_told": bool(body.get("choice_notified")),
        "choice": word("choice", body["choice"]) if body.get("choice") else "",
        "qa": [{"q": paragraphs(qa["q"]), "a": paragraphs(qa["a"])} for qa in body["qa"]],
        "interviewers": [person(one) for one in interviewers],
        "requirements": listed(body["requirements"]),
        "correction_deadline": date(body.get("correction_deadline")),
        "corrections": listed(body.get("corrections") or []),
        "read_confirm": ended(body["read_confirm"]),
        "refused": bool(signs.get("refused")),
        "refuse_reason": ended(signs.get("refuse_reason") or "未说明理由"),
        "witness": signs.get("witness") or "",
    }


def delivery_receipt(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """What was delivered to whom, and how."""
    detail = body.get("detail") or {}
    deliverers = [person(one) for one in body.get("deliverers") or accepted.case.data["officers"]]
    return {
        "rows": cells(
            ("送达文书", [_document(one) for one in body["documents"]]),
            ("受送达人", body["recipient"]),
            ("送达地点", body["place"]),
            ("送达方式", word("method", body["method"])),
            ("送达时间", moment(body["delivered_at"])),
            ("送达人", deliverers),
            *_detail(detail),
            ("备注", paragraphs(body.get("remarks") or "")),
        ),
        "by_hand": body["method"] in SIGNED_BY_HAND,
        "witness": detail.get("witness") or "",
        "deliverers": deliverers,
    }


def _document(one: Mapping[str, Any]) -> str:
    facts = [f"{date(one['issue_date'])}成文", f"{one['copies']}份"]
    return f"《{one['title'].strip('《》')}》{one.get('doc_no') or ''}（{'，'.join(facts)}）"


def _detail(detail: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    relation = detail.get("signer_relation")
    signer = detail.get("signer") or ""
    channel = detail.get("channel")
    return (
        ("签收人", f"{signer}（与受送达人的关系：{relation}）" if signer and relation else signer or relation),
        ("签收时间", moment(detail.get("signed_at"))),
        ("代收理由", detail.get("proxy_reason")),
        ("拒收事由", paragraphs(detail.get("refuse_reason") or "")),
        ("见证人", detail.get("witness")),
        ("拍照、录像", detail.get("av_evidence")),
        (
            "同意电子送达",
            f"当事人于{date(detail['consent_confirmed_on'])}确认同意" if detail.get("consent_confirmed_on") else "",
        ),
        ("电子送达渠道", word("channel", channel) if channel else ""),
        ("到达系统时间", moment(detail.get("system_arrival_at"))),
        ("查阅时间", moment(detail.get("opened_at"))),
        ("网上复议渠道", detail.get("online_channel")),
        ("邮件号码", detail.get("tracking_no")),
        ("回执收件日期", date(detail.get("received_on"))),
        ("受托（转交）单位", detail.get("through")),
        ("公告载体", detail.get("announced_in")),
        ("公告日期", date(detail.get("announced_on"))),
        ("视为送达日期", date(detail.get("deemed_on"))),
    )


def followup_record(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """Whom the officers visited, and what they found."""
    again = "再次发生" if body["recurrence"] else "未再发生"
    lawful, conduct = body.get("lawfulness_rating"), body.get("conduct_rating")
    return {
        "rows": cells(
            ("当事人", accepted.case.party_name),
            ("所回访的文书", body["related_doc_no"]),
            ("回访日期和方式", f"{date(accepted.case.issue_date)}，{word('way', body['way'])}"),
            ("回访人", [person(one) for one in accepted.case.data["officers"]]),
            ("被回访人", body["visited_person"]),
            ("改正情况", f"{word('corrected', body['corrected'])}；{again}同类违法行为"),
            ("对执法的评价", f"合法性{_rating(lawful)}，规范性{_rating(conduct)}"),
            ("意见建议", paragraphs(body.get("opinions") or "") or "无"),
            ("需要帮助的事项", listed(body.get("needs_help") or []) or "无"),
            ("回访人意见", paragraphs(body.get("visitor_opinion") or "")),
            ("下次回访日期", date(body.get("next_visit"))),
        ),
        "on_site": body["way"] == "onsite",
    }


def _rating(points: int | None) -> str:
    return f"{points}分（满分5分）" if points else "（未评价）"
