"""Rules of the notice that ends flexible enforcement (T01 … T04; 舟政办发〔2023〕47号 二(三)3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.phrases import WORDS
from docsvc.domain.rules.rule import Facts, fault

# The opinion's three cases with the finer codes of each.
REASONS: Final = {
    1: frozenset({"withdraw", "general_procedure", "withdraw_or_general_procedure"}),
    2: frozenset(
        {"basis_invalid", "basis_lapsed", "public_interest", "third_party", "public_interest_or_third_party"}
    ),
    3: frozenset({"other"}),
}
MEASURES: Final = frozenset(WORDS["measure"])
# General, simple or fast procedure, handling by law, or nothing further.
NEXT_STEP: Final = re.compile(
    r"(?:(?:依照|按照|依|适用|转为|转入)?(?:法定)?(?:普通|一般|简易|快速)程序(?:继续)?(?:立案)?(?:调查|处理|办理|查处){0,3}"
    r"|(?:继续)?依法(?:继续)?(?:立案|调查|查处|处理|办理){1,2}(?:决定)?|不再处理|不再继续处理|移送[^，。；]{2,40})。?"
)


def reason_is_one_of_three(facts: Facts) -> Iterator[Finding]:
    """T01: one of the opinion's three reasons, a finer code that belongs to it, and the facts."""
    at = "/body/reason"
    code, sub = facts.at(f"{at}/code"), facts.raw(f"{at}/sub")
    if code not in REASONS:
        yield fault("T01", f"{at}/code", "终止理由须为1、2或者3", "the reason must be 1, 2 or 3")
    elif sub and sub not in REASONS[code]:
        subs = "、".join(sorted(REASONS[code]))
        yield fault(
            "T01", f"{at}/sub", f"与终止理由{code}不符，须为：{subs}", f"does not belong to reason {code}: {subs}"
        )
    if not facts.text(f"{at}/detail"):
        yield fault("T01", f"{at}/detail", "应当写明终止的事实", "the facts of the reason are missing")


def measure_was_running(facts: Facts) -> Iterator[Finding]:
    """T02: the measure is named with number and start, and did not start after its end."""
    at = "/body/measure"
    started = facts.day(f"{at}/started_on")
    if facts.raw(f"{at}/type") not in MEASURES:
        known = "、".join(sorted(MEASURES))
        yield fault(
            "T02", f"{at}/type", f"柔性执法措施须为：{known}", f"must be one of: {', '.join(sorted(MEASURES))}"
        )
    elif not facts.text(f"{at}/doc_no"):
        yield fault("T02", f"{at}/doc_no", "应当写明该措施的文号", "the measure's number is missing")
    elif started is None:
        yield fault("T02", f"{at}/started_on", "应当写明该措施的开始日期", "the measure's start is missing")
    elif started > facts.issue and facts.issue <= facts.known.today:
        yield fault("T02", f"{at}/started_on", "该措施的开始日期晚于终止日期", "the measure started after its end")


def next_step_is_known(facts: Facts) -> Iterator[Finding]:
    """T03: what happens next is one of: general, simple or fast procedure, handling by law, nothing further."""
    if NEXT_STEP.fullmatch(facts.text("/body/next_step")) is None:
        yield fault(
            "T03",
            "/body/next_step",
            "后续处理须为：依照普通（简易）程序处理、依法处理、移送有权机关或者不再处理",
            "the next step must be a procedure, handling by law, a transfer, or nothing further",
        )


def ended_once(facts: Facts) -> Iterator[Finding]:
    """T04: no earlier notice has ended this measure."""
    number = facts.text("/body/measure/doc_no")
    if number in facts.known.terminated:
        yield fault(
            "T04", "/body/measure/doc_no", f"{number}已经终止，不得再次终止", "this measure has already been ended"
        )
