"""Blocks that many documents have: party, delivery, case, officers, copies, contact, and the forms' cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import Row, date, person, row, rows_of, word

Cell = Mapping[str, Any]  # label; lines: one paragraph each


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


def officer_rows(data: Mapping[str, Any]) -> list[Row]:
    """The officers, a row each; those whom an interview record names as interviewers already are left out."""
    named = data["body"].get("interviewers") or []
    return [row("执法人员", person(one)) for one in data["officers"] if one not in named]


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


def copies_note(copies: Mapping[str, int]) -> str:
    """How many copies there are and for whom; decisions and records have it as 附注 (GB/T 9704-2012 7.3.6)."""
    uses = [(copies.get("party", 0), "送达当事人"), (copies.get("archive", 0), "归档")]
    parts = [f"本文书一式{copies['total']}份", *(f"{n}份{use}" for n, use in uses if n)]
    return f"{'，'.join(parts)}。"


def cells(*pairs: tuple[str, Any]) -> list[Cell]:
    """A cell for each label that has something to say."""
    said = ((label, [value] if isinstance(value, str) else list(value or ())) for label, value in pairs)
    return [{"label": label, "lines": lines} for label, lines in said if any(lines)]


def contact(body: Mapping[str, Any], accepted: Accepted) -> str:
    """Whom to ask: the case's contact, else the officer in charge at the agency's number."""
    named = body.get("contact") or {"phone": accepted.agency.phone}
    officers = accepted.case.data["officers"]
    lead = next((o for o in officers if o.get("role") == "主办"), officers[0])
    phone = f"，联系电话：{named['phone']}" if named.get("phone") else ""
    return f"联系人：{named.get('name') or lead['name']}{phone}。"
