"""Rules of public service that stands for a fine (S01 … S04, G11, its part of G13 and G14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from docsvc.domain.errors import Finding
from docsvc.domain.laws import articles_cited
from docsvc.domain.measures import OffsetScheme
from docsvc.domain.rules.citations import is_sound
from docsvc.domain.rules.nature import says_it_is_voluntary
from docsvc.domain.rules.no_penalty import remedies_are_right
from docsvc.domain.rules.rule import Facts, doubt, fault

CHOOSING: Final = ("application", "arrangement")  # stages in which the party may still choose
DONE: Final = ("completion", "determination")  # stages that tell of a service that was done
BASIS, PENALTY, SERVICE = "/body/legal_basis", "/body/penalty_article", "/body/service"


def basis_covers_the_fine(facts: Facts) -> Iterator[Finding]:
    """S01: a legal basis is cited, and the fine stands in an article that it covers. A registered law covers what
    the register says, where it says; of others nothing is known.
    """
    bases = facts.items(BASIS)
    if not bases:
        yield fault("S01", BASIS, "应当写明公益抵罚的法律依据", "a legal basis of the offset must be cited")
    elif facts.at(PENALTY) is None:
        yield fault("S01", PENALTY, "应当写明罚款的依据条款", "the article that the fine rests on is missing")
    elif facts.in_order and all(
        is_sound(facts, p) for p in (PENALTY, *(f"{BASIS}/{i}" for i in range(len(bases))))
    ):
        schemes = [_scheme(facts, basis) for basis in bases]
        if not any(scheme is None or _covers(facts, scheme, b) for scheme, b in zip(schemes, bases, strict=True)):
            yield fault(
                "S01",
                PENALTY,
                "该罚款不在所引依据的公益抵罚范围内，须另引依据",
                "the basis cited does not cover this fine: cite another one",
            )


def _scheme(facts: Facts, basis: Any) -> OffsetScheme | None:
    law = str(basis.get("law") or "").strip().strip("《》")
    return next((s for s in facts.known.measures.offsets if s.law == law and s.holds(facts.issue)), None)


def _covers(facts: Facts, scheme: OffsetScheme, basis: Any) -> bool:
    agency, cited = facts.known.agency, articles_cited(str(basis.get("article") or "")) or []
    fined = articles_cited(facts.text(f"{PENALTY}/article")) or []
    return (
        scheme.article in cited
        and (agency is None or scheme.binds(agency.region_code))
        and facts.text(f"{PENALTY}/law").strip("《》") == scheme.law
        and bool(fined)
        and all(scheme.first <= n <= scheme.last for n in fined)
    )


def party_applied(facts: Facts) -> Iterator[Finding]:
    """S02: the party applied: after the violation, before the document and before the service."""
    at = "/body/applied_on"
    applied, violated, starts = facts.day(at), facts.day("/case/violation_on"), facts.day(f"{SERVICE}/start")
    if applied is None:
        yield fault("S02", at, "应当由当事人申请并写明申请日期", "the day of the party's application is missing")
    elif not facts.in_order:
        return
    elif applied > facts.issue:
        yield fault("S02", at, "申请日期晚于成文日期", "applied after the issue date")
    elif violated and applied < violated:
        yield fault("S02", at, "申请日期早于违法行为日期", "applied before the violation")
    elif starts and starts < applied:
        yield fault("S02", at, "公益服务开始后才申请", "the service began before the application")


def money_is_no_debt(facts: Facts) -> Iterator[Finding]:
    """G11: the fine and the rate are no negative amounts."""
    for name in ("proposed_fine_yuan", "rate_yuan_per_hour"):
        if facts.at(f"/body/{name}") < 0:
            yield fault("G11", f"/body/{name}", "金额不得为负数", "an amount must not be negative")


def sums_agree(facts: Facts) -> Iterator[Finding]:
    """S03: 0 ≤ offset ≤ fine, offset + rest = fine, no more than the hours are worth; rate and fine within the
    scheme; the result fits the rest.
    """
    fine, rate, offset, rest = (
        facts.at(f"/body/{n}")
        for n in ("proposed_fine_yuan", "rate_yuan_per_hour", "offset_yuan", "remaining_yuan")
    )
    if fine < 0 or rate < 0:
        return  # G11
    hours = facts.at(f"{SERVICE}/hours")
    if not 0 <= offset <= fine:
        yield fault("S03", "/body/offset_yuan", "抵扣金额须在零与拟罚款金额之间", "must lie between 0 and the fine")
    elif offset + rest != fine:
        yield fault(
            "S03", "/body/remaining_yuan", "抵扣金额加剩余金额不等于拟罚款金额", "offset and rest are not the fine"
        )
    elif offset > rate * hours:
        yield fault("S03", "/body/offset_yuan", "抵扣金额超过服务时长折算的金额", "more than the hours are worth")
    elif (sessions := facts.items("/body/sessions")) and sum(s["hours"] for s in sessions) != hours:
        yield fault("S03", f"{SERVICE}/hours", "各时段的时长之和不等于总时长", "the sessions' hours do not add up")
    yield from _within_scheme(facts, fine, rate)
    yield from _result_fits(facts, rest)


def _within_scheme(facts: Facts, fine: int, rate: int) -> Iterator[Finding]:
    for scheme in filter(None, (_scheme(facts, basis) for basis in facts.items(BASIS))):
        if scheme.rate_yuan_per_hour not in (None, rate):
            right = scheme.rate_yuan_per_hour
            yield fault("S03", "/body/rate_yuan_per_hour", f"每小时折抵{right}元", f"an hour is worth {right} yuan")
        if scheme.fine_at_most_yuan is not None and fine > scheme.fine_at_most_yuan:
            most = scheme.fine_at_most_yuan
            yield fault(
                "S03", "/body/proposed_fine_yuan", f"抵罚限于{most}元以下的罚款", f"for fines up to {most} yuan"
            )


def _result_fits(facts: Facts, rest: int) -> Iterator[Finding]:
    result, at = facts.raw("/body/result"), "/body/result"
    if facts.raw("/body/stage") != "determination":
        if result:
            yield fault("S03", at, "只有认定书写明结果", "only the determination has a result")
    elif not result:
        yield fault("S03", at, "认定书应当写明结果", "a determination needs a result")
    elif (result == "no_fine") != (rest == 0):
        yield fault("S03", at, "结果与剩余金额不符", "the result does not fit the remaining amount")


def service_was_done(facts: Facts) -> Iterator[Finding]:
    """S04: an arrangement says where and when; a proof and a determination tell of a service that was done and
    certified. A warning where they are dated before that.

    Without a legal basis there is nothing to do service for: S01 then speaks alone.
    """
    stage = facts.raw("/body/stage")
    if stage == "application" or not facts.items(BASIS) or not facts.in_order:
        return
    needed = ("org", "start", "end", *(("certifier", "certified_on") if stage in DONE else ()))
    if lacking := [name for name in needed if not facts.text(f"{SERVICE}/{name}")]:
        for name in lacking:
            yield fault("S04", f"{SERVICE}/{name}", "公益服务的这一项应当写明", "this is missing of the service")
        return
    start, end = facts.moment(f"{SERVICE}/start"), facts.moment(f"{SERVICE}/end")
    certified = facts.day(f"{SERVICE}/certified_on")
    if start and end and end <= start:
        yield fault("S04", f"{SERVICE}/end", "服务结束时间不晚于开始时间", "ends no later than it starts")
    elif stage in DONE and facts.at(f"{SERVICE}/hours") < 1:
        yield fault("S04", f"{SERVICE}/hours", "没有完成的服务时长", "no hour was done")
    elif certified and end and certified < end.date():
        yield fault("S04", f"{SERVICE}/certified_on", "出具证明时服务尚未完成", "certified before it was done")
    elif stage in DONE and certified and certified > facts.issue:
        # Refused would be an agency that drew both up together; whoever reads the document sees both dates.
        yield doubt(
            "S04", f"{SERVICE}/certified_on", "成文日期早于服务证明日期，请核对", "dated before it was certified"
        )


def is_voluntary(facts: Facts) -> Iterator[Finding]:
    """G13 in the stages in which the party may still choose."""
    if facts.raw("/body/stage") in CHOOSING:
        yield from says_it_is_voluntary(facts)


def determination_offers_remedies(facts: Facts) -> Iterator[Finding]:
    """G14: a determination settles the penalty, so it offers remedies."""
    if facts.raw("/body/stage") == "determination":
        yield from remedies_are_right(facts, "G14")
