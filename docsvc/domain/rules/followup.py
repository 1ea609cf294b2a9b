"""Rules of the record of a follow-up visit (V01, V02, G07; 舟政办发〔2023〕47号 二(二)3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.phrases import WORDS
from docsvc.domain.rules.rule import Facts, fault

RATINGS: Final = range(1, 6)


def document_is_cited(facts: Facts) -> Iterator[Finding]:
    """V01: the record names the document that the visit follows."""
    if not facts.text("/body/related_doc_no"):
        yield fault(
            "V01",
            "/body/related_doc_no",
            "应当写明所回访文书的文号",
            "the number of the document that the visit follows is missing",
        )


def visited_after_delivery(facts: Facts) -> Iterator[Finding]:
    """V01: the visit comes after the delivery of the document that it follows."""
    delivered = facts.known.delivered.get(facts.text("/body/related_doc_no"))
    if delivered and facts.issue <= delivered:
        yield fault(
            "V01",
            "/issue_date",
            f"回访应当晚于文书的送达（{delivered}）",
            f"the visit must follow the delivery ({delivered})",
        )


def codes_are_known(facts: Facts) -> Iterator[Finding]:
    """V02: way and state of the correction are known words, ratings are 1 to 5."""
    for name in ("way", "corrected"):
        if facts.raw(f"/body/{name}") not in WORDS[name]:
            known = ", ".join(WORDS[name])
            yield fault("V02", f"/body/{name}", f"须为：{known}", f"must be one of: {known}")
    for name in ("lawfulness_rating", "conduct_rating"):
        rating = facts.at(f"/body/{name}")
        if rating is not None and rating not in RATINGS:
            yield fault("V02", f"/body/{name}", "评价须为1至5", "a rating is 1 to 5")


def next_visit_lies_ahead(facts: Facts) -> Iterator[Finding]:
    """G07: the next visit follows this one."""
    day = facts.day("/body/next_visit")
    if day and day <= facts.issue and facts.in_order:
        yield fault(
            "G07", "/body/next_visit", "下次回访日期应当晚于本次回访", "the next visit must follow this one"
        )
