"""The sample cases of templates/, one fact changed, and what schema and rules say of them."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docsvc.adapters.case_schema import JsonSchemaCheck
from docsvc.adapters.template_folder import TemplateFolder
from docsvc.domain.agency import Agency
from docsvc.domain.errors import Finding
from docsvc.domain.laws import Laws
from docsvc.domain.measures import Measures
from docsvc.domain.plain_language import PlainLanguage
from docsvc.domain.rules.catalogue import Known, check_case

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
TODAY = dt.date(2026, 11, 22)
TYPES = (
    "advice",
    "reminder",
    "interview_notice",
    "interview_record",
    "no_penalty_decision",
    "termination_notice",
    "commitment",
    "delivery_receipt",
    "followup_record",
    "public_service_offset",
    "credit_repair_notice",
    "archive_index",
)
ABSENT = object()  # as a new value: the member is taken out

CHECK = JsonSchemaCheck()
FOLDER = TemplateFolder(TEMPLATES)


@functools.cache
def laws() -> Laws:
    return Laws.from_mapping(tomllib.loads((TEMPLATES / "laws.toml").read_text("utf-8")))


@functools.cache
def measures() -> Measures:
    return Measures.from_mapping(tomllib.loads((TEMPLATES / "measures.toml").read_text("utf-8")))


@functools.cache
def language() -> PlainLanguage:
    return PlainLanguage.from_mapping(tomllib.loads((TEMPLATES / "plain_language.toml").read_text("utf-8")))


def agencies() -> list[dict[str, Any]]:
    return json.loads((TEMPLATES / "agencies.sample.json").read_text("utf-8"))


@functools.cache
def registry() -> dict[str, Agency]:
    return {a["id"]: Agency.from_json(a) for a in agencies()}


def sample(doc_type: str, n: int = 1) -> dict[str, Any]:
    return json.loads((TEMPLATES / doc_type / "cases" / f"valid-{n}.json").read_text("utf-8"))


def changed(case: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with other values at some places, written as pointers without the leading slash."""
    new = copy.deepcopy(dict(case))
    for place, value in changes.items():
        *way, last = (int(s) if s.isdigit() else s for s in place.split("/"))
        at = functools.reduce(lambda x, step: x[step], way, new)
        if value is ABSENT:
            del at[last]
        else:
            at[last] = value
    return new


def known(case: Mapping[str, Any], **more: Any) -> Known:
    gathered = {
        "today": TODAY,
        "agency": registry().get(case["agency"]) if isinstance(case["agency"], str) else None,
        "manifest": FOLDER.get(case["doc_type"]).manifest,
        "laws": laws(),
        "measures": measures(),
        "language": language(),
        "registered": list(registry().values()),
    }
    return Known(**{**gathered, **more})


def judged(case: Mapping[str, Any], **more: Any) -> list[Finding]:
    """As intake asks: the schema, and the rules only where it found nothing."""
    faults = CHECK.check(FOLDER.get(case["doc_type"]).schema, case)
    return faults or check_case(case, known(case, **more))


def broken(case: Mapping[str, Any], **more: Any) -> set[str]:
    """Ids of the rules that the case breaks."""
    return {f.rule for f in judged(case, **more) if f.severity == "error"}


def warned(case: Mapping[str, Any], **more: Any) -> set[str]:
    """Ids of the warnings."""
    return {f.rule for f in judged(case, **more) if f.severity == "warning"}
