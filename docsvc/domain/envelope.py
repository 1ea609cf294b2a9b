"""Envelopes: who signs a document beside the agency, in which order, where, and what each has to give."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.errors import Finding

OFFICERS: Final = 2  # 行政处罚法 第42条
CALLED: Final = re.compile(r"(.+?)(?=签名|[（(：:]|$)")


class Role(enum.StrEnum):
    """Who signs. The agency's seal always comes last and needs no rule."""

    PARTY = "party"
    WITNESS = "witness"
    OFFICER = "officer"
    RECORDER = "recorder"


OF_THE_AGENCY: Final = frozenset({Role.OFFICER, Role.RECORDER})


class Needs(enum.StrEnum):
    """What a signature takes. A mark made by hand alone is sealed at once by the service's own certificate."""

    CERTIFICATE = "certificate"
    HANDWRITING = "handwriting"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class SignatureRule:
    """[[signatures]] of a manifest, in the order of signing.

    `person` is a path into the case: an object with `name` (and `cert_no`), a name, or a list of such, each with a
    signature of its own; of `one or another` the first that names anybody. `anchor` is the label in the template
    behind which they sign, as `label_pattern` reads it; `every_page` that of the line at the foot of each page. The
    rule holds only where `when` does and `unless` does not: a path at which something stands (`body.refused`), or
    stands one of some values (`body.way = onsite, phone`).
    """

    role: Role
    needs: Needs
    person: str
    anchor: str
    every_page: str = ""
    when: str = ""
    unless: str = ""


@dataclass(frozen=True, slots=True)
class Signatory:
    """One who has to sign: `field` is the signature field's name, `nth` (from 0) which of the equal anchors."""

    field: str
    role: Role
    needs: Needs
    name: str
    cert_no: str | None
    anchor: str
    nth: int = 0
    every_page: str = ""


def label_pattern(anchor: str) -> re.Pattern[str]:
    """The label that an anchor means, without spaces.

    It is the anchor itself, or else the anchor with a bracket and a colon after it: what stands in the bracket may
    differ from case to case, and a label in a table's cell has no colon.
    """
    return re.compile(re.escape("".join(anchor.split())) + r"(?:（[^（）]*）)?：?")


def signatories(rules: Sequence[SignatureRule], case: Mapping[str, Any]) -> tuple[Signatory, ...]:
    """Who has to sign the document of `case` before the agency seals it, in order."""
    found: list[Signatory] = []
    for rule in rules:
        if (rule.when and not _holds(case, rule.when)) or (rule.unless and _holds(case, rule.unless)):
            continue
        for nth, person in enumerate(_named(case, persons(rule))):
            earlier = sum(s.role is rule.role for s in found)
            found.append(
                Signatory(
                    field=rule.role.capitalize() + (str(earlier + 1) if earlier else ""),
                    role=rule.role,
                    needs=rule.needs,
                    name=str(person["name"]),
                    cert_no=person.get("cert_no"),
                    anchor=rule.anchor,
                    nth=nth,
                    every_page=rule.every_page,
                )
            )
    return tuple(found)


def called(anchor: str) -> str:
    """What the document calls those who sign behind a label: 约谈人, where it is 约谈人（签名）："""
    found = CALLED.match(anchor)
    return found[1] if found else anchor


def persons(rule: SignatureRule) -> list[str]:
    """The paths of `rule.person`."""
    return [path.strip() for path in rule.person.split(" or ")]


def asked(condition: str) -> tuple[str, frozenset[str]]:
    """The path of a condition, and the values that it asks for; none where anything will do."""
    path, _, values = condition.partition("=")
    return path.strip(), frozenset(value.strip() for value in values.split(",") if value.strip())


def _holds(case: Mapping[str, Any], condition: str) -> bool:
    path, values = asked(condition)
    found = _at(case, path)
    return found in values if values and isinstance(found, str) else bool(found) and not values


def _named(case: Mapping[str, Any], paths: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return next((found for path in paths if (found := list(_people(_at(case, path))))), ())


def unfit(rules: Sequence[SignatureRule], case: Mapping[str, Any]) -> Iterator[Finding]:
    """Why a case can't go round: nobody signs it, or one of the agency's people is known by a name alone.

    Another person of that name, with a certificate of their own, could sign in their place.
    """
    if not signatories(rules, case):
        yield Finding(
            "SIGNING",
            "",
            "此文书没有规定由谁签名，或者本案没有应当签名的人，不能以envelope方式签署",
            "its manifest names nobody who signs this case: signing=envelope is not possible",
        )
    for rule in rules:
        for who in signatories([rule], case):
            if who.role in OF_THE_AGENCY and who.needs is not Needs.HANDWRITING and not who.cert_no:
                yield Finding(
                    "SIGNING",
                    "/" + next(p for p in persons(rule) if _named(case, [p])).replace(".", "/"),
                    f"{who.name}以证书签名，须写明执法证件号",
                    f"{who.name} signs by certificate: the number of their enforcement certificate is needed",
                )


def _at(case: Mapping[str, Any], path: str) -> Any:
    value: Any = case
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _people(value: Any) -> Iterable[Mapping[str, Any]]:
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, Mapping) and one.get("name"):
            yield one
        elif isinstance(one, str) and one:
            yield {"name": one}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page (from 0), in PDF points from its lower left corner."""

    page: int
    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Blank:
    """Where one signs: `boxes[0]` is the field's own; the others, one a page, get the same mark as page content in
    the same revision, which must then be the first.
    """

    field: str
    described: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a signature shows: a picture by hand (PNG), and lines of text under or instead of it."""

    picture: bytes | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signature that only lacks its value.

    `update` follows the bytes of the revision that it was prepared for, its room still empty. `content_digest` is
    that of the byte range. What is signed are the attributes `to_be_signed` (DER SET OF, RFC 5652, 5.4), with the
    digest and algorithm named; `chain` is DER certificates, the signer's own first.
    """

    update: bytes
    field: str
    content_digest: bytes
    to_be_signed: bytes
    digest_algorithm: str  # e.g. sha256
    signature_algorithm: str  # e.g. sha256_rsa, as asn1crypto names it
    chain: tuple[bytes, ...]
    at: dt.datetime
