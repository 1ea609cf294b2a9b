"""Rules about the documents that a case cites by number: form (G04), agreement with what this service issued."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.errors import Finding
from docsvc.domain.numbering import DocNumber
from docsvc.domain.rules.rule import Facts, Reference, doubt, fault


@dataclass(frozen=True, slots=True)
class Citing:
    """Where a type of document cites an earlier one (`*` stands for each of a list): the rule that it breaks when
    the two disagree, the kinds of document that may stand there (any, where none is named), and where the case
    repeats its issue date and its title.
    """

    pointer: str
    rule: str
    kinds: frozenset[str] | None = None
    issued_on: str | None = None
    title: str | None = None


CITING: Final[Mapping[str, Citing]] = {
    "delivery_receipt": Citing(
        "/body/documents/*/doc_no",
        "D02",
        issued_on="/body/documents/*/issue_date",
        title="/body/documents/*/title",
    ),
    "followup_record": Citing(
        "/body/related_doc_no",
        "V01",
        frozenset(
            {
                "advice",
                "reminder",
                "interview_notice",
                "interview_record",
                "no_penalty_decision",
                "termination_notice",
                "commitment",
                "public_service_offset",
                "credit_repair_notice",
            }
        ),
    ),
    "interview_record": Citing(
        "/body/notice/doc_no", "I02", frozenset({"interview_notice"}), "/body/notice/issued_on"
    ),
    "no_penalty_decision": Citing("/body/commitment_doc_no", "NP13", frozenset({"commitment"})),
    "termination_notice": Citing(
        "/body/measure/doc_no",
        "T02",
        frozenset(
            {"advice", "reminder", "interview_notice", "interview_record", "commitment", "public_service_offset"}
        ),
    ),
    # Penalties are decided elsewhere: a number of ours is another kind of document, whichever it is.
    "credit_repair_notice": Citing("/body/penalty_doc_no", "X02", frozenset(), "/body/penalty_decided_on"),
}

# A measure of type "interview" may be cited by its notice or its record.
INTERVIEW: Final = frozenset({"interview_notice", "interview_record"})

LOOKS_LIKE_NUMBER: Final = re.compile(r"[〔〕\[\]［］【】（(]\s*[0-9０-９]{2,4}\s*[〔〕\[\]［］【】）)]|号$")


def references_in(case: Mapping[str, Any], known_types: Mapping[str, Citing] = CITING) -> list[str]:
    """Numbers of earlier documents that the case cites, as written, for the use case to look up."""
    citing = known_types.get(str(case.get("doc_type")))
    values: list[Any] = [case] if citing else []
    for step in citing.pointer.split("/")[1:] if citing else ():
        values = [inner for value in values for inner in _under(value, step)]
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


def _under(value: Any, step: str) -> list[Any]:
    if step == "*":
        return value if isinstance(value, list) else []
    return [value.get(step)] if isinstance(value, Mapping) else []


def _citings(facts: Facts) -> list[Citing]:
    """Where this case cites documents: one place each."""
    citing = CITING.get(facts.doc_type)
    if citing is None or "*" not in citing.pointer:
        return [citing] if citing else []
    among = len(facts.items(citing.pointer.partition("/*")[0]))
    return [_nth(citing, str(i)) for i in range(among)]


def _nth(citing: Citing, n: str) -> Citing:
    return dataclasses.replace(
        citing,
        pointer=citing.pointer.replace("*", n),
        issued_on=citing.issued_on and citing.issued_on.replace("*", n),
        title=citing.title and citing.title.replace("*", n),
    )


def numbers_in_form(facts: Facts) -> Iterator[Finding]:
    """G04: numbers of cited documents are in the form of GB/T 9704-2012 7.2.5, and of no later year."""
    issued_on = {citing.pointer: citing.issued_on for citing in _citings(facts)}
    places = list(issued_on)
    # A case number or a policy may be cited in other ways (a platform's code, a title): only what is written like
    # a document number is held to the form of one.
    places += [p for p in ("/case/case_no", "/body/basis/doc") if LOOKS_LIKE_NUMBER.search(facts.text(p))]
    entries = (f"/body/items/{i}/doc_no" for i in range(len(facts.items("/body/items"))))
    places += [p for p in entries if LOOKS_LIKE_NUMBER.search(facts.text(p))]
    for pointer in places:
        if not (text := facts.raw(pointer)).strip():
            continue
        number = DocNumber.parse(text)
        if number is None:
            yield fault(
                "G04",
                pointer,
                "文号应当写作“机关代字〔年份〕序号号”：六角括号，不加“第”，不编虚位",
                "a number is written word〔year〕n号: hexagonal brackets, no 第, no leading zero",
            )
        elif facts.in_order and number.year > facts.issue.year:
            yield fault("G04", pointer, "文号的年份晚于本文书", "the number's year is later than this document")
        elif _year_disagrees(facts, pointer, issued_on.get(pointer), number):
            yield fault(
                "G04", pointer, "文号的年份与该文书的日期不符", "the number's year does not fit its document's date"
            )


def _year_disagrees(facts: Facts, pointer: str, issued_on: str | None, number: DocNumber) -> bool:
    if pointer == "/body/penalty_doc_no":
        decided, found = facts.day("/body/penalty_decided_on"), facts.day("/case/discovered_on")
        in_order = decided is not None and found is not None and found <= decided <= facts.issue
        return facts.in_order and in_order and decided is not None and number.year != decided.year
    if issued_on:
        issued = facts.day(issued_on)
        return issued is not None and issued <= facts.issue and number.year != issued.year
    if pointer == "/body/commitment_doc_no":  # a commitment follows the violation that it is about
        violated = facts.day("/case/violation_on")
        return facts.in_order and violated is not None and number.year < violated.year
    return False


def agrees_with_issued(facts: Facts) -> Iterator[Finding]:
    """I02, NP13, T02, D02 or V01 where a cited document of this service is voided, another agency's, another
    party's, of another kind or differently dated; a warning REF where the service did not issue it, or issued it
    under another action code (cases are joined and split).
    """
    for citing in _citings(facts):
        if DocNumber.parse(facts.text(citing.pointer)):
            yield from _agrees(facts, citing)


def _agrees(facts: Facts, citing: Citing) -> Iterator[Finding]:
    text = facts.text(citing.pointer)
    issued = facts.known.references.get(text)
    if issued is None:
        yield doubt(
            "REF", citing.pointer, f"{text}不是本系统出具的文书，未能核对", "not issued by this service: unchecked"
        )
    elif issued.voided:
        yield fault(citing.rule, citing.pointer, f"{text}已作废，不能引用", "it was voided and can't be cited")
    elif differences := list(_differences(facts, citing, issued)):
        yield fault(
            citing.rule,
            citing.pointer,
            f"与本系统出具的{text}不一致：{'、'.join(zh for zh, _ in differences)}",
            f"disagrees with the document that this service issued: {', '.join(en for _, en in differences)}",
        )
    elif issued.action_code != facts.text("/action_code"):
        yield doubt(
            "REF",
            citing.pointer,
            f"{text}的行政行为码与本案不同，请核对",
            "issued under another action code: check it",
        )


def _differences(facts: Facts, citing: Citing, issued: Reference) -> Iterator[tuple[str, str]]:
    agency = facts.known.agency
    if issued.agency_id != facts.text("/agency") and not (agency and agency.name in issued.sealed_by):
        yield "机关", "agency"
    if not _fits(facts, citing, issued):
        yield "文书种类", "kind of document"
    if issued.party_name != facts.raw("/party/name"):
        yield "当事人", "party"
    if citing.issued_on and facts.day(citing.issued_on) != issued.issue_date:
        yield "成文日期", "issue date"
    elif issued.issue_date > facts.issue and facts.in_order:
        yield "成文日期晚于本文书", "dated after this document"


def _fits(facts: Facts, citing: Citing, issued: Reference) -> bool:
    if citing.title and issued.title not in facts.text(citing.title):
        return False
    return citing.kinds is None or issued.doc_type in _kinds(facts, citing.kinds)


def _kinds(facts: Facts, kinds: frozenset[str]) -> frozenset[str]:
    """The kinds that may be cited; a termination notice says which one it means."""
    measure = facts.raw("/body/measure/type")
    if not measure:
        return kinds
    return INTERVIEW if measure == "interview" else kinds & {measure}
