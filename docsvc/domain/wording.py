"""From an accepted case to the words of its document: the context that a Word template is filled with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from docsvc.domain import forms
from docsvc.domain.document import Accepted
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.joint import arrange
from docsvc.domain.phrases import (
    Row,
    certificate,
    citation,
    citations,
    date,
    ended,
    listed,
    moment,
    numeral,
    paragraphs,
    person,
    remedies_of,
    row,
    rows_of,
    word,
)
from docsvc.domain.wording_of_forms import archive_index, credit_repair_notice, public_service_offset

# Characters of a name that can stand centred over a date which itself ends four characters from the right edge
# (GB/T 9704-2012 7.3.5.1), and that half of the type area (28 characters) more or less can hold.
SHORT_NAME, LONG_NAME = 15, 21
HALF_A_LINE = 14


def context(accepted: Accepted) -> dict[str, Any]:
    """Everything that a template may name. Texts are ready to print; lists are lists of texts or rows.

    Keys common to all types: title, agency, number, action_code, date, you, party, officers, case, signoff
    ("short", "long", "wide" or "joint"), joint (lines of a sign-off of several agencies), copies_note, info (rows
    of the 文书信息表), delivery (rows), electronic (bool), test_data (bool), people (their names); `body` differs
    by type. Raises TemplateFaultError for a type or a code that has no wording.
    """
    if accepted.case.doc_type not in BODIES:
        raise TemplateFaultError(f"文书种类 {accepted.case.doc_type} 没有成文用语")
    told = dataclasses.replace(accepted.case, data=_told(accepted.case.data))
    try:
        return _context(dataclasses.replace(accepted, case=told))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        # The rules refuse such a case; this is for one that a changed template or schema let through.
        raise TemplateFaultError(f"{accepted.case.doc_type} 的案件缺少成文所需的内容：{e}") from e


def _told(value: Any) -> Any:
    """`value` without its null members: null says no more than absence."""
    if isinstance(value, Mapping):
        return {key: _told(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value if item is not None]
    return value


def _context(accepted: Accepted) -> dict[str, Any]:
    data = accepted.case.data
    manifest, agency, party = accepted.doc_type.manifest, accepted.agency, data["party"]
    return {
        "title": manifest.title_of(data["body"]),
        "agency": {
            "name": agency.name,
            "address": agency.address,
            "postcode": agency.postcode,
            "phone": agency.phone,
        },
        "number": accepted.number.text,
        "action_code": accepted.case.action_code,
        "date": date(accepted.case.issue_date),
        "test_data": accepted.case.is_test,
        "you": _you(party),
        "party": {"name": party["name"], "rows": party_rows(party)},
        "officers": [person(officer) for officer in data["officers"]],
        "officer_rows": officer_rows(data),
        "case": _case(data["case"]),
        "delivery": delivery_rows(party),
        "electronic": bool(party["e_delivery"]["agreed"]),
        "signoff": "joint" if accepted.joint else _signoff(agency.name),
        "joint": _joint(accepted),
        "copies_note": copies_note(data.get("copies") or manifest.copies),
        "info": info_rows(accepted),
        "people": people(data),
        "body": BODIES[accepted.case.doc_type](data["body"], accepted),
    }


def people(data: Mapping[str, Any]) -> list[str]:
    """Names of the people whom a case names, once each; not those that take more than half a line."""
    party, body = data["party"], data["body"]
    many = (*data["officers"], *body.get("interviewers", ()), *body.get("deliverers", ()))
    single = (body.get(key, {}) for key in ("interviewee", "recorder", "contact", "signer"))
    remarks = body.get("remarks") if isinstance(body.get("remarks"), Mapping) else {}  # a receipt's are a text
    names = [
        *([party["name"]] if party["type"] == "natural_person" else []),
        *(party.get(key) for key in ("legal_rep", "operator")),
        *(one.get("name") for one in (*many, *single)),
        body.get("guardian_order", {}).get("guardian"),
        body.get("signatures", {}).get("witness"),
        body.get("detail", {}).get("signer"),
        body.get("visited_person"),
        body.get("service", {}).get("certifier"),
        *(remarks.get(key) for key in ("filed_by", "checked_by")),
    ]
    return [name for name in dict.fromkeys(names) if name and len(name) <= HALF_A_LINE]


def party_rows(party: Mapping[str, Any]) -> list[Row]:
    """Who the party is, a row a fact: the party block of 行政处罚法 第59条第1项, which other documents follow."""
    natural = party["type"] == "natural_person"
    rows = [row("当事人", party["name"]), row("当事人类型", word("party.type", party["type"]))]
    rows += rows_of(party, licence="主体资格证照", uscc="统一社会信用代码")
    for key, label in (("legal_rep", "法定代表人"), ("operator", "经营者")):
        rows += rows_of(party, **{key: label})
        if party.get(f"{key}_id_no"):
            kind = party.get(f"{key}_id_type") or "身份证件"
            rows.append(row(f"{label}证件", f"{kind} {party[f'{key}_id_no']}"))
    if party.get("gender"):
        rows.append(row("性别", word("gender", party["gender"])))
    if party.get("birth"):
        rows.append(row("出生日期", date(party["birth"])))
    if party.get("id_no"):
        rows.append(row("身份证件", f"{party.get('id_type') or '身份证件'} {party['id_no']}"))
    rows += rows_of(party, address="住址" if natural else "住所（经营场所）", phone="联系电话")
    return rows


def delivery_rows(party: Mapping[str, Any]) -> list[Row]:
    """What the party has confirmed about electronic delivery (行政处罚法 第61条第2款)."""
    way = party["e_delivery"]
    if not way["agreed"]:
        return [row("电子送达", "当事人未同意电子送达")]
    when = f"于{date(way['confirmed_on'])}" if way.get("confirmed_on") else ""
    channel = f"，送达渠道：{word('channel', way['channel'])}" if way.get("channel") else ""
    address = f"，送达地址：{way['address']}" if way.get("address") else ""
    return [row("电子送达", f"当事人已{when}确认同意{channel}{address}")]


def info_rows(accepted: Accepted) -> list[Row]:
    """The 文书信息表 that follows a letter: what its text has no place for, so that nothing of the case is lost."""
    data = accepted.case.data
    rows = [
        row("文书名称", accepted.doc_type.manifest.title_of(data["body"])),
        row("文书编号", accepted.number.text),
        row("行政行为码", accepted.case.action_code),
        row("制作日期", date(accepted.case.issue_date)),
        *party_rows(data["party"]),
        *delivery_rows(data["party"]),
        *case_rows(data["case"]),
        *officer_rows(data),
    ]
    return [*rows, row("文书份数", copies_note(data.get("copies") or accepted.doc_type.manifest.copies))]


def _file_rows(data: Mapping[str, Any]) -> list[Row]:
    """What an index tells of its case beside what its cover tells: the party's name, the number of the case."""
    return [
        *party_rows(data["party"])[1:],
        *delivery_rows(data["party"]),
        *case_rows(data["case"])[1:],
        *officer_rows(data),
    ]


def officer_rows(data: Mapping[str, Any]) -> list[Row]:
    """The officers, a row each; those whom an interview record names as interviewers already are left out."""
    named = data["body"].get("interviewers") or []
    return [row("执法人员", person(one)) for one in data["officers"] if one not in named]


def case_rows(case: Mapping[str, Any]) -> list[Row]:
    """The case's own facts, a row each."""
    rows = rows_of(case, case_no="案号", name="案由", source="案件来源")
    for key, label in (
        ("violation_on", "行为发生日期"),
        ("discovered_on", "发现日期"),
        ("filed_on", "立案日期"),
    ):
        if case.get(key):
            rows.append(row(label, date(case[key])))
    return rows + rows_of(case, place="行为发生地点")


def copies_note(copies: Mapping[str, int]) -> str:
    """How many copies there are and for whom; decisions and records have it as 附注 (GB/T 9704-2012 7.3.6)."""
    uses = [(copies.get("party", 0), "送达当事人"), (copies.get("archive", 0), "归档")]
    parts = [f"本文书一式{copies['total']}份", *(f"{n}份{use}" for n, use in uses if n)]
    return f"{'，'.join(parts)}。"


def _you(party: Mapping[str, Any]) -> str:
    return {"natural_person": "你", "individual_business": "你（单位）"}.get(party["type"], "你单位")


def _signoff(name: str) -> str:
    return "short" if len(name) <= SHORT_NAME else "long" if len(name) <= LONG_NAME else "wide"


def _joint(accepted: Accepted) -> list[dict[str, Any]]:
    """The sign-off of several agencies, line by line; nothing where one signs."""
    if not accepted.joint:
        return []
    printed = arrange(accepted.joint).printed(date(accepted.case.issue_date))
    return [{"kind": kind, "cells": list(cells)} for kind, cells in printed]


def _case(case: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "case_no": case["case_no"],
        "name": case["name"],
        "source": case["source"],
        "discovered_on": date(case["discovered_on"]),
        "filed_on": date(case.get("filed_on")),
        "violation_on": date(case.get("violation_on")),
        "place": case.get("place") or "",
        "rows": case_rows(case),
    }


def _advice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    reply = body.get("reply") or {}
    return {
        "trigger": body.get("trigger") or "",
        "problem": paragraphs(ended(body["problem"])),
        "legal_basis": citations(body["legal_basis"]),
        "suggestions": listed(body["suggestions"]),
        "reply_by": date(reply.get("by")) if reply.get("requested") else "",
        "voluntary_notice": ended(body.get("voluntary_notice") or ""),
        "contact": _contact(body, accepted),
    }


def _reminder(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
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
        "contact": _contact(body, accepted),
    }


def _interview_notice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
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
        "contact": _contact(body, accepted),
    }


def _interview_record(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
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


def _no_penalty_decision(body: Mapping[str, Any], _: Accepted) -> dict[str, Any]:
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


def _termination_notice(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
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
        "contact": _contact(body, accepted),
    }


def _contact(body: Mapping[str, Any], accepted: Accepted) -> str:
    """Whom to ask: the case's contact, else the officer in charge at the agency's number."""
    contact = body.get("contact") or {"phone": accepted.agency.phone}
    officers = accepted.case.data["officers"]
    lead = next((o for o in officers if o.get("role") == "主办"), officers[0])
    phone = f"，联系电话：{contact['phone']}" if contact.get("phone") else ""
    return f"联系人：{contact.get('name') or lead['name']}{phone}。"


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


BODIES: Final[Mapping[str, Callable[[Mapping[str, Any], Accepted], dict[str, Any]]]] = {
    "advice": _advice,
    "reminder": _reminder,
    "interview_notice": _interview_notice,
    "interview_record": _interview_record,
    "no_penalty_decision": _no_penalty_decision,
    "termination_notice": _termination_notice,
    **forms.BODIES,
    "public_service_offset": public_service_offset,
    "credit_repair_notice": lambda body, accepted: {
        **credit_repair_notice(body, accepted),
        "contact": _contact(body, accepted),
    },
    "archive_index": lambda body, accepted: {
        **archive_index(body, accepted),
        "file": _file_rows(accepted.case.data),
    },
}
