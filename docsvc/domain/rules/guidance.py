"""Rules of advice and reminders about their own dates (G07)."""

from __future__ import annotations

from collections.abc import Iterator

from docsvc.domain.errors import Finding
from docsvc.domain.rules.rule import Facts, fault


def terms_follow(facts: Facts) -> Iterator[Finding]:
    """G07: a reply is asked for after the issue date; a period ends after it starts."""
    due = facts.day("/body/reply/by")
    if due and due <= facts.issue and facts.in_order:
        yield fault(
            "G07", "/body/reply/by", "答复期限应当晚于成文日期", "the reply must be due after the issue date"
        )
    start, end = facts.day("/body/period/start"), facts.day("/body/period/end")
    if start and end and end < start:
        yield fault("G07", "/body/period/end", "结束日期早于开始日期", "the period ends before it starts")
