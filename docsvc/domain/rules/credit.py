"""Rules of the notice on credit repair (X01, X02; 信用修复管理办法)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.numbering import DocNumber
from docsvc.domain.rules.rule import Facts, doubt, fault

NO_PENALTY_WORDS: Final = ("不罚", "不予处罚", "不予行政处罚", "免罚", "免予处罚", "免予行政处罚")


def months_fit_class(facts: Facts) -> Iterator[Finding]:
    """X01: the months at least and at most are those of the severity on the day of the penalty; the term counts
    from that day.
    """
    at, severity = "/body/publicity", facts.raw("/body/severity")
    decided = facts.day("/body/penalty_decided_on")
    if not facts.in_order or decided is None or decided > facts.issue:
        return  # G05, G07
    terms = {t.severity: t for t in facts.known.measures.publicity if t.holds(decided)}
    term, least, most = terms.get(severity), facts.at(f"{at}/min_months"), facts.at(f"{at}/max_months")
    if not terms:
        yield doubt("X01", "/body/severity", "登记表中没有当时的公示期，未能核对", "no terms are known: unchecked")
    elif term is None:
        yield fault(
            "X01",
            "/body/severity",
            f"失信等级须为：{'、'.join(terms)}",
            f"must be one of: {', '.join(terms)}",
        )
    elif least != term.min_months:
        yield fault(
            "X01",
            f"{at}/min_months",
            f"{severity}失信的最短公示期为{term.min_months}个月",
            f"at least {term.min_months} months for this severity",
        )
    elif not isinstance(most, int) or most > term.max_months or (most < term.max_months and not term.shorter):
        yield fault(
            "X01",
            f"{at}/max_months",
            f"{severity}失信的最长公示期为{term.max_months}个月",
            f"at most {term.max_months} months for this severity",
        )
    yield from _starts_with_decision(facts)


def _starts_with_decision(facts: Facts) -> Iterator[Finding]:
    at = "/body/publicity/starts_on"
    starts, decided = facts.day(at), facts.day("/body/penalty_decided_on")
    if starts is None:
        yield fault("X01", at, "应当写明公示期的起算日期", "the first day of the term is missing")
    elif decided and starts < decided:
        yield fault("X01", at, "公示期的起算日期早于处罚决定日期", "the term starts before the decision")
    elif decided and starts > decided:
        yield doubt("X01", at, "公示期一般自处罚决定之日起算，请核对", "a term counts from the decision: check it")


def follows_a_penalty(facts: Facts) -> Iterator[Finding]:
    """X02: the notice goes with a decision that imposes a penalty, not with one that imposes none."""
    at = "/body/penalty_doc_no"
    text = facts.text(at)
    number, agency = DocNumber.parse(text), facts.known.agency
    own = agency.numbering.get("no_penalty_decision") if agency else None
    if not text:
        yield fault("X02", at, "应当写明行政处罚决定书的文号", "the penalty decision's number is missing")
    elif number and (number.word == own or any(word in number.word for word in NO_PENALTY_WORDS)):
        yield fault("X02", at, "不予行政处罚的，不存在信用修复", "where nothing was imposed, nothing is to repair")


def decided_in_time(facts: Facts) -> Iterator[Finding]:
    """G07: the penalty was decided after the violation was found, and no later than the notice."""
    at = "/body/penalty_decided_on"
    decided, found = facts.day(at), facts.day("/case/discovered_on")
    if decided is None or not facts.in_order:
        return
    if decided > facts.issue:
        yield fault("G07", at, "该日期晚于成文日期", "this date is after the issue date")
    elif found and decided < found:
        yield fault("G07", at, "处罚决定日期早于发现日期", "decided before the violation was found")
