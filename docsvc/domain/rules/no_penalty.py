"""Rules of the decision not to penalise (NP01 … NP13; 行政处罚法 2021)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from docsvc.domain.calendar import years_after
from docsvc.domain.errors import Finding
from docsvc.domain.identity import read_resident_id
from docsvc.domain.rules.general import DECISION_TERM
from docsvc.domain.rules.grounds import EDUCATED, GROUNDS, GUARDED, PENALTY_LAW, quotes, stands_in
from docsvc.domain.rules.rule import Facts, fault

NOTHING_FOUND: Final = re.compile(
    r"(?:经查询?，?)?(?:均?无|没有|未发现|未查到|未查询到)(?:违法|处罚|相关|同类){0,2}(?:记录)?。?"
)
NO_PENALTY: Final = re.compile(r"不予行政处罚|不再给予行政处罚|不得给予行政处罚|免予行政处罚")
PENALTY: Final = re.compile(  # kinds of penalty, 行政处罚法 第九条, as something imposed
    r"(?:处以|并处|科处|给予)[^，。；]{0,10}(?:罚款|警告|通报批评|没收|拘留|吊销)"
    r"|处[^，。；]{1,12}元的?罚款"
    r"|罚款(?:人民币)?[0-9０-９一二三四五六七八九十百千万零〇两壹贰叁肆伍陆柒捌玖拾佰仟.,，]+元"
    r"|没收(?:违法所得|非法财物)|责令(?:你单位|当事人)?停产停业|吊销(?:许可证|营业执照)|行政拘留[0-9一二三四五六七八九十]+日"
)
HARMS: Final = ("none", "slight", "serious")
SIXTY_DAYS: Final = 60  # 行政复议法 2023 第二十条: a law may give more, none gives less
CHILDHOOD: Final = 14  # years, 第三十条
SIX_MONTHS: Final = 6  # 行政诉讼法 第四十六条


def ground_is_statutory(facts: Facts) -> Iterator[Finding]:
    """NP01: the ground is in the list, its words are the statute's, and they stand where the case says."""
    ground = GROUNDS.get(facts.raw("/body/ground/code"))
    text, law, article = (facts.text(f"/body/ground/{n}") for n in ("text", "law", "article"))
    if ground is None:
        yield fault(
            "NP01",
            "/body/ground/code",
            f"不予处罚的理由须为：{'、'.join(GROUNDS)}",
            f"must be one of: {', '.join(GROUNDS)}",
        )
    elif not quotes(ground, text) or not NO_PENALTY.search(text):
        words = f"：{ground.formulas[0]}" if ground.formulas else "，并载明不予行政处罚"
        yield fault(
            "NP01",
            "/body/ground/text",
            f"应当逐字引用法定表述{words}",
            "the ground must be in the words of the statute",
        )
    elif not law or not article:
        missing = "law" if not law else "article"
        yield fault("NP01", f"/body/ground/{missing}", "应当写明理由的法律条款", "the ground's law must be cited")
    elif ground.articles and _full_title(facts, law) != PENALTY_LAW:
        yield fault("NP01", "/body/ground/law", f"该理由出自《{PENALTY_LAW}》", f"the ground is from {PENALTY_LAW}")
    elif not stands_in(ground, article):
        places = "或者".join(ground.articles)
        yield fault(
            "NP01", "/body/ground/article", f"该理由出自{places}", f"the ground is in {' / '.join(ground.articles)}"
        )


def _full_title(facts: Facts, law: str) -> str:
    known = facts.known.laws.find(law)
    return known.title if known else law.strip("《》")


def _holds(facts: Facts, code: str) -> bool:
    """Whether the ground is `code` and nothing is wrong with it: else NP01 alone speaks."""
    return facts.raw("/body/ground/code") == code and not any(ground_is_statutory(facts))


def minor_corrected_without_harm(facts: Facts) -> Iterator[Finding]:
    """NP02: a minor violation was corrected and did no harm (第三十三条第一款前段)."""
    if _holds(facts, "minor_no_harm"):
        if not facts.told("/body/correction/corrected"):
            yield _not_corrected("NP02")
        if facts.raw("/body/harm") != "none":
            yield fault("NP02", "/body/harm", "应当没有造成危害后果（none）", "there must have been no harm (none)")


def first_offence_checked(facts: Facts) -> Iterator[Finding]:
    """NP03: a first violation was looked up with no record, did slight harm at most, and was corrected
    (第三十三条第一款后段).
    """
    if not _holds(facts, "first_minor"):
        return
    check = "/body/first_violation_check"
    if not facts.told(f"{check}/done") or not facts.day(f"{check}/checked_on"):
        yield fault(
            "NP03", f"{check}/done", "应当查询是否初次违法并记明日期", "earlier violations must be looked up"
        )
    elif NOTHING_FOUND.fullmatch(facts.text(f"{check}/result")) is None:
        yield fault(
            "NP03",
            f"{check}/result",
            "查询结果不是“无记录”，不属于初次违法",
            "there is a record: no first violation",
        )
    if not facts.told("/body/correction/corrected"):
        yield _not_corrected("NP03")
    if facts.raw("/body/harm") not in ("none", "slight"):
        yield fault("NP03", "/body/harm", "危害后果应当轻微（none 或者 slight）", "harm must be slight at most")


def _not_corrected(rule: str) -> Finding:
    return fault(
        rule, "/body/correction/corrected", "违法行为应当已经及时改正", "the violation must have been corrected"
    )


def harm_is_known(facts: Facts) -> Iterator[Finding]:
    """Where no rule of a ground judges the harm, it is still one of the words that the document can print."""
    harm = facts.raw("/body/harm")
    if harm and harm not in HARMS and facts.raw("/body/ground/code") not in ("minor_no_harm", "first_minor"):
        yield fault(
            "SCHEMA", "/body/harm", f"危害后果须为：{'、'.join(HARMS)}", f"must be one of: {', '.join(HARMS)}"
        )


def evidence_is_listed(facts: Facts) -> Iterator[Finding]:
    """NP04: evidence is listed; for want of fault it is what the ground rests on (第三十三条第二款, 第四十六条)."""
    code = facts.raw("/body/ground/code")
    if not facts.items("/body/evidence") and code != "facts_not_established":
        yield fault("NP04", "/body/evidence", "应当列明证据", "evidence must be listed")
    elif _holds(facts, "no_fault") and facts.at("/body/fault_excluded") is not True:
        yield fault(
            "NP04",
            "/body/fault_excluded",
            "证据应当足以证明没有主观过错（fault_excluded 应为真）",
            "the evidence must exclude fault",
        )


def list_item_was_effective(facts: Facts) -> Iterator[Finding]:
    """NP05: the item of the list was effective on the day of the violation, or is newer and lighter (第三十七条); a
    case off the list says why it is decided nevertheless.
    """
    at = "/body/list_item"
    listed = facts.at(f"{at}/on_list")
    violated = facts.day("/case/violation_on") or facts.issue
    begun, ended = facts.day(f"{at}/effective_from"), facts.day(f"{at}/effective_to")
    if listed is True:
        missing = [n for n in ("list_name", "item_no", "effective_from") if not facts.text(f"{at}/{n}")]
        lighter = facts.told(f"{at}/newer_and_lighter") and begun is not None and begun <= facts.issue
        if missing:
            yield fault(
                "NP05",
                f"{at}/{missing[0]}",
                "应当写明清单名称、事项编号和施行日期",
                "the list item is not complete",
            )
        elif begun and ended and ended < begun:
            yield fault(
                "NP05", f"{at}/effective_to", "清单的失效日期早于施行日期", "the list ended before it began"
            )
        elif facts.fact_dates_broken:
            return  # G07 says that the day of the violation itself is wrong
        elif begun and begun > violated and not lighter:
            yield fault(
                "NP05",
                f"{at}/effective_from",
                "违法行为发生时该清单尚未施行",
                "the list was not yet effective that day",
            )
        elif ended and ended < violated:
            yield fault(
                "NP05", f"{at}/effective_to", "违法行为发生时该清单已经失效", "the list had lapsed by that day"
            )
    elif listed is False:
        if not facts.text(f"{at}/off_list_reason"):
            yield fault(
                "NP05", f"{at}/off_list_reason", "清单之外的情形应当说明理由", "a case off the list needs a reason"
            )
    else:
        yield fault("NP05", f"{at}/on_list", "应当写明是否属于清单事项", "say whether the case is on the list")


def party_was_educated(facts: Facts) -> Iterator[Finding]:
    """NP06: whoever is not punished under 第三十三条 is educated: done, when and about what (第三款)."""
    if facts.raw("/body/ground/code") not in EDUCATED:
        return
    if not facts.told("/body/education/done"):
        yield fault("NP06", "/body/education/done", "应当对当事人进行教育", "the party must be educated")
        return
    for name, what in (("on", "日期"), ("content", "内容")):
        if not facts.text(f"/body/education/{name}"):
            yield fault(
                "NP06", f"/body/education/{name}", f"应当记明教育的{what}", f"say the {name} of the education"
            )


def decided_within_term(facts: Facts) -> Iterator[Finding]:
    """NP07: decided within 90 calendar days of filing, unless an extension was granted (第六十条)."""
    if facts.issue > facts.known.today or facts.text("/body/extension_no"):
        return
    filed = facts.day("/case/filed_on")
    if filed is None:
        yield fault(
            "NP07",
            "/case/filed_on",
            "应当写明立案日期，以计算办案期限",
            "the filing date is needed to count the term",
        )
    elif facts.issue - filed > DECISION_TERM:
        days = (facts.issue - filed).days
        yield fault(
            "NP07",
            "/case/filed_on",
            f"自立案之日起已{days}日，超过九十日且没有延长期限的批准文号",
            f"{days} days since filing: over 90 without an extension",
        )


def remedies_are_offered(facts: Facts) -> Iterator[Finding]:
    """NP08: the remedies of a decision."""
    yield from remedies_are_right(facts, "NP08")


def remedies_are_right(facts: Facts, rule: str) -> Iterator[Finding]:
    """60 days for reconsideration (行政复议法 第二十条), 6 months for litigation (行政诉讼法 第四十六条), and the
    bodies that the registry names for this agency.
    """
    at, agency = "/body/remedies", facts.known.agency
    days, months = facts.at(f"{at}/reconsideration/days"), facts.at(f"{at}/litigation/months")
    if not isinstance(days, int) or days < SIXTY_DAYS:
        yield fault(rule, f"{at}/reconsideration/days", "申请行政复议的期限不得少于六十日", "no less than 60 days")
    if months != SIX_MONTHS:
        yield fault(rule, f"{at}/litigation/months", "提起行政诉讼的期限为六个月", "6 months for litigation")
    for pointer, right in (
        (f"{at}/reconsideration/body", agency.reconsideration_body if agency else None),
        (f"{at}/litigation/court", agency.court if agency else None),
    ):
        named = facts.text(pointer)
        if not named or (right and named != right):
            yield fault(rule, pointer, f"应为登记的机关：{right or '（未登记）'}", f"the registry names: {right}")


def rechecked_after_correction(facts: Facts) -> Iterator[Finding]:
    """NP09: violation ≤ correction ≤ recheck; what is corrected has a date."""
    at = "/body/correction"
    if not facts.told(f"{at}/corrected"):
        return
    corrected, recheck = facts.day(f"{at}/corrected_on"), facts.day(f"{at}/recheck_on")
    violated = facts.day("/case/violation_on")
    if corrected is None:
        yield fault("NP09", f"{at}/corrected_on", "应当写明改正日期", "the day of the correction is missing")
    elif recheck and recheck < corrected:
        yield fault("NP09", f"{at}/recheck_on", "复查日期早于改正日期", "rechecked before the correction")
    elif violated and corrected < violated and not facts.fact_dates_broken:
        yield fault("NP09", f"{at}/corrected_on", "改正日期早于违法行为日期", "corrected before the violation")


def limitation_has_passed(facts: Facts) -> Iterator[Finding]:
    """NP10: found later than 2 years (5 in cases of life, health or finance with harm) after the violation ended
    (第三十六条).
    """
    if not _holds(facts, "expired") or facts.fact_dates_broken:
        return
    years = facts.at("/body/limitation/years") or 2
    ended = facts.day("/body/limitation/ended_on") or facts.day("/case/violation_on")
    found = facts.day("/case/discovered_on")
    if years not in (2, 5):
        yield fault("NP10", "/body/limitation/years", "追责时效为二年或者五年", "the limitation is 2 or 5 years")
    elif ended and found and found <= years_after(ended, years):
        yield fault(
            "NP10",
            "/case/discovered_on",
            f"发现时未超过{years}年的追责时效",
            f"found within the {years} years of the limitation",
        )


def no_penalty_is_imposed(facts: Facts) -> Iterator[Finding]:
    """NP11: the decision is not to penalise, and no penalty or amount stands in it."""
    decision = facts.text("/body/decision")
    if NO_PENALTY.search(decision) is None or PENALTY.search(decision):
        yield fault("NP11", "/body/decision", "决定应为不予行政处罚", "the decision must be not to penalise")
    for pointer in ("/body/facts", "/body/statement_defence/content"):
        if m := PENALTY.search(facts.text(pointer)):
            yield fault(
                "NP11", pointer, f"不予行政处罚决定书不得写处罚内容：{m[0]}", f"no penalty may stand here: {m[0]}"
            )


def guardian_is_ordered(facts: Facts) -> Iterator[Finding]:
    """NP12: for a child under 14, or who can't judge or control what they do, the guardian is ordered to take
    charge (第三十条, 第三十一条); the child was under 14 on the day.
    """
    code = facts.raw("/body/ground/code")
    if code not in GUARDED or any(ground_is_statutory(facts)):
        return
    for name, what in (("guardian", "监护人"), ("ordered_on", "日期"), ("content", "内容")):
        if not facts.text(f"/body/guardian_order/{name}"):
            yield fault(
                "NP12",
                f"/body/guardian_order/{name}",
                f"应当写明责令监护人的{what}",
                f"the guardian's order lacks: {name}",
            )
    resident, violated = read_resident_id(facts.text("/party/id_no")), facts.day("/case/violation_on")
    if code != "under_14" or resident is None or violated is None or facts.fact_dates_broken:
        return
    if years_after(resident.birth, CHILDHOOD) <= violated:
        yield fault("NP12", "/party/id_no", "违法行为发生时已满十四周岁", "the party was 14 or older on that day")


def commitment_was_kept(facts: Facts) -> Iterator[Finding]:
    """NP13: a commitment, if one was made, was kept."""
    if not facts.text("/body/commitment_doc_no"):
        return
    if facts.at("/body/commitment_fulfilled") is False:
        yield fault("NP13", "/body/commitment_fulfilled", "当事人未履行所作承诺", "the commitment was not kept")
    elif facts.at("/body/correction/corrected") is False and facts.raw("/body/ground/code") not in (
        "minor_no_harm",  # NP02 and NP03 tell it
        "first_minor",
    ):
        yield fault("NP13", "/body/correction/corrected", "承诺改正而未改正", "committed to correct, and did not")
