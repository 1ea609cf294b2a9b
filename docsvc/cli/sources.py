"""Where `docsvc issue` takes its cases from: a file a case, or a row of a file of many; and how it names each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from docsvc.bootstrap import Service
from docsvc.domain.errors import CaseRefusedError, DocsvcError, Finding
from docsvc.domain.table import Row

MANY: Final = frozenset({".jsonl", ".ndjson", ".csv", ".xlsx"})


@dataclass(frozen=True, slots=True)
class Source:
    """One case: the file, and the row where the file has many."""

    path: Path
    row: Row | None = None

    @property
    def name(self) -> str:
        return self.path.name if self.row is None else f"{self.path.name} {self.row.number}"

    def read(self) -> Any:
        """The case JSON. Raises CaseRefusedError."""
        from docsvc.usecases.intake import read_case

        if self.row is None:
            return read_case(self.path.read_bytes())
        if self.row.faults:
            raise CaseRefusedError(self.row.faults)
        return self.row.case

    def members(self) -> dict[str, Any]:
        """What names it in JSON."""
        return {"case": str(self.path)} | ({} if self.row is None else {"row": self.row.number})

    def line(self, finding: Finding) -> str:
        """A finding for people."""
        both = (
            finding.message
            if finding.message == finding.message_en
            else f"{finding.message} ({finding.message_en})"
        )
        where, what = str(self.path), finding.pointer or "/"
        if self.row is not None:
            place = self.row.place(finding.pointer)
            column = place.column if place else None
            what = (place.path if place else None) or what
            chinese = f"第{self.row.number}行" + (f"{column}列" if column else "")
            english = f"row {self.row.number}" + (f", column {column}" if column else "")
            where = f"{where}: {chinese} {english}"
        return f"{where}: {finding.rule} {what} {both}"

    def error(self, finding: Finding) -> dict[str, Any]:
        """A finding in JSON."""
        place = None if self.row is None else self.row.place(finding.pointer)
        where = {} if place is None else {"column": place.column, "path": place.path}
        said = {"message": finding.message, "message_en": finding.message_en}
        return {"rule": finding.rule, "pointer": finding.pointer, **where, **said}


def sources_of(service: Service, paths: Sequence[Path]) -> Sequence[Source]:
    """All cases of the files, in order. Raises TableRefusedError where a file of many can't be read."""
    found: list[Source] = []
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in MANY:
            found += (Source(path, row) for row in service.read_batch(suffix, path.read_bytes()))
        else:
            found.append(Source(path))
    return found


def tell_refusal(source: Source, error: DocsvcError, *, as_json: bool) -> None:
    """Every finding of a refused case: JSON on standard output, lines on standard error."""
    findings = (
        error.findings
        if isinstance(error, CaseRefusedError)
        else (Finding(error.kind.upper(), "", str(error), str(error)),)
    )
    if as_json:
        errors = [source.error(f) for f in findings]
        click.echo(json.dumps({**source.members(), "errors": errors}, ensure_ascii=False))
        return
    for f in findings:
        click.echo(source.line(f), err=True)
