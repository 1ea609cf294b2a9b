"""A table read in another process is the same table, and a hostile one costs that process alone."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import time
import zipfile

import pytest

from docsvc.adapters.sheets import TEXT_LIMIT, Sheets
from docsvc.adapters.sheets.apart import SheetsApart, decoded, encoded
from docsvc.domain.cells import Unreadable
from docsvc.domain.errors import TableRefusedError, TableTooLargeError
from docsvc.domain.table import LONGEST_CELL
from tests.support.tables import xlsx

NAIVE = dt.datetime.fromisoformat("2026-09-01T08:30:01")  # as spreadsheets have them
CELLS = [
    None, "䶮\n”", "\ud800", 1, -7, 10**18, 1.5, 1e300, True, False, dt.date(2026, 9, 1), NAIVE,
    dt.time(8, 30), dt.timedelta(hours=30), Unreadable("公式", "a formula"),
]  # fmt: skip


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_every_kind_of_cell_comes_through(cell):
    there = decoded(encoded(cell))
    assert (there, type(there)) == (cell, type(cell))


@pytest.mark.parametrize("value", [{"datetime": 1}, {"x": "y"}, [1], {"unreadable": ["a"]}])
def test_what_is_no_cell_is_refused(value):
    with pytest.raises(TableRefusedError):
        decoded(value)


def test_the_same_rows_as_in_this_process():
    raw = xlsx(
        [["doc_type", "n", "day", "sum"], ["reminder", 7.5, NAIVE, "=1+1"], [], ["x"]],
        {"B2": "0.00"},
    )
    said = [(number, list(cells)) for number, cells in Sheets().lines(".xlsx", raw) if cells]
    assert list(SheetsApart().lines(".xlsx", raw)) == said
    assert said[-1][0] == 4
    text = "doc_type,名称\r\nadvice,甲\r\n".encode()
    assert list(SheetsApart().lines(".csv", text)) == list(Sheets().lines(".csv", text))


@pytest.mark.parametrize(("suffix", "raw"), [(".xlsx", b"PK"), (".xlsx", b""), (".csv", b"\xff\xff")])
def test_what_is_no_table_is_refused_with_the_same_words(suffix, raw):
    words = []
    for reader in (Sheets(), SheetsApart()):
        with pytest.raises(TableRefusedError) as refused:
            list(reader.lines(suffix, raw))
        words.append(str(refused.value))
    assert words[0] == words[1]


def test_a_reader_that_stops_listening_ends_the_child():
    rows = SheetsApart().lines(".csv", b"a,b\n" * 200_000)
    next(rows)
    rows.close()
    with pytest.raises(StopIteration):
        next(rows)


OVERRIDE = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


def hostile(name, opening, filling, closing, megabytes, **others):
    """A workbook one part of which is far larger than the file; `others` are parts to put beside it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([["doc_type"], ["a"]]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part == "[Content_Types].xml":  # with the part that openpyxl itself does not write
                new.writestr(part, old.read(part).replace(b"</Types>", OVERRIDE))
            elif part != name and part not in others:
                new.writestr(part, old.read(part))
        for part, data in others.items():
            new.writestr(part, data)
        with new.open(name, "w", force_zip64=True) as stream:
            stream.write(opening)
            block = filling * ((1 << 20) // len(filling))
            for _ in range(megabytes):
                stream.write(block)
            stream.write(closing)
    return out.getvalue()


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_a_table_that_takes_too_long_is_given_up():
    raw = hostile(
        "xl/worksheets/sheet1.xml",
        b"<worksheet " + MAIN + b"><sheetData>",
        b'<row r="2"><c r="A2"><v>1</v></c></row>',
        b"</sheetData></worksheet>",
        100,
        **{"xl/sharedStrings.xml": b"<sst " + MAIN + b"/>"},
    )
    assert len(raw) < 1 << 20
    begun = time.monotonic()
    with pytest.raises(TableRefusedError, match="limits of time and memory"):
        list(SheetsApart(deadline_s=3).lines(".xlsx", raw))
    assert time.monotonic() - begun < 20


def test_a_table_that_wants_too_much_memory_is_given_up():
    strings = b"<si><t>" + b"x" * 500 + b"</t></si>"
    raw = hostile("xl/sharedStrings.xml", b"<sst " + MAIN + b">", strings, b"</sst>", 200)
    with pytest.raises(TableRefusedError):
        list(SheetsApart(memory_mb=200).lines(".xlsx", raw))


def test_one_long_text_in_every_cell_is_not_multiplied():
    """The file holds it once; each cell refers to it."""
    text = "示" * LONGEST_CELL
    cell = b'<row><c t="s"><v>1</v></c></row>'
    opening = b"<worksheet " + MAIN + b"><sheetData>" + b'<row><c t="s"><v>0</v></c></row>'
    strings = b"<sst " + MAIN + f"><si><t>doc_type</t></si><si><t>{text}</t></si></sst>".encode()
    others = {"xl/sharedStrings.xml": strings}
    raw = hostile("xl/worksheets/sheet1.xml", opening, cell, b"</sheetData></worksheet>", 1, **others)
    assert len(raw) < 1 << 20
    with pytest.raises(TableTooLargeError):
        list(SheetsApart().lines(".xlsx", raw))
    assert ((1 << 20) // len(cell)) * LONGEST_CELL > TEXT_LIMIT


def test_a_child_that_was_killed_is_no_fault_of_the_caller(monkeypatch):
    real = subprocess.Popen

    def killed(*words, **options):
        child = real(*words, **options)
        child.kill()
        return child

    monkeypatch.setattr(subprocess, "Popen", killed)
    with pytest.raises(TableRefusedError, match="limits of time and memory"):
        list(SheetsApart().lines(".csv", b"a,b\n" * 100_000))
