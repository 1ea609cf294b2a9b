"""What parties take upon themselves: a promise to correct, public service in place of a fine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import (
    Row,
    citation,
    citations,
    date,
    ended,
    listed,
    moment,
    money,
    paragraphs,
    person,
    remedies_of,
    row,
    rows_of,
    word,
)
from docsvc.domain.wording.blocks import cells


def commitment(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """What the party was told, and what it promised."""
    told, signer, party = body["informed"], body["signer"], accepted.case.data["party"]
    item = told.get("list_item_no")
    facts = [f for f in (signer.get("capacity"), signer.get("authority_no")) if f]
    if signer.get("authority_no"):
        facts[-1] = f"授权委托书{signer['authority_no']}"
    return {
        "told": cells(
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
        "promised": cells(
            ("承诺事项", listed(body["commitments"])),
            ("改正期限", f"{date(body['correction_deadline'])}前"),
            ("签署时间", moment(body["signed_at"])),
            ("签署人", f"{signer['name']}（{'，'.join(facts)}）" if facts else signer["name"]),
        ),
        "marks": "签名、按指印" if party["type"] == "natural_person" else "签名、盖章",
    }


def public_service_offset(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """The four documents of an offset share their facts; the template takes what its stage needs."""
    stage, service = body["stage"], body["service"]
    return {
        "stage": stage,
        "rows": [*_service_rows(stage, body), *_money_rows(stage, body)],
        "officers": [row("执法人员", "；".join(map(person, accepted.case.data["officers"])))],
        "legal_basis": citations(body["legal_basis"]),
        "penalty_article": citation(body["penalty_article"]),
        "voluntary_notice": ended(body.get("voluntary_notice") or ""),
        "applied_on": date(body["applied_on"]),
        "org": service.get("org") or "",
        "content": service["content"],
        "hours": service["hours"],
        "fine": money(body["proposed_fine_yuan"]),
        "offset": money(body["offset_yuan"]),
        "remaining": money(body["remaining_yuan"]),
        "result": word("offset_result", body["result"]) if body.get("result") else "",
        **(remedies_of(body["remedies"]) if body.get("remedies") else {}),
    }


def _service_rows(stage: str, body: Mapping[str, Any]) -> list[Row]:
    service = body["service"]
    planned = stage in ("application", "arrangement")
    rows = [row("申请日期", date(body["applied_on"])), *rows_of(service, org="服务单位", content="服务内容")]
    if service.get("start") and service.get("end"):
        rows.append(row("服务时间", f"{moment(service['start'])}至{moment(service['end'])}"))
    for i, one in enumerate(body.get("sessions") or [], 1):
        rows.append(row(f"时段{i}", f"{moment(one['start'])}至{moment(one['end'])}，{one['hours']}小时"))
    worth = f"每小时折抵{body['rate_yuan_per_hour']}元"
    rows.append(row("拟服务时长" if planned else "服务时长", f"{service['hours']}小时，{worth}"))
    certified = "，".join(filter(None, (service.get("certifier"), date(service.get("certified_on")))))
    return [*rows, row("拟定证明人" if planned else "服务证明人", certified)] if certified else rows


def _money_rows(stage: str, body: Mapping[str, Any]) -> list[Row]:
    planned = "拟" if stage in ("application", "arrangement") else ""
    return [
        row("罚款依据", citation(body["penalty_article"])),
        row("拟罚款金额", money(body["proposed_fine_yuan"])),
        row(f"{planned}抵扣金额", money(body["offset_yuan"])),
        row("剩余金额", money(body["remaining_yuan"])),
    ]
