"""What the forms say: public service in place of a fine, the notice on credit repair, the index of a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from docsvc.domain.calendar import months_after
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
    numeral,
    paragraphs,
    person,
    remedies_of,
    row,
    rows_of,
    word,
)


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


def credit_repair_notice(body: Mapping[str, Any], _: Accepted) -> dict[str, Any]:
    """The notice counts both terms itself: the first day on which repair may be asked for, and the last shown."""
    term = body["publicity"]
    starts = dt.date.fromisoformat(term["starts_on"])
    least, most = term["min_months"], term["max_months"]
    earliest = f"自{date(months_after(starts, least))}起" if least else "履行行政处罚决定规定的义务后即可"
    return {
        "penalty_doc_no": body["penalty_doc_no"],
        "penalty_decided_on": date(body["penalty_decided_on"]),
        "legal_basis": citations(body["legal_basis"]),
        "rows": [
            row("失信等级", f"{body['severity']}失信"),
            row("公示期起算", date(starts)),
            row("最短公示期", f"{numeral(least)}个月" if least else "无"),
            row("最长公示期", f"{numeral(most)}个月" if most else "不公示"),
            row("可申请修复", earliest),
            row("公示期届满", date(months_after(starts, most))),
            row("申请渠道", body["channel"]),
        ],
        "conditions": listed(body["conditions"]),
        "materials": listed(body["materials"]),
        "warning": ended(body.get("warning") or ""),
    }


def archive_index(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """Cover, entries, media and the table of remarks."""
    cover, remarks = body["cover"], body["remarks"]
    filed = cover.get("filed_on")
    return {
        "cover": [
            *rows_of(cover, volume_title="案卷题名", case_no="案号"),
            row("当事人", accepted.case.party_name),
            *rows_of(cover, result="处理结果", handler="承办人"),
            *([row("立案日期", date(filed))] if filed else []),
            row("结案日期", date(cover["closed_on"])),
            *rows_of(cover, retention="保管期限", fonds_no="全宗号", catalogue_no="目录号", file_no="案卷号"),
            row("件数、页数", f"共{body['total_items']}件{body['total_pages']}页"),
        ],
        "entries": [
            {
                "seq": str(item["seq"]),
                "doc_no": item.get("doc_no") or "",
                "author": item["author"],
                "title": item["title"],
                "date": date(item["date"]),
                "pages": _pages(item["page_from"], item["page_to"]),
                "remark": "，".join(filter(None, (item["volume"], item.get("remark")))),
            }
            for item in body["items"]
        ],
        "media": [
            {
                "seq": str(i),
                "kind": word("medium", medium["kind"]),
                "name": medium["name"],
                "duration": _duration(medium.get("duration_s")),
                "sha256": medium["sha256"],
            }
            for i, medium in enumerate(body.get("media") or [], 1)
        ],
        "remarks": [
            row("情况说明", "".join(paragraphs(ended(remarks["note"])))),
            row("立卷人", remarks["filed_by"]),
            row("立卷日期", date(remarks["filed_by_on"])),
            row("检查人", remarks["checked_by"]),
            row("检查日期", date(remarks["checked_on"])),
        ],
    }


def _pages(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    return (f"{minutes}分" if minutes else "") + (f"{rest}秒" if rest or not minutes else "")
