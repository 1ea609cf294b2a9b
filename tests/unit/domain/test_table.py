from __future__ import annotations

import pytest

from docsvc.domain.cells import Unreadable
from docsvc.domain.errors import TableRefusedError
from docsvc.domain.table import MOST_ROWS, Place, columns_of, letter, rows_of
from tests.support.tables import row_of, schema, table, without_nulls
from tests.support.workspace import STANDARD, case


def read(rows):
    return rows_of(iter(enumerate(rows, 1)), lambda doc_type: schema(doc_type) if doc_type in STANDARD else None)


def changed(**cells):
    """One row of the sample with other cells; paths have __ for dots."""
    row = row_of(case("reminder")) | {path.replace("__", "."): cell for path, cell in cells.items()}
    return [list(row), list(row.values())]


@pytest.mark.parametrize("doc_type", STANDARD)
def test_a_row_says_the_same_case_as_its_json(doc_type):
    (row,) = read(table([case(doc_type)]))
    assert row.faults == ()
    assert without_nulls(row.case) == without_nulls(case(doc_type))


@pytest.mark.parametrize("doc_type", STANDARD)
def test_a_generated_table_has_a_column_for_every_fact_of_the_sample(doc_type):
    columns = [c.path for c in columns_of(schema(doc_type))]
    assert len(set(columns)) == len(columns)
    facts = {p for p in row_of(without_nulls(case(doc_type))) if not p.startswith("body.qa.")}
    assert facts <= set(columns)
    assert columns[0] == "doc_type"
    blank = dict.fromkeys(columns) | row_of(case(doc_type))
    (row,) = read([list(blank), list(blank.values())])
    assert without_nulls(row.case) == without_nulls(case(doc_type))


def test_columns_say_what_belongs_in_them():
    columns = {c.path: c for c in columns_of(schema("reminder"))}
    assert columns["officers.2.name"].title == "执法人员2·姓名"
    assert columns["party.type"].hint == "企业 / 个体工商户 / 自然人 / 其他组织"
    assert columns["party.e_delivery.agreed"].hint == "必填 required；是 / 否"
    assert columns["body.points"].hint.startswith("必填 required；每行一项")
    assert columns["issue_date"].hint == "必填 required；日期，如 2026-09-28"
    assert columns["body.points"].choices == []
    record = {c.path: c for c in columns_of(schema("interview_record"))}
    assert record["body.start"].hint == "必填 required；日期和时刻，如 2026-09-28 14:30"
    assert "schema" not in columns
    assert "body.remedies" not in columns


def test_what_must_be_named_and_may_be_nothing_is_null_and_other_empty_cells_are_absent():
    (row,) = read(
        changed(case__filed_on="", party__legal_rep=" ", body__period__start=None, body__period__end=None)
    )
    assert row.case["case"]["filed_on"] is None
    assert "legal_rep" not in row.case["party"]
    assert "period" not in row.case["body"]


def test_rows_for_people_and_empty_rows_are_passed_over():
    paths, cells = changed()
    rows = read([["给人看的名称"], paths, ["# 说明", "x"], [], [None, " "], cells])
    assert [row.number for row in rows] == [6]


def test_a_list_of_texts_may_have_columns_of_its_own():
    row = row_of(case("reminder"))
    del row["body.points"]
    row |= {"body.points.2": "乙\n乙二", "body.points.10": "丙", "body.points.1": "甲"}
    (read_row,) = read([list(row), list(row.values())])
    assert read_row.case["body"]["points"] == ["甲", "乙\n乙二", "丙"]


def test_places_name_the_column_also_where_an_empty_place_moved_the_next_ones_up():
    row = row_of(case("reminder"))
    row |= {f"officers.1.{name}": None for name in ("name", "cert_no", "role")}
    row |= {"officers.3.name": "丙", "officers.3.cert_no": "TEST33099900003"}
    (read_row,) = read([list(row), list(row.values())])
    assert [officer["name"] for officer in read_row.case["officers"]] == ["王测乙", "丙"]
    at = {path: letter(index) for index, path in enumerate(row)}
    assert read_row.place("/officers/0/cert_no") == Place(at["officers.2.cert_no"], "officers.2.cert_no")
    assert read_row.place("/officers/1/name") == Place(at["officers.3.name"], "officers.3.name")
    assert read_row.place("/body/points/1") == Place(at["body.points"], "body.points")
    assert read_row.place("/case") == Place(at["case.case_no"], "case.case_no")
    assert read_row.place("/officers/1/role") == Place(None, "officers.2.role")


def test_a_fact_under_a_column_that_the_type_lacks_is_a_fault_and_an_empty_one_none():
    paths, cells = changed()
    (bad,) = read([[*paths, "body.amount", "party", "", "# 备注"], [*cells, "5", "某人", "x", "随便写"]])
    assert bad.case is None
    found = [(f.pointer, bad.place(f.pointer)) for f in bad.faults]
    n = len(paths)
    assert found == [
        ("/body/amount", Place(letter(n), "body.amount")),
        ("/party", Place(letter(n + 1), "party")),
        (f"/?{n + 2}", Place(letter(n + 2), "")),
    ]
    (good,) = read([[*paths, "body.amount"], cells])
    assert good.faults == ()


def test_an_unreadable_cell_is_told_by_its_column():
    (row,) = read(changed(party__uscc=Unreadable("是公式", "a formula"), party__legal_rep_id_no=330999198503129011))
    assert [(f.pointer, row.place(f.pointer).path) for f in row.faults] == [
        ("/party/uscc", "party.uscc"),
        ("/party/legal_rep_id_no", "party.legal_rep_id_no"),
    ]


def test_rows_of_several_types_stand_in_one_table():
    rows = read(table([case("reminder"), case("advice")]))
    assert [row.case["doc_type"] for row in rows] == ["reminder", "advice"]
    assert not any(row.faults for row in rows)


@pytest.mark.parametrize("kind", ["", None, "summons", 5])
def test_an_unknown_type_is_left_for_intake_to_refuse(kind):
    (row,) = read(changed(doc_type=kind))
    assert set(row.case) == {"doc_type"}
    assert row.place("/doc_type") == Place("A", "doc_type")


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([], "doc_type"),
        ([["a"]] * 20 + [["doc_type"]], "doc_type"),
        ([["doc_type", "agency", "agency"]], "agency"),
        ([["doc_type"], *([["reminder"]] * (MOST_ROWS + 1))], "10000"),
    ],
)
def test_what_is_no_table_is_refused_whole(rows, word):
    with pytest.raises(TableRefusedError, match=word):
        read(rows)


def test_letters_are_those_of_a_spreadsheet():
    assert [letter(n) for n in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
