"""Rules about the documents that a case cites by number: form (G04), agreement with what this service issued."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.errors import Finding
from docsvc.domain.numbering import DocNumber
from docsvc.domain.rules.rule import Facts, Reference, doubt, fault


@dataclass(frozen=True, slots=True)
class Citing:
    """Where a type of document cites an earlier one: the rule that it breaks when the two disagree, the kinds of
    document that may stand there, and where the case repeats its issue date.
    """

    pointer: str
    rule: str
    kinds: frozenset[str]
    issued_on: str | None = None


CITING: Final[Mapping[str, Citing]] = {
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
    value: Any = case
    citing = known_types.get(str(case.get("doc_type")))
    for step in citing.pointer.split("/")[1:] if citing else ("",):
        value = value.get(step) if isinstance(value, Mapping) else None
    return [value.strip()] if isinstance(value, str) and value.strip() else []


def numbers_in_form(facts: Facts) -> Iterator[Finding]:
    """G04: numbers of cited documents are in the form of GB/T 9704-2012 7.2.5, and of no later year."""
    citing = CITING.get(facts.doc_type)
    places = [citing.pointer] if citing else []
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
        elif _year_disagrees(facts, pointer, number):
            yield fault(
                "G04", pointer, "文号的年份与该文书的日期不符", "the number's year does not fit its document's date"
            )


def _year_disagrees(facts: Facts, pointer: str, number: DocNumber) -> bool:
    if pointer == "/body/notice/doc_no":
        issued = facts.day("/body/notice/issued_on")
        return issued is not None and issued <= facts.issue and number.year != issued.year
    if pointer == "/body/penalty_doc_no":
        decided, found = facts.day("/body/penalty_decided_on"), facts.day("/case/discovered_on")
        in_order = decided is not None and found is not None and found <= decided <= facts.issue
        return facts.in_order and in_order and decided is not None and number.year != decided.year
    if pointer == "/body/commitment_doc_no":  # a commitment follows the violation that it is about
        violated = facts.day("/case/violation_on")
        return facts.in_order and violated is not None and number.year < violated.year
    return False


def agrees_with_issued(facts: Facts) -> Iterator[Finding]:
    """I02, NP13 or T02 where a cited document of this service is voided, another agency's, another party's, of
    another kind or differently dated; a warning REF where the service did not issue it, or issued it under another
    action code (cases are joined and split).
    """
    citing = CITING.get(facts.doc_type)
    if citing is None or DocNumber.parse(facts.text(citing.pointer)) is None:
        return
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
    if issued.agency_id != facts.text("/agency"):
        yield "机关", "agency"
    if issued.doc_type not in _kinds(facts, citing):
        yield "文书种类", "kind of document"
    if issued.party_name != facts.raw("/party/name"):
        yield "当事人", "party"
    if citing.issued_on and facts.day(citing.issued_on) != issued.issue_date:
        yield "成文日期", "issue date"
    elif issued.issue_date > facts.issue and facts.in_order:
        yield "成文日期晚于本文书", "dated after this document"


def _kinds(facts: Facts, citing: Citing) -> frozenset[str]:
    """The kinds that may be cited; a termination notice says which one it means."""
    measure = facts.raw("/body/measure/type")
    if not measure:
        return citing.kinds
    return INTERVIEW if measure == "interview" else citing.kinds & {measure}
