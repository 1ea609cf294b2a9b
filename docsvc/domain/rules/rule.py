"""What a rule is, what it may know, and how it reads a case: the vocabulary that all rules share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from docsvc.domain.agency import Agency
from docsvc.domain.document import Manifest
from docsvc.domain.errors import Finding
from docsvc.domain.laws import Laws
from docsvc.domain.measures import Measures
from docsvc.domain.plain_language import PlainLanguage


@dataclass(frozen=True, slots=True)
class Reference:
    """A document that this service issued, as far as a later case may cite it."""

    doc_type: str
    agency_id: str
    action_code: str
    party_name: str
    issue_date: dt.date
    voided: bool = False
    title: str = ""
    e_agreed: bool = False  # the party had agreed to electronic delivery: so a decision names an internet channel


@dataclass(frozen=True, slots=True)
class Known:
    """What the use case gathered before it asked the rules.

    `today` is the date in Asia/Shanghai. `references` holds, by number text, those documents of this service that
    the case cites. `terminated` holds the numbers of measures that an earlier termination notice of the same case
    (agency and action code) has ended. `undrawable` gives the characters of a text that no font can draw.
    `committed` gives, for an item that this party has already made a commitment about to the same agency, that
    commitment's number; `delivered` the day on which a cited document was delivered, where a receipt tells it.
    `registered` holds the registry's agencies, where the case names others than the one that issues it.
    """

    today: dt.date
    agency: Agency | None
    manifest: Manifest
    laws: Laws
    references: Mapping[str, Reference] = field(default_factory=dict)
    undrawable: Callable[[str], Sequence[str]] = lambda _: ()
    terminated: frozenset[str] = frozenset()
    committed: Mapping[str, str] = field(default_factory=dict)
    delivered: Mapping[str, dt.date] = field(default_factory=dict)
    measures: Measures = field(default_factory=Measures)
    language: PlainLanguage = field(default_factory=PlainLanguage)
    registered: Sequence[Agency] = ()


@dataclass(frozen=True)
class Facts:
    """A case with what is known around it. Places are RFC 6901 pointers; what is absent reads as None or empty."""

    case: Mapping[str, Any]
    known: Known

    def at(self, pointer: str) -> Any:
        """The value at `pointer`, or None where there is none."""
        value: Any = self.case
        for step in pointer.split("/")[1:]:
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def text(self, pointer: str) -> str:
        """The text at `pointer` without surrounding space; empty where there is none."""
        value = self.at(pointer)
        return value.strip() if isinstance(value, str) else ""

    def raw(self, pointer: str) -> str:
        """The text at `pointer` as it is, for codes, where surrounding space is a fault."""
        value = self.at(pointer)
        return value if isinstance(value, str) else ""

    def items(self, pointer: str) -> list[Any]:
        value = self.at(pointer)
        return value if isinstance(value, list) else []

    def day(self, pointer: str) -> dt.date | None:
        """The date at `pointer`; of a date and time, its date."""
        moment = self.moment(pointer)
        return moment.date() if moment else None

    def moment(self, pointer: str) -> dt.datetime | None:
        """The local date and time at `pointer`; midnight where only a date stands there."""
        try:
            return dt.datetime.fromisoformat(self.text(pointer)).replace(tzinfo=None)
        except ValueError:
            return None

    def told(self, pointer: str) -> bool:
        """Whether plain true stands at `pointer`."""
        return self.at(pointer) is True

    @property
    def doc_type(self) -> str:
        return self.text("/doc_type")

    @cached_property
    def issue(self) -> dt.date:
        """The issue date; the schema has made sure that it is one."""
        return self.day("/issue_date") or dt.date.min

    @cached_property
    def in_order(self) -> bool:
        """Whether the issue date is neither in the future nor before the facts of the case.

        Where it is not, G05 or G07 says so; rules that count from the issue date then keep silent, so that one
        wrong date is one finding.
        """
        return self.issue <= self.known.today and not self.fact_dates_broken

    @cached_property
    def fact_dates_broken(self) -> bool:
        """Whether violation ≤ discovery ≤ filing ≤ issue does not hold."""
        days = [self.day(f"/case/{name}") for name in ("violation_on", "discovered_on", "filed_on")]
        present = [d for d in days if d is not None]
        return present != sorted(present) or self.latest_fact > self.issue

    @cached_property
    def latest_fact(self) -> dt.date:
        """The latest day of the case that its document must not precede: a commitment is made on the spot, and may
        precede the filing.
        """
        names = ("violation_on", "discovered_on", *(() if self.doc_type == "commitment" else ("filed_on",)))
        return max((d for n in names if (d := self.day(f"/case/{n}"))), default=dt.date.min)


Check = Callable[[Facts], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue. `types` is empty where it concerns every document type."""

    id: str
    meaning: str
    meaning_en: str
    check: Check
    types: frozenset[str] = frozenset()

    def concerns(self, doc_type: str) -> bool:
        return not self.types or doc_type in self.types


def fault(rule: str, pointer: str, message: str, message_en: str) -> Finding:
    """The case is refused."""
    return Finding(rule, pointer, message, message_en)


def doubt(rule: str, pointer: str, message: str, message_en: str) -> Finding:
    """The case is accepted, and somebody should look."""
    return Finding(rule, pointer, message, message_en, "warning")


def holidays_not_known(pointer: str, day: dt.date) -> Finding:
    """A count of working days left the years whose holidays have been published."""
    return doubt(
        "CALENDAR",
        pointer,
        f"{day.year}年的节假日安排未知，工作日按周一至周五计算，请核对",
        f"holidays of {day.year} are not known: counted Monday to Friday; please check",
    )
