"""What decisions say, each piece of their reasoning a sentence: that there is no penalty, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import citation, citations, date, ended, listed, numeral, paragraphs, remedies_of, word


def no_penalty_decision(body: Mapping[str, Any], _: Accepted) -> dict[str, Any]:
    """Facts, evidence and hearing; the grounds of law; the decision and its remedies."""
    ground, item = body["ground"], body.get("list_item") or {}
    check, fix = body.get("first_violation_check") or {}, body.get("correction") or {}
    taught, heard, remedies = body.get("education") or {}, body.get("statement_defence") or {}, body["remedies"]
    return {
        "facts": paragraphs(ended(body["facts"])),
        "evidence": listed(body["evidence"]),
        "heard": ended(heard["content"]) if heard.get("content") else "",
        "informed": bool(heard.get("informed")),
        "violated": citations(body.get("violated") or []),
        "penalty_basis": citations(body.get("penalty_basis") or []),
        "harm": word("harm", body["harm"]) if body.get("harm") else "",
        "no_fault": bool(body.get("fault_excluded")),
        "correction": _correction_of(fix),
        "commitment_doc_no": body.get("commitment_doc_no") or "",
        "first_check": _first_check(check) if check.get("done") else "",
        "ground": {"text": str(ground["text"]).removesuffix("。"), "citation": citation(ground)},
        "list_item": _list_item(item),
        "education": _education(taught) if taught.get("done") else "",
        "guardian_order": _guardian_order(body.get("guardian_order") or {}),
        "limitation": _limitation(body.get("limitation") or {}),
        "extension": body.get("extension_no") or "",
        "decision": body.get("decision") or "不予行政处罚",
        **remedies_of(remedies),
    }


def _correction_of(fix: Mapping[str, Any]) -> str:
    if not fix.get("corrected"):
        return ""
    when = f"于{date(fix['corrected_on'])}" if fix.get("corrected_on") else ""
    recheck = f"，本机关于{date(fix['recheck_on'])}复查确认" if fix.get("recheck_on") else ""
    return f"当事人已{when}改正违法行为{recheck}。"


def _first_check(check: Mapping[str, Any]) -> str:
    when = f"本机关于{date(check['checked_on'])}" if check.get("checked_on") else "本机关"
    scope = f"（查询范围：{check['scope']}）" if check.get("scope") else ""
    system = f"通过{check['system']}" if check.get("system") else ""
    result = f"，结果为：{ended(check['result'])}" if check.get("result") else "。"
    return f"{when}{system}核查当事人既往违法记录{scope}{result}"


def _list_item(item: Mapping[str, Any]) -> str:
    if not item.get("on_list"):
        return f"关于不予处罚清单：{ended(item['off_list_reason'])}" if item.get("off_list_reason") else ""
    start, end = date(item.get("effective_from")), date(item.get("effective_to"))
    facts = [f"版本：{item['list_version']}"] if item.get("list_version") else []
    facts += [f"事项编号：{item['item_no']}"] if item.get("item_no") else []
    facts += [f"自{start}起施行" + (f"，至{end}止" if end else "")] if start else []
    lighter = "该版本晚于行为发生之日，但处理较轻，依法适用。" if item.get("newer_and_lighter") else ""
    reason = f"说明：{ended(item['off_list_reason'])}" if item.get("off_list_reason") else ""
    name = f"《{item['list_name']}》" if item.get("list_name") else "不予处罚清单"
    return f"该事项列入{name}{_bracketed(facts)}。{lighter}{reason}"


def _guardian_order(order: Mapping[str, Any]) -> str:
    if not order:
        return ""
    when = f"于{date(order['ordered_on'])}" if order.get("ordered_on") else ""
    return f"本机关已{when}责令监护人{order['guardian']}：{ended(order['content'])}"


def _limitation(limit: Mapping[str, Any]) -> str:
    if not limit:
        return ""
    ended_on = f"当事人的行为终了之日为{date(limit['ended_on'])}，" if limit.get("ended_on") else ""
    years = f"{numeral(limit['years'])}年的" if limit.get("years") else ""
    return f"{ended_on}发现时已超过{years}追责时效。"


def _education(taught: Mapping[str, Any]) -> str:
    when = f"于{date(taught['on'])}" if taught.get("on") else ""
    content = f"：{ended(taught['content'])}" if taught.get("content") else "。"
    return f"本机关已{when}对当事人进行教育{content}"


def _bracketed(facts: list[str]) -> str:
    return f"（{'，'.join(facts)}）" if facts else ""
