"""What guidance says, which binds nobody: the advice, the reminder, the notice of an interview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import citations, date, ended, listed, moment, paragraphs, person, word
from docsvc.domain.wording.blocks import contact


def advice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """What was found, and what is suggested."""
    reply = body.get("reply") or {}
    return {
        "trigger": body.get("trigger") or "",
        "problem": paragraphs(ended(body["problem"])),
        "legal_basis": citations(body["legal_basis"]),
        "suggestions": listed(body["suggestions"]),
        "reply_by": date(reply.get("by")) if reply.get("requested") else "",
        "voluntary_notice": ended(body.get("voluntary_notice") or ""),
        "contact": contact(body, accepted),
    }


def reminder(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """What to mind, and in which time."""
    period = body.get("period") or {}
    start, end = date(period.get("start")), date(period.get("end"))
    return {
        "topic": body["topic"],
        "legal_basis": citations(body["legal_basis"]),
        "points": listed(body["points"]),
        "consequence": paragraphs(ended(body["consequence"])) if body.get("consequence") else [],
        "period": f"自{start}起至{end}止" if start and end else f"自{start}起" if start else "",
        "recipients": "、".join(body.get("recipients") or []),
        "voluntary_notice": ended(body.get("voluntary_notice") or ""),
        "contact": contact(body, accepted),
    }


def interview_notice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """Who is asked to come, when, where, and why."""
    who = body["interviewee"]
    interviewers = body.get("interviewers") or accepted.case.data["officers"]
    agent = "可以" if who.get("agent_allowed") else "不得"
    return {
        "mode": word("mode", body["mode"]),
        "agencies": "、".join(body.get("agencies") or [accepted.agency.name]),
        "who": "、".join(agency.name for agency in accepted.joint) or "本机关",
        "reason": paragraphs(ended(body["reason"])),
        "purpose": paragraphs(ended(body.get("purpose") or "")),
        "interviewers": [person(one) for one in interviewers],
        "legal_basis": citations(body["legal_basis"]),
        "start": moment(body["scheduled_start"]),
        "urgent_reason": paragraphs(ended(body.get("urgent_reason") or "")),
        "place": body["place"],
        "interviewee": f"{who['name']}（{who['relation']}），{agent}委托代理人参加",
        "bring": "；".join(body.get("bring") or []),
        "voluntary_notice": ended(body.get("voluntary_notice") or ""),
        "contact": contact(body, accepted),
    }
