"""From an accepted case to the words of its document: the context that a Word template is filled with.

What all documents say is here; what each type says in its `body` is in the module of its family.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from docsvc.domain.document import Accepted, Signing
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.joint import arrange
from docsvc.domain.phrases import date, person
from docsvc.domain.shapes import Path
from docsvc.domain.wording.archive import archive_index
from docsvc.domain.wording.blocks import case_rows, copies_note, delivery_rows, info_rows, officer_rows, party_rows
from docsvc.domain.wording.decisions import no_penalty_decision
from docsvc.domain.wording.fields import FIELDS, fields, fields_of, filled
from docsvc.domain.wording.guidance import advice, interview_notice, reminder
from docsvc.domain.wording.notices import credit_repair_notice, termination_notice
from docsvc.domain.wording.records import delivery_receipt, followup_record, interview_record
from docsvc.domain.wording.undertakings import commitment, public_service_offset

# Characters of a name that can stand centred over a date which itself ends four characters from the right edge
# (GB/T 9704-2012 7.3.5.1), and that half of the type area (28 characters) more or less can hold.
SHORT_NAME, LONG_NAME = 15, 21
HALF_A_LINE = 14

DATE_BLANK: Final = "　　年　　月　　日"

UNPRINTED: Final = frozenset({"schema", "doc_type", "agency"})  # what the service reads and no document says
OTHERWISE: Final = {  # another day or moment than any case's, by the form of the case's own
    "0000-00-00": "1901-02-03",
    "0000-00-00T00:00": "1901-02-03T04:05",
    "0000-00-00T00:00:00": "1901-02-03T04:05:06",
}


def context(accepted: Accepted) -> dict[str, Any]:
    """Everything that a template may name: what is worded for it, and `fields`, the case as its schema names it."""
    return {**worded(accepted), FIELDS: fields(accepted.doc_type.schema, accepted.case.data)}


def worded(accepted: Accepted) -> dict[str, Any]:
    """What our wording makes of the case. Texts are ready to print; lists are lists of texts or rows.

    Keys common to all types: title, agency, number, action_code, date, you, party, officers, case, signoff
    ("short", "long", "wide" or "joint"), joint (lines of a sign-off of several agencies), copies_note, sign_date
    (the day to fill in by hand; empty where signatures show their own), info (rows of the 文书信息表), delivery
    (rows), electronic (bool), test_data (bool), people (their names); `body` differs by type. Raises
    TemplateFaultError for a type or a code that has no wording.
    """
    if accepted.case.doc_type not in BODIES:
        raise TemplateFaultError(f"文书种类 {accepted.case.doc_type} 没有成文用语")
    told = dataclasses.replace(accepted.case, data=_told(accepted.case.data))
    try:
        return _worded(dataclasses.replace(accepted, case=told))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        # The rules refuse such a case; this is for one that a changed template or schema let through.
        raise TemplateFaultError(f"{accepted.case.doc_type} 的案件缺少成文所需的内容：{e}") from e


def _told(value: Any) -> Any:
    """`value` without its null members: null says no more than absence."""
    if isinstance(value, Mapping):
        return {key: _told(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value if item is not None]
    return value


def _worded(accepted: Accepted) -> dict[str, Any]:
    data = accepted.case.data
    manifest, agency, party = accepted.doc_type.manifest, accepted.agency, data["party"]
    return {
        "title": manifest.title_of(data["body"]),
        "agency": {
            "name": agency.name,
            "address": agency.address,
            "postcode": agency.postcode,
            "phone": agency.phone,
        },
        "number": accepted.number.text,
        "action_code": accepted.case.action_code,
        "date": date(accepted.case.issue_date),
        "test_data": accepted.case.is_test,
        "you": _you(party),
        "party": {"name": party["name"], "rows": party_rows(party)},
        "officers": [person(officer) for officer in data["officers"]],
        "officer_rows": officer_rows(data),
        "case": _case(data["case"]),
        "delivery": delivery_rows(party),
        "electronic": bool(party["e_delivery"]["agreed"]),
        "signoff": "joint" if accepted.joint else _signoff(agency.name),
        "joint": _joint(accepted),
        "copies_note": copies_note(data.get("copies") or manifest.copies),
        "sign_date": DATE_BLANK if accepted.signing is Signing.SEAL else "",
        "info": info_rows(accepted),
        "people": people(data),
        "body": BODIES[accepted.case.doc_type](data["body"], accepted),
    }


def unworded(accepted: Accepted) -> set[Path]:
    """Texts of this case, as paths of its schema, that our wording passes over: with others it says the same."""
    data, before = accepted.case.data, worded(accepted)
    known = fields_of(accepted.doc_type.schema)
    texts = {path for path in filled(accepted.doc_type.schema, data) if known[path].free}

    def says_the_same(path: Path) -> bool:
        case = dataclasses.replace(accepted.case, data=_otherwise(data, path))
        try:
            return worded(dataclasses.replace(accepted, case=case)) == before
        except TemplateFaultError:
            return False

    return {path for path in texts if path[0] not in UNPRINTED and says_the_same(path)}


def _otherwise(value: Any, path: Path) -> Any:
    """`value` with another one at this place."""
    match value:
        case Mapping() if path and path[0] in value:
            return {**value, path[0]: _otherwise(value[path[0]], path[1:])}
        case list() | tuple() if path:
            return [_otherwise(item, path[1:]) for item in value]
        case int() if not path:
            return value + 1
        case str() if not path:
            return OTHERWISE.get(re.sub(r"\d", "0", value), f"{value}某")
        case _:
            return value


def people(data: Mapping[str, Any]) -> list[str]:
    """Names of the people whom a case names, once each; not those that take more than half a line."""
    party, body = data["party"], data["body"]
    many = (*data["officers"], *body.get("interviewers", ()), *body.get("deliverers", ()))
    single = (body.get(key, {}) for key in ("interviewee", "recorder", "contact", "signer"))
    remarks = body.get("remarks") if isinstance(body.get("remarks"), Mapping) else {}  # a receipt's are a text
    names = [
        *([party["name"]] if party["type"] == "natural_person" else []),
        *(party.get(key) for key in ("legal_rep", "operator")),
        *(one.get("name") for one in (*many, *single)),
        body.get("guardian_order", {}).get("guardian"),
        body.get("signatures", {}).get("witness"),
        body.get("detail", {}).get("signer"),
        body.get("visited_person"),
        body.get("service", {}).get("certifier"),
        *(remarks.get(key) for key in ("filed_by", "checked_by")),
    ]
    return [name for name in dict.fromkeys(names) if name and len(name) <= HALF_A_LINE]


def _you(party: Mapping[str, Any]) -> str:
    return {"natural_person": "你", "individual_business": "你（单位）"}.get(party["type"], "你单位")


def _joint(accepted: Accepted) -> list[dict[str, Any]]:
    """The sign-off of several agencies, line by line; nothing where one signs."""
    if not accepted.joint:
        return []
    printed = arrange(accepted.joint).printed(date(accepted.case.issue_date))
    return [{"kind": kind, "cells": list(cells)} for kind, cells in printed]


def _signoff(name: str) -> str:
    return "short" if len(name) <= SHORT_NAME else "long" if len(name) <= LONG_NAME else "wide"


def _case(case: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "case_no": case["case_no"],
        "name": case["name"],
        "source": case["source"],
        "discovered_on": date(case["discovered_on"]),
        "filed_on": date(case.get("filed_on")),
        "violation_on": date(case.get("violation_on")),
        "place": case.get("place") or "",
        "rows": case_rows(case),
    }


BODIES: Final[Mapping[str, Callable[[Mapping[str, Any], Accepted], dict[str, Any]]]] = {
    "advice": advice,
    "archive_index": archive_index,
    "commitment": commitment,
    "credit_repair_notice": credit_repair_notice,
    "delivery_receipt": delivery_receipt,
    "followup_record": followup_record,
    "interview_notice": interview_notice,
    "interview_record": interview_record,
    "no_penalty_decision": no_penalty_decision,
    "public_service_offset": public_service_offset,
    "reminder": reminder,
    "termination_notice": termination_notice,
}
