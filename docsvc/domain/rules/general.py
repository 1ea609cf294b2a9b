"""Rules that every document shares: agency, officers, copies, dates of the case, seal name (G01, G05, G07, G09)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.rules.rule import Facts, fault

LEAST_OFFICERS: Final = 2  # 行政处罚法 第四十二条
LEADING: Final = "主办"

# Officers whom a record names once more, as those who acted.
ACTING: Final = {"interview_record": "/body/interviewers", "delivery_receipt": "/body/deliverers"}

# What happened before the document, by type. Agreements to electronic delivery are left out: they may come later.
FACT_DATES: Final = {
    "commitment": ("/body/informed_at", "/body/signed_at"),
    "delivery_receipt": (
        "/body/delivered_at",
        "/body/detail/signed_at",
        "/body/detail/system_arrival_at",
        "/body/detail/opened_at",
        "/body/detail/received_on",
        "/body/detail/announced_on",
    ),
    "interview_record": ("/body/start",),
    "no_penalty_decision": (
        "/body/first_violation_check/checked_on",
        "/body/correction/corrected_on",
        "/body/correction/recheck_on",
        "/body/education/on",
        "/body/guardian_order/ordered_on",
        "/body/limitation/ended_on",
    ),
}


def agency_is_registered(facts: Facts) -> Iterator[Finding]:
    """The agency stands in the registry."""
    if facts.known.agency is None:
        yield fault("SCHEMA", "/agency", "登记表中没有这个机关", "the registry has no such agency")


def copies_add_up(facts: Facts) -> Iterator[Finding]:
    """The total of copies is the sum of their uses."""
    copies = facts.at("/copies")
    if isinstance(copies, dict) and copies["total"] != copies["party"] + copies["archive"]:
        yield fault(
            "SCHEMA",
            "/copies/total",
            "总份数不等于送达份数与归档份数之和",
            "total is not the sum of party and archive",
        )


def two_officers(facts: Facts) -> Iterator[Finding]:
    """G01: at least two officers with certificates of their own, exactly one of them leading."""
    officers = facts.items("/officers")
    if shortage := _too_few(facts, "/officers"):
        yield shortage
    elif sum(o.get("role") == LEADING for o in officers) != 1:
        yield fault("G01", "/officers", "执法人员中应当有且只有一名主办", "exactly one officer must be 主办")
    acting = ACTING.get(facts.doc_type)
    if acting and (shortage := _too_few(facts, acting)):
        yield shortage


def _too_few(facts: Facts, pointer: str) -> Finding | None:
    officers = facts.items(pointer)
    numbers = [str(o.get("cert_no") or "").strip() for o in officers]
    if len(officers) < LEAST_OFFICERS:
        return fault("G01", pointer, "执法人员不得少于两人", "at least two officers are needed")
    if not all(numbers):
        return fault("G01", pointer, "每名执法人员都应当有执法证件号", "every officer needs a certificate number")
    if len(set(numbers)) < len(numbers):
        return fault("G01", pointer, "执法证件号重复：应当是不同的人员", "the same certificate stands twice")
    return None


def not_in_future(facts: Facts) -> Iterator[Finding]:
    """G05: the document is not dated in the future (dates that are no days are the schema's, by x-rule)."""
    if facts.issue > facts.known.today:
        yield fault(
            "G05",
            "/issue_date",
            f"成文日期晚于今天（{facts.known.today}）",
            f"the issue date is after today ({facts.known.today})",
        )


def dates_in_order(facts: Facts) -> Iterator[Finding]:
    """G07: violation ≤ discovery ≤ filing ≤ issue, and nothing that the document tells lies after its issue."""
    if facts.issue > facts.known.today:
        return  # G05
    yield from _case_in_order(facts)
    if facts.fact_dates_broken:
        return
    for pointer in FACT_DATES.get(facts.doc_type, ()):
        day = facts.day(pointer)
        if day and day > facts.issue and not _owned_elsewhere(facts, pointer):
            yield fault("G07", pointer, "该日期晚于成文日期", "this date is after the issue date")


def _case_in_order(facts: Facts) -> Iterator[Finding]:
    violated, found, filed = (facts.day(f"/case/{n}") for n in ("violation_on", "discovered_on", "filed_on"))
    if violated and found and violated > found:
        yield fault(
            "G07", "/case/violation_on", "违法行为日期晚于发现日期", "the violation is dated after its discovery"
        )
    elif found and filed and found > filed and not filed_too_long_ago(facts):
        yield fault("G07", "/case/filed_on", "立案日期早于发现日期", "the case was filed before its discovery")
    elif facts.latest_fact > facts.issue:
        started = facts.day("/body/measure/started_on")
        if not (started and started > facts.issue):  # else T02 tells it
            yield fault(
                "G07", "/issue_date", "成文日期早于案件事实的日期", "the issue date is before facts of the case"
            )


def filed_too_long_ago(facts: Facts) -> bool:
    """Whether NP07 speaks about the filing date: a date far too early is then not told twice."""
    filed = facts.day("/case/filed_on")
    if facts.doc_type != "no_penalty_decision" or filed is None or facts.text("/body/extension_no"):
        return False
    return facts.issue - filed > DECISION_TERM


DECISION_TERM: Final = dt.timedelta(days=90)  # 行政处罚法 第六十条


def _owned_elsewhere(facts: Facts, pointer: str) -> bool:
    """Whether a rule of its own (I01, C01, NP09) already tells what is wrong with this date."""
    if pointer == "/body/start":
        end = facts.moment("/body/end")
        start = facts.moment(pointer)
        return start is not None and end is not None and end <= start
    if pointer == "/body/informed_at":
        informed, signed = facts.moment(pointer), facts.moment("/body/signed_at")
        return informed is not None and signed is not None and signed < informed
    if pointer == "/body/correction/corrected_on":
        recheck, corrected = facts.day("/body/correction/recheck_on"), facts.day(pointer)
        return recheck is not None and corrected is not None and recheck < corrected
    return False


def seal_is_the_agencys(facts: Facts) -> Iterator[Finding]:
    """G09: the seal bears the agency's name."""
    agency = facts.known.agency
    if agency and agency.seal.name != agency.name:
        yield fault("G09", "/agency", "登记的印章名称与机关名称不一致", "the registered seal bears another name")
