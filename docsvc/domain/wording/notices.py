"""What notices of an agency's own steps say: how flexible enforcement ends, when and how credit is repaired."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from docsvc.domain.calendar import months_after
from docsvc.domain.document import Accepted
from docsvc.domain.phrases import citations, date, ended, listed, numeral, paragraphs, row, word
from docsvc.domain.wording.blocks import contact


def termination_notice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """Which measure ends, on which of the three grounds, and what follows."""
    measure, reason, basis = body["measure"], body["reason"], body["basis"]
    return {
        "measure": {
            "type": word("measure", measure["type"]),
            "started_on": date(measure["started_on"]),
            "doc_no": measure.get("doc_no") or "",
        },
        "reason": word("reason", reason["code"]),
        "sub": word("sub", reason["sub"]) if reason.get("sub") else "",
        "detail": paragraphs(ended(reason["detail"])),
        "evidence": "、".join(reason.get("evidence") or []),
        "basis": f"{basis['doc']}{basis.get('clause') or ''}",
        "lapsed_on": date(basis.get("lapsed_on")),
        "next_step": ended(body["next_step"]),
        "right_notice": ended(body.get("right_notice") or ""),
        "contact": contact(body, accepted),
    }


def credit_repair_notice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
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
        "contact": contact(body, accepted),
    }
