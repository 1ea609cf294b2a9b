from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile

import pytest
from openpyxl import load_workbook

from docsvc.adapters.sheets import ERROR, FORMULA, TOO_LONG, UNPACKED_LIMIT, Sheets
from docsvc.domain.errors import TableRefusedError
from docsvc.domain.table import columns_of
from tests.support.tables import schema, xlsx


def lines(suffix, raw):
    return list(Sheets().lines(suffix, raw))


def repacked(raw, change):
    """The workbook with each part as `change(name, data)` says; None leaves it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if (data := change(name, old.read(name))) is not None:
                new.writestr(name, data)
    return out.getvalue()


def with_sheet(xml):
    return repacked(xlsx([["a"]]), lambda name, data: xml if name == "xl/worksheets/sheet1.xml" else data)


TEXT = 'doc_type,名称\r\nreminder,"第一行\n第二行，""引号"""\r\n\r\nadvice,x\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_what_people_have(encoding):
    assert lines(".csv", TEXT.encode(encoding)) == [
        (1, ["doc_type", "名称"]),
        (2, ["reminder", '第一行\n第二行，"引号"']),
        (3, []),
        (4, ["advice", "x"]),
    ]


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"a,\xff\xff\n", "UTF-8"),
        ("a,b".encode("utf-16"), "UTF-8"),
        (b"a,\0b", "NUL"),
        (b'a,"b\n', "row 1"),
        (b'a\n"b"c,d\n', "row 2"),
        (b"a\n" + b"x" * 1_000_000, "row 2"),
        (b"a\n" + b"x," * 2_000, "1000"),
    ],
)
def test_csv_that_is_none(raw, word):
    with pytest.raises(TableRefusedError, match=word):
        lines(".csv", raw)


def test_a_cell_that_is_too_long_is_told_and_the_others_are_read():
    assert lines(".csv", b"a," + b"x" * 40_000 + b",b") == [(1, ["a", TOO_LONG, "b"])]


def test_cells_of_a_workbook_have_their_values():
    raw = xlsx(
        [
            [
                "文本",
                "00000000001",
                13800000000,
                2.5,
                True,
                None,
                dt.datetime.fromisoformat("2026-09-08"),
                "=not",
                " ",
            ],
            [],
            [None, 7],
        ],
        {"B3": "000", "C1": "0"},
    )
    with_text = repacked(
        raw,
        lambda name, data: data.replace(b"<f>not</f>", b"<v>1</v>") if name.endswith("sheet1.xml") else data,
    )
    assert lines(".xlsx", with_text) == [
        (1, ["文本", "00000000001", 13800000000, 2.5, True, None, dt.datetime.fromisoformat("2026-09-08"), 1]),
        (2, []),
        (3, [None, "007"]),
    ]


def test_formulas_and_errors_are_told_and_never_calculated():
    raw = xlsx([["=1+1", '=HYPERLINK("http://127.0.0.1/","x")', "=[1]Sheet1!A1", "#N/A"]])
    assert lines(".xlsx", raw) == [(1, [FORMULA, FORMULA, FORMULA, ERROR])]


def sheet(rows, dimension="A1"):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'


def test_what_a_workbook_says_of_its_size_is_not_believed():
    text = sheet('<row r="2"><c r="B2" t="inlineStr"><is><t>x</t></is></c></row>', "A1:XFD1048576")
    assert lines(".xlsx", with_sheet(text)) == [(1, []), (2, [None, "x"])]
    assert lines(".xlsx", with_sheet(text.replace("A1:XFD1048576", "A1"))) == [(1, []), (2, [None, "x"])]


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "no whole XLSX"),
        (b"PK\x03\x04 nothing", "no whole XLSX"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "encrypted"),
        (xlsx([["a"]])[:-200], "no whole XLSX"),
        (repacked(xlsx([["a"]]), lambda name, data: None if name == "xl/workbook.xml" else data), "can't be read"),
        (with_sheet("<worksheet><sheetData><row>"), "can't be read"),
        (with_sheet(sheet('<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>')), "can't be read"),
        (with_sheet(sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>')), "1000 columns"),
        (with_sheet(b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>' + sheet("").encode()), "DOCTYPE"),
        (with_sheet(f'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x>{sheet("")}'.encode("utf-16")), "DOCTYPE"),
    ],
    ids=lambda v: v if isinstance(v, str) else "raw",
)
def test_hostile_and_broken_workbooks_are_refused(raw, word):
    with pytest.raises(TableRefusedError, match=word):
        lines(".xlsx", raw)


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = with_sheet(b" " * (UNPACKED_LIMIT + 1))
    assert len(bomb) < 1 << 20
    with pytest.raises(TableRefusedError, match="too large"):
        lines(".xlsx", bomb)


def test_macros_are_refused():
    raw = io.BytesIO(xlsx([["a"]]))
    with zipfile.ZipFile(raw, "a") as package:
        package.writestr("xl/vbaProject.bin", b"x")
    with pytest.raises(TableRefusedError, match="macros"):
        lines(".xlsx", raw.getvalue())


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_generated_table_has_names_paths_and_remarks(suffix):
    columns = columns_of(schema("reminder"))
    (_, titles), (_, paths), (_, hints) = lines(suffix, Sheets().blank(suffix, columns))
    assert titles[0] == "文书类型"
    assert paths == [c.path for c in columns]
    assert str(hints[0]).startswith("#")


def test_a_generated_workbook_keeps_everything_as_text_and_offers_choices():
    columns = columns_of(schema("reminder"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = load_workbook(io.BytesIO(Sheets().blank(".xlsx", columns)))
    at = next(n for n, c in enumerate(columns) if c.path == "party.type")
    name = book.active.cell(1, at + 1).column_letter
    assert {d.number_format for d in book.active.column_dimensions.values()} == {"@"}
    offered = {str(v.sqref): v.formula1 for v in book.active.data_validations.dataValidation}
    assert offered[f"{name}4:{name}1048576"] == '"企业,个体工商户,自然人,其他组织"'
