"""Accepted cases and filled Word files, made from the samples that stand beside the templates.

`uv run python -m tests.support.drafts` renews templates/<type>/golden/*.txt; read the difference before committing.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from docsvc.adapters.qr import SegnoCodes
from docsvc.adapters.template_folder import TemplateFolder
from docsvc.adapters.word import WordFiller
from docsvc.domain.agency import Agency
from docsvc.domain.case import Case
from docsvc.domain.document import Accepted, DocumentType, Filled
from docsvc.domain.joint import joint_agencies
from docsvc.domain.numbering import DocNumber
from docsvc.pipeline.convert import body_text
from docsvc.pipeline.render import render
from tests.support.scan_keys import scan_signer

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PUBLIC = "https://docsvc.example"


class AllFonts:
    """Font chains where every font has every character: for texts, not for looks."""

    def role(self, name: str) -> str | None:
        return name

    def family(self, role: str) -> tuple[str, bool]:
        return role, False

    def split(self, role: str, text: str) -> Sequence[tuple[str | None, str]]:
        return [(role, text)] if text else []


def samples() -> list[Path]:
    """Every accepted sample case, whichever type it is of."""
    return sorted(TEMPLATES.glob("*/cases/valid-*.json"))


def agencies() -> dict[str, Agency]:
    found = json.loads((TEMPLATES / "agencies.sample.json").read_text())
    return {entry["id"]: Agency.from_json(entry) for entry in found}


def doc_type(name: str) -> DocumentType:
    return TemplateFolder(TEMPLATES).get(name)


def accepted(path: Path, change: Callable[[dict[str, Any]], object] | None = None) -> Accepted:
    """The sample as intake hands it on, `change`d before where a test wants it otherwise."""
    data = copy.deepcopy(json.loads(path.read_text()))
    if change:
        change(data)
    registered = agencies()
    agency = registered[data["agency"]]
    number = DocNumber(agency.numbering[data["doc_type"]], int(data["issue_date"][:4]), 25)
    joint = joint_agencies(data, agency, registered.values()) or ()
    return Accepted(
        "00000000-0000-0000-0000-000000000000",
        Case.of(data),
        agency,
        number,
        doc_type(data["doc_type"]),
        joint,
    )


def sample(name: str, change: Callable[[dict[str, Any]], object] | None = None, number: int = 1) -> Accepted:
    """A sample by its type and number."""
    return accepted(TEMPLATES / name / "cases" / f"valid-{number}.json", change)


def filled(case: Accepted, filler: WordFiller) -> Filled:
    """Its Word file."""
    return render(case, filler, SegnoCodes(), scan_signer(), PUBLIC)


def golden(path: Path) -> Path:
    """Where the golden text of a sample stands."""
    return path.parent.parent / "golden" / f"{path.stem}.txt"


def drafts(filler: WordFiller) -> Iterator[tuple[Path, str]]:
    """Each sample with the text of its filled Word file."""
    for path in samples():
        yield path, body_text(filled(accepted(path), filler).docx)


def main() -> None:
    for path, text in drafts(WordFiller(AllFonts())):
        golden(path).parent.mkdir(exist_ok=True)
        golden(path).write_text(text)


if __name__ == "__main__":
    main()
