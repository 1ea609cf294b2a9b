"""Rules of interviews: their notice and their record (I01 … I06, I08; 舟政办发〔2023〕47号 二(二)1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from docsvc.domain.calendar import working_day_after
from docsvc.domain.errors import Finding
from docsvc.domain.joint import MOST_SEALS, joint_names, namesake
from docsvc.domain.rules.rule import Facts, doubt, fault, holidays_not_known

NOTICE_DAYS: Final = 1  # working days between notice and interview
LEAST_JOINT: Final = 2


def one_sitting(facts: Facts) -> Iterator[Finding]:
    """I01: the interview ends after it starts, on the same day."""
    start, end = facts.moment("/body/start"), facts.moment("/body/end")
    if start is None or end is None:
        return
    if end <= start:
        yield fault("I01", "/body/end", "约谈结束时间不晚于开始时间", "the interview must end after it starts")
    elif end.date() != start.date() and not _held_before_notice(facts):
        yield fault("I01", "/body/end", "约谈应当在同一日内结束", "the interview must end on the day it starts")


def _held_before_notice(facts: Facts) -> bool:
    start, issued = facts.day("/body/start"), facts.day("/body/notice/issued_on")
    return start is not None and issued is not None and start < issued


def notice_came_first(facts: Facts) -> Iterator[Finding]:
    """I02: the interview is at least one working day after its notice, or urgent with a reason; a record cites the
    notice, and was made after it.
    """
    if facts.doc_type == "interview_notice":
        yield from _time_to_prepare(facts)
        return
    if not facts.text("/body/notice/doc_no") or not facts.day("/body/notice/issued_on"):
        missing = "issued_on" if facts.text("/body/notice/doc_no") else "doc_no"
        yield fault("I02", f"/body/notice/{missing}", "应当写明约谈通知书的文号和日期", "the notice must be cited")
    elif _held_before_notice(facts):
        yield fault("I02", "/body/start", "约谈早于约谈通知书的日期", "held before its notice was issued")


def _time_to_prepare(facts: Facts) -> Iterator[Finding]:
    start = facts.day("/body/scheduled_start")
    if start is None or not facts.in_order:
        return
    urgent = bool(facts.text("/body/urgent_reason"))
    earliest = working_day_after(facts.issue, 0 if urgent else NOTICE_DAYS)
    # Where the holidays are not known, a Saturday in between may be a working day; the issue date itself never is.
    surely = earliest.day if earliest.certain else facts.issue + dt.timedelta(days=1)
    if start < surely:
        yield fault(
            "I02",
            "/body/scheduled_start",
            f"约谈不得早于{earliest.day}：应当提前一个工作日通知，紧急的须说明理由（urgent_reason）",
            f"not before {earliest.day}: one working day's notice, or an urgent_reason",
        )
    elif not earliest.certain:
        yield holidays_not_known("/body/scheduled_start", earliest.day)


def recorder_is_another(facts: Facts) -> Iterator[Finding]:
    """I03: who writes the record is not who is interviewed."""
    recorder = facts.text("/body/recorder/name")
    if recorder and recorder == facts.text("/body/interviewee/name"):
        yield fault("I03", "/body/recorder/name", "记录人不得是被约谈人", "the recorder can't be the interviewee")


def joint_names_agencies(facts: Facts) -> Iterator[Finding]:
    """I04: a joint interview names two agencies at least, each with a seal in the registry, and no more than one
    page has room for; every notice names the agency that issues it.
    """
    named = {a.strip() for a in facts.items("/body/agencies") if isinstance(a, str)}
    if facts.text("/body/mode") == "joint" and len(named) < LEAST_JOINT:
        yield fault(
            "I04", "/body/agencies", "联合约谈应当有两个以上机关", "a joint interview names two agencies or more"
        )
    elif facts.known.agency and facts.known.agency.name not in named:
        yield fault(
            "I04", "/body/agencies", "约谈机关中没有出具本通知书的机关", "the issuing agency is not among them"
        )
    elif facts.text("/body/mode") == "joint":
        yield from _all_can_seal(facts)


def _all_can_seal(facts: Facts) -> Iterator[Finding]:
    names = joint_names(facts.case)
    if len(names) > MOST_SEALS:
        yield fault(
            "I04",
            "/body/agencies",
            f"一份通知书上最多有{MOST_SEALS}个机关的印章",
            f"one notice has room for {MOST_SEALS} seals at most",
        )
    own = facts.known.agency
    for i, listed in enumerate(facts.items("/body/agencies")):
        name = listed.strip() if isinstance(listed, str) else ""
        if name and not (own and own.name == name) and namesake(name, facts.known.registered) is None:
            yield fault(
                "I04",
                f"/body/agencies/{i}",
                f"登记表中没有（或者不止一个）名称为“{name}”的机关，无法加盖其印章",
                "not the name of exactly one agency in the registry: its seal can't be pressed",
            )
    if own and names[0] != own.name:
        yield doubt(
            "I04",
            "/body/agencies/0",
            f"出具本通知书的{own.name}（主办机关）一般排列在前",
            "the agency that issues the notice usually comes first",
        )


def every_page_signed(facts: Facts) -> Iterator[Finding]:
    """I05: the party signed every page, or refused and the record says why."""
    at = "/body/signatures"
    signed, refused = facts.told(f"{at}/party_every_page"), facts.told(f"{at}/refused")
    if signed == refused:
        yield fault(
            "I05",
            f"{at}/party_every_page",
            "被约谈人应当逐页签名；拒绝签名的应当注明",
            "either every page is signed, or the refusal is noted",
        )
    elif refused and not facts.text(f"{at}/refuse_reason"):
        yield fault(
            "I05", f"{at}/refuse_reason", "拒绝签名的应当注明理由", "the reason of the refusal must be noted"
        )


def rights_were_told(facts: Facts) -> Iterator[Finding]:
    """I06: the interviewee was told of their rights and of the free choice."""
    for name, what in (("rights_notified", "陈述、申辩、申请回避等权利"), ("choice_notified", "自主选择权")):
        if not facts.told(f"/body/{name}"):
            yield fault(
                "I06", f"/body/{name}", f"应当告知{what}", "the interviewee must be told of rights and choice"
            )


def deadline_follows(facts: Facts) -> Iterator[Finding]:
    """I08: what is to be corrected is due after the interview."""
    deadline, held = facts.day("/body/correction_deadline"), facts.day("/body/start")
    if deadline and held and deadline <= held and held <= facts.issue:
        yield fault(
            "I08", "/body/correction_deadline", "整改期限应当晚于约谈日期", "the deadline must follow the interview"
        )
