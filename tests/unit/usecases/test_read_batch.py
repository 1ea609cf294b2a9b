from __future__ import annotations

import json

import pytest

from docsvc.adapters import sheets as sheets_module
from docsvc.adapters.sheets import Sheets
from docsvc.adapters.template_folder import TemplateFolder
from docsvc.domain.errors import TableRefusedError, UsageError
from docsvc.domain.table import MOST_ROWS
from docsvc.usecases import read_batch as read_batch_module
from docsvc.usecases.read_batch import blank_table, read_batch
from tests.support.drafts import TEMPLATES
from tests.support.tables import table, without_nulls, xlsx
from tests.support.workspace import case

FOLDER = TemplateFolder(TEMPLATES)


def read(suffix, raw):
    return read_batch(suffix, raw, Sheets(), FOLDER)


def test_json_lines_are_cases_and_a_bad_line_is_one_row():
    good = json.dumps(case("advice"), ensure_ascii=False).encode()
    rows = read(".jsonl", b"\xef\xbb\xbf" + good + b"\r\n\n{\n" + b'{"a": 1, "a": 2}\n' + good)
    assert [row.number for row in rows] == [1, 3, 4, 5]
    assert [row.case for row in rows] == [case("advice"), None, None, case("advice")]
    assert [[f.rule for f in row.faults] for row in rows] == [[], ["SCHEMA"], ["SCHEMA"], []]
    assert rows[1].place("") is None


def test_a_table_is_read_by_the_schema_of_each_row():
    rows = read(".xlsx", xlsx(table([case("advice"), case("reminder")])))
    assert [without_nulls(row.case) for row in rows] == [
        without_nulls(case("advice")),
        without_nulls(case("reminder")),
    ]


def test_too_many_lines_are_refused_whole():
    assert len(read(".ndjson", b"{}\n" * MOST_ROWS)) == MOST_ROWS
    with pytest.raises(TableRefusedError, match="10000"):
        read(".ndjson", b"{}\n" * (MOST_ROWS + 1))


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(read_batch_module, "LARGEST", 10)
    monkeypatch.setattr(sheets_module, "PACKED_LIMIT", 10)
    for suffix in (".jsonl", ".csv", ".xlsx"):
        with pytest.raises(TableRefusedError, match="too large"):
            read(suffix, b"{}\n" * 10)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_blank_table_has_no_case_in_it(suffix):
    with pytest.raises(TableRefusedError, match="no case"):
        read(suffix, blank_table(suffix, "reminder", Sheets(), FOLDER))


def test_a_blank_table_of_an_unknown_type_is_wrong_usage():
    with pytest.raises(UsageError, match="summons"):
        blank_table(".csv", "summons", Sheets(), FOLDER)
