"""Cases as rows of tables, written as a clerk's spreadsheet program writes them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from tests.support.workspace import CHECKOUT


def schema(doc_type: str) -> dict[str, Any]:
    return json.loads((CHECKOUT / "templates" / doc_type / "schema.json").read_text())


def row_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """Cells by path; lists of texts in one cell; null is an empty cell."""
    cells: dict[str, Any] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, Mapping):
            for name, part in value.items():
                walk(part, f"{path}.{name}" if path else name)
        elif isinstance(value, list) and not all(isinstance(item, str) for item in value):
            for n, item in enumerate(value, 1):
                walk(item, f"{path}.{n}")
        else:
            cells[path] = "\n".join(value) if isinstance(value, list) else value

    walk(case, "")
    del cells["schema"]
    return cells


def without_nulls(value: Any) -> Any:
    """The case without what it says is nothing, and without members in which nothing is left."""
    if isinstance(value, Mapping):
        said = {name: without_nulls(part) for name, part in value.items()}
        return {name: part for name, part in said.items() if part not in (None, {}, [])}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def table(cases: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Header and rows."""
    rows = [row_of(case) for case in cases]
    paths = list(dict.fromkeys(path for row in rows for path in row))
    return [paths, *([row.get(path) for path in paths] for row in rows)]


def xlsx(rows: Iterable[Sequence[Any]], formats: Mapping[str, str] | None = None) -> bytes:
    """A workbook; `formats` gives cells ("B2") number formats."""
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    for cell, number_format in (formats or {}).items():
        book.active[cell].number_format = number_format
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def fill_in(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """A generated workbook with these rows below its headings."""
    book = load_workbook(path)
    paths = [cell.value for cell in book.active[2]]
    for row in rows:
        book.active.append([row.get(name) for name in paths])
    book.save(path)
