"""The rule about cited law: it is there, it exists, it was in force on the day that counts (G10)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.laws import Law, articles_cited
from docsvc.domain.numbering import DocNumber
from docsvc.domain.rules.references import LOOKS_LIKE_NUMBER
from docsvc.domain.rules.rule import Facts, doubt, fault

BASIS_TYPES: Final = frozenset({"advice", "reminder", "interview_notice", "credit_repair_notice"})
# How titles of laws, regulations, rules and normative documents end; （试行） and the like may follow.
TITLE_END: Final = re.compile(
    r"(?:法|法典|条例|规定|办法|决定|规则|细则|解释|意见|通知|公约|标准|规范|通则|规程|目录|清单|方案|批复|答复|准则"
    r"|指引|公告|章程|制度|要求|基准|纲要|修正案)(?:[（(].{1,20}[）)])?$"
)
NOT_ESTABLISHED: Final = "facts_not_established"


def law_is_cited_and_in_force(facts: Facts) -> Iterator[Finding]:
    """G10: where a basis is due one is cited; each cited law exists and was in force; each article can be there.

    A basis must be in force on the issue date. What was violated, and the penalty for it, on the day of the
    violation or on the issue date (行政处罚法 第三十七条). A national statute that there is none of is a
    fault; any other title that the register lacks a warning LAW: no register of regulations and rules is whole.
    """
    if facts.doc_type in BASIS_TYPES:
        yield from _citations(facts, "/body/legal_basis", [facts.issue], due=True)
    elif facts.doc_type == "commitment":
        violated = facts.day("/case/violation_on") or facts.issue
        yield from _citations(facts, "/body/informed/violated", [violated, facts.issue], due=True)
        yield from _citations(facts, "/body/informed/penalty_basis", [violated, facts.issue], due=False)
    elif facts.doc_type == "no_penalty_decision":
        due = facts.raw("/body/ground/code") != NOT_ESTABLISHED
        violated = facts.day("/case/violation_on") or facts.issue
        yield from _citations(facts, "/body/violated", [violated, facts.issue], due=due)
        yield from _citations(facts, "/body/penalty_basis", [violated, facts.issue], due=due)
        if facts.raw("/body/ground/code") == "other_statutory" and facts.text("/body/ground/law"):
            yield from _citation(facts, "/body/ground", [facts.issue])
    elif facts.doc_type == "termination_notice":
        yield from _policy(facts)
    elif facts.doc_type == "public_service_offset":  # S01 asks for a basis and for the article of the fine
        yield from _citations(facts, "/body/legal_basis", [facts.issue], due=False)
        if facts.at("/body/penalty_article"):
            violated = facts.day("/case/violation_on") or facts.issue
            yield from _citation(facts, "/body/penalty_article", [violated, facts.issue])


def is_sound(facts: Facts, pointer: str) -> bool:
    """Whether the citation at `pointer` can be judged further: of itself it has no fault."""
    violated = facts.day("/case/violation_on") or facts.issue
    return all(f.severity != "error" for f in _citation(facts, pointer, [violated, facts.issue]))


def _citations(facts: Facts, pointer: str, days: list[dt.date], *, due: bool) -> Iterator[Finding]:
    cited = facts.items(pointer)
    if due and not cited:
        yield fault("G10", pointer, "应当写明法律依据", "a legal basis must be cited")
    for i in range(len(cited)):
        yield from _citation(facts, f"{pointer}/{i}", days)


def _citation(facts: Facts, pointer: str, days: list[dt.date]) -> Iterator[Finding]:
    title, article = facts.text(f"{pointer}/law"), facts.text(f"{pointer}/article")
    law = facts.known.laws.find(title)
    yield from _title(facts, f"{pointer}/law", title, law, days)
    if not article:
        if not facts.text(f"{pointer}/note"):
            yield fault("G10", f"{pointer}/article", "应当写明条款", "the article must be cited")
        return
    numbers = articles_cited(article)
    if numbers is None:
        yield fault(
            "G10",
            f"{pointer}/article",
            "条款应当写作“第×条第×款第×项”，用中文数字",
            "an article is written 第…条第…款第…项",
        )
    elif law and law.articles and max(numbers, default=0) > law.articles:
        yield fault(
            "G10",
            f"{pointer}/article",
            f"《{law.title}》只有{law.articles}条",
            f"this law has {law.articles} articles only",
        )


def _title(facts: Facts, pointer: str, title: str, law: Law | None, days: list[dt.date]) -> Iterator[Finding]:
    if law is None:
        if not TITLE_END.search(title.strip("《》")):
            yield fault("G10", pointer, "不是法律、法规、规章或者规范性文件的名称", "not the title of a law")
        elif facts.known.laws.has_no_statute(title):
            yield fault("G10", pointer, f"没有“{title}”这部法律", "there is no such national statute")
        else:
            yield doubt(
                "LAW", pointer, f"法规登记表中没有“{title}”，未能核对", "not in the register of laws: unchecked"
            )
    elif facts.in_order and not any(law.in_force(d) for d in days):
        instead = f"，由《{law.replaced_by}》取代" if law.replaced_by else ""
        when = (
            f"{law.effective or '？'}施行，{law.repealed}失效{instead}"
            if law.repealed
            else f"{law.effective}起施行"
        )
        yield fault(
            "G10",
            pointer,
            f"《{law.title}》在相关日期不具有效力（{when}）",
            f"not in force on the day that counts (from {law.effective}, until {law.repealed})",
        )


def _policy(facts: Facts) -> Iterator[Finding]:
    """A termination notice cites a policy by number, or a law by title."""
    text = facts.text("/body/basis/doc")
    if not text or not facts.text("/body/basis/clause"):
        missing = "clause" if text else "doc"
        yield fault(
            "G10", f"/body/basis/{missing}", "应当写明终止的依据和条款", "the basis of the ending must be cited"
        )
    elif DocNumber.parse(text) is None and not LOOKS_LIKE_NUMBER.search(text):  # else its form is G04's
        yield from _title(facts, "/body/basis/doc", text, facts.known.laws.find(text), [facts.issue])
