"""Rules about the party's identity: codes, numbers and which fields its kind has (G02, G03, G06)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.identity import RESIDENT_ID, Resident, is_certificate, is_uscc, read_resident_id
from docsvc.domain.rules.rule import Facts, fault
from docsvc.domain.rules.wording import has_placeholder

INDIVIDUAL_BUSINESS: Final = "92"  # GB 32100: registered by market supervision, individual business
GENDERS: Final = {"男": "男", "女": "女", "male": "男", "female": "女"}


@dataclass(frozen=True, slots=True)
class Kind:
    """Fields that a kind of party must have, and those that it can't have."""

    name: str
    needs: tuple[str, ...]
    has_not: tuple[str, ...]


REPRESENTATIVE: Final = ("legal_rep", "legal_rep_id_type", "legal_rep_id_no")
OPERATOR: Final = ("operator", "operator_id_type", "operator_id_no")
PERSON: Final = ("id_type", "id_no", "gender", "birth")

KINDS: Final = {
    "enterprise": Kind("企业", ("uscc", "legal_rep"), (*OPERATOR, *PERSON)),
    "other_org": Kind("其他组织", ("uscc", "legal_rep"), (*OPERATOR, *PERSON)),
    "individual_business": Kind("个体工商户", ("uscc", "operator"), (*REPRESENTATIVE, *PERSON)),
    "natural_person": Kind("自然人", ("id_type", "id_no"), ("uscc", *REPRESENTATIVE, *OPERATOR)),
}

# Who somebody says to be, and where the party's own block names that person.
CAPACITIES: Final = {"法定代表人": "legal_rep", "经营者": "operator", "本人": "name"}

# Where identity numbers stand: number, its kind of certificate.
ID_NUMBERS: Final = (
    ("/party/id_no", "/party/id_type"),
    ("/party/legal_rep_id_no", "/party/legal_rep_id_type"),
    ("/party/operator_id_no", "/party/operator_id_type"),
)


def kind_has_its_fields(facts: Facts) -> Iterator[Finding]:
    """G06: the party has the fields of its kind and no others."""
    kind = KINDS.get(facts.raw("/party/type"))
    if kind is None:
        yield fault(
            "G06", "/party/type", f"当事人类型须为：{'、'.join(KINDS)}", f"must be one of: {', '.join(KINDS)}"
        )
        return
    wrong = [n for n in kind.needs if not facts.text(f"/party/{n}")]
    wrong += [n for n in kind.has_not if facts.text(f"/party/{n}")]
    if wrong:  # one fault, one finding: a wrong type makes many fields wrong at once
        fields = "、".join(wrong)
        yield fault(
            "G06",
            f"/party/{wrong[0]}" if len(wrong) == 1 else "/party/type",
            f"当事人类型为{kind.name}，下列各项缺少或者不应出现：{fields}",
            f"fields that a party of this type lacks or can't have: {', '.join(wrong)}",
        )
    elif is_uscc(facts.text("/party/uscc")) and facts.text("/party/uscc").startswith(INDIVIDUAL_BUSINESS) != (
        facts.raw("/party/type") == "individual_business"
    ):
        yield fault(
            "G06",
            "/party/uscc",
            "统一社会信用代码的类别（92为个体工商户）与当事人类型不符",
            "the code's class (92: individual business) does not fit the type of party",
        )


def uscc_is_right(facts: Facts) -> Iterator[Finding]:
    """G02: the unified social credit code has 18 characters of GB 32100 and its check character is right."""
    code = facts.raw("/party/uscc")
    if code.strip() and not is_uscc(code) and not _can_have_no(facts, "uscc"):
        yield fault(
            "G02",
            "/party/uscc",
            "统一社会信用代码的格式或者校验码有误（GB 32100）",
            "not a unified social credit code: form or check character (GB 32100)",
        )


def identity_numbers_are_right(facts: Facts) -> Iterator[Finding]:
    """G03: identity numbers have form, date and check character of GB 11643, and agree with birth and gender."""
    for number_at, type_at in ID_NUMBERS:
        number = facts.raw(number_at)
        if not number.strip() or _can_have_no(facts, number_at.rpartition("/")[2]):
            continue
        if facts.text(type_at) not in ("", RESIDENT_ID):
            if not is_certificate(number):
                yield fault("G03", number_at, "证件号码的长度或者字符有误", "not the number of a certificate")
            continue
        resident = read_resident_id(number)
        if resident is None or _born_too_late(facts, resident.birth):
            yield _wrong_number(number_at)
        elif number_at == "/party/id_no":
            yield from _person_agrees(facts, resident)
    if facts.doc_type == "interview_record" and (number := facts.raw("/body/interviewee/id_no")):
        resident = read_resident_id(number)
        looks_resident = len(number) == len("330999199211059036")
        if resident is None and (looks_resident or not is_certificate(number)):
            yield _wrong_number("/body/interviewee/id_no")


def contradicts_party(facts: Facts, name_at: str, capacity_at: str) -> bool:
    """Whether someone is said to be the party, its representative or its operator under another name than theirs.

    Names that can't be read are left to the rules that say so.
    """
    field = CAPACITIES.get(facts.text(capacity_at))
    if field == "name" and facts.text("/party/operator"):
        field = "operator"
    names = (facts.text(name_at), facts.text(f"/party/{field}") if field else "")
    unreadable = any(has_placeholder(n) or not n.isprintable() or facts.known.undrawable(n) for n in names)
    return all(names) and not unreadable and names[0] != names[1]


def _can_have_no(facts: Facts, name: str) -> bool:
    """Whether G06 already says that this kind of party has no such field."""
    kind = KINDS.get(facts.raw("/party/type"))
    return kind is None or name in kind.has_not


def _born_too_late(facts: Facts, birth: dt.date) -> bool:
    """Whether the holder would be born after the violation and after the issue date, whichever is later."""
    return birth > max(facts.issue, facts.day("/case/violation_on") or facts.issue)


def _person_agrees(facts: Facts, resident: Resident) -> Iterator[Finding]:
    birth, gender = facts.day("/party/birth"), facts.text("/party/gender")
    if birth and birth != resident.birth:
        yield fault(
            "G03", "/party/birth", "出生日期与居民身份证号码不一致", "birth differs from the identity number"
        )
    elif gender and GENDERS.get(gender) != resident.gender:
        yield fault("G03", "/party/gender", "性别与居民身份证号码不一致", "gender differs from the identity number")


def _wrong_number(pointer: str) -> Finding:
    return fault(
        "G03",
        pointer,
        "居民身份证号码的格式、出生日期或者校验码有误（GB 11643）",
        "not a resident identity number: form, date of birth or check character (GB 11643)",
    )
