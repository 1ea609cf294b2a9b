"""The words of the forms (告知承诺书, 送达回证, 回访记录), as labelled cells of one or more paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import citations, date, ended, listed, moment, paragraphs, person, word

Cell = Mapping[str, Any]  # label; lines: one paragraph each

SIGNED_BY_HAND: Final = frozenset({"direct", "entrusted", "transfer"})


def _cells(*pairs: tuple[str, Any]) -> list[Cell]:
    """A cell for each label that has something to say."""
    cells: list[Cell] = []
    for label, value in pairs:
        lines = [value] if isinstance(value, str) else list(value or ())
        if any(lines):
            cells.append({"label": label, "lines": lines})
    return cells


def _commitment(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    told, signer, party = body["informed"], body["signer"], accepted.case.data["party"]
    item = told.get("list_item_no")
    facts = [f for f in (signer.get("capacity"), signer.get("authority_no")) if f]
    if signer.get("authority_no"):
        facts[-1] = f"授权委托书{signer['authority_no']}"
    return {
        "told": _cells(
            ("当事人", party["name"]),
            ("证件号码", party.get("uscc") or party.get("id_no") or ""),
            ("住址（住所）", party["address"]),
            ("联系电话", party["phone"]),
            ("告知时间", moment(body["informed_at"])),
            ("执法人员", [person(one) for one in accepted.case.data["officers"]]),
            ("违法事实", paragraphs(ended(told["facts"]))),
            ("违反的规定", citations(told.get("violated") or [])),
            ("应适用的罚则", citations(told.get("penalty_basis") or [])),
            ("清单事项", f"不予处罚清单事项编号：{item}" if item else ""),
            ("改正要求", paragraphs(ended(told["requirement"]))),
            ("自愿原则", paragraphs(ended(body.get("voluntary_notice") or ""))),
            ("违反承诺的后果", paragraphs(ended(body["breach_consequence"]))),
        ),
        "promised": _cells(
            ("承诺事项", listed(body["commitments"])),
            ("改正期限", f"{date(body['correction_deadline'])}前"),
            ("签署时间", moment(body["signed_at"])),
            ("签署人", f"{signer['name']}（{'，'.join(facts)}）" if facts else signer["name"]),
        ),
        "marks": "签名、按指印" if party["type"] == "natural_person" else "签名、盖章",
    }


def _delivery_receipt(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    detail = body.get("detail") or {}
    deliverers = [person(one) for one in body.get("deliverers") or accepted.case.data["officers"]]
    return {
        "rows": _cells(
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


def _followup_record(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    again = "再次发生" if body["recurrence"] else "未再发生"
    lawful, conduct = body.get("lawfulness_rating"), body.get("conduct_rating")
    return {
        "rows": _cells(
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


BODIES: Final[Mapping[str, Callable[[Mapping[str, Any], Accepted], dict[str, Any]]]] = {
    "commitment": _commitment,
    "delivery_receipt": _delivery_receipt,
    "followup_record": _followup_record,
}
