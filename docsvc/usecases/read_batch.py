"""Read a file of many cases (JSON lines, CSV, XLSX): each row's case, or what is wrong with the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from docsvc.domain.errors import CaseRefusedError, TableRefusedError, TableTooLargeError
from docsvc.domain.table import MOST_ROWS, Row, columns_of, rows_of
from docsvc.ports import Tables, Templates
from docsvc.usecases.intake import read_case

LINES: Final = (".jsonl", ".ndjson")
LARGEST: Final = 256 << 20  # bytes of a file of JSON lines


def read_batch(suffix: str, raw: bytes, tables: Tables, templates: Templates) -> Sequence[Row]:
    """Rows in their order, 1 to 10,000. Raises TableRefusedError where the file as a whole can't be read."""

    def schema_of(doc_type: str) -> Mapping[str, Any] | None:
        return templates.get(doc_type).schema if doc_type in templates.names() else None

    rows = _json_lines(raw) if suffix in LINES else rows_of(tables.lines(suffix, raw), schema_of)
    if not rows:
        raise TableRefusedError("文件里没有一行案件；there is no case in the file")
    return rows


def blank_table(suffix: str, doc_type: str, tables: Tables, templates: Templates) -> bytes:
    """A table to fill in for one document type. Raises UsageError for an unknown type."""
    return tables.blank(suffix, columns_of(templates.get(doc_type).schema))


def _json_lines(raw: bytes) -> Sequence[Row]:
    if len(raw) > LARGEST:
        raise TableTooLargeError("文件过大，请分批提交；the file is too large, send it in parts")
    rows: list[Row] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if not line.strip():
            continue
        if len(rows) == MOST_ROWS:
            raise TableTooLargeError(f"超过{MOST_ROWS}行，请分批提交；more than {MOST_ROWS} rows")
        try:
            rows.append(Row(number, read_case(line)))
        except CaseRefusedError as e:
            rows.append(Row(number, None, e.findings))
    return rows
