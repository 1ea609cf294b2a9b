"""Many cases in one file, by command line: good rows become documents, bad ones are told by row and column."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile

import pikepdf
import pytest
from openpyxl import load_workbook

from tests.support.tables import fill_in, row_of
from tests.support.workspace import case, variants, write_case


def reminders(count):
    rows = [row_of(each) for each in variants("reminder", count)]
    for row in rows:
        row |= {"party.type": "企业", "test_data": "是"}
    return rows


def pictures(pdf, folder):
    """Its pages as a printer would have them, by poppler."""
    folder.mkdir()
    subprocess.run(["pdftoppm", "-r", "50", pdf, folder / "page"], check=True)
    return [page.read_bytes() for page in sorted(folder.iterdir())]


@pytest.fixture
def workbook(workspace, tmp_path):
    path = tmp_path / "reminders.xlsx"
    workspace.run("templates", "sheet", "reminder", "--out", path, check=True)
    return path


@pytest.mark.office
@pytest.mark.judge
def test_good_rows_are_issued_in_order_and_the_bad_one_is_told_by_row_and_column(workspace, workbook, tmp_path):
    rows = reminders(5)
    rows[2]["party.uscc"] = "91330999MA0TEXT120"
    fill_in(workbook, [*rows, rows[0]])
    files = ("--out", tmp_path / "out", "--zip", tmp_path / "zip" / "all.zip", "--merge", tmp_path / "all.pdf")
    done = workspace.run("issue", workbook, *files, "--json")
    assert done.returncode == 1
    said = [json.loads(line) for line in done.stdout.splitlines()]
    (refused,) = [s for s in said if "errors" in s]
    (error,) = refused["errors"]
    assert refused["row"] == 6
    assert (error["rule"], error["pointer"], error["path"]) == ("G02", "/party/uscc", "party.uscc")
    sheet = load_workbook(workbook).active
    assert sheet[f"{error['column']}2"].value == "party.uscc"
    issued = [s for s in said if "number" in s]
    assert [s["row"] for s in issued] == [4, 5, 7, 8, 9]
    assert [re.search(r"〕(\d+)号", s["number"])[1] for s in issued] == ["1", "2", "3", "4", "1"]
    assert "reminders.xlsx: 第9行 row 9: 注意 / 与reminders.xlsx 4事实相同" in done.stderr
    assert "4件已制作，1件被退回" in done.stderr
    issued.pop()
    assert {s["state"] for s in issued} == {"recorded"}

    with zipfile.ZipFile(tmp_path / "zip" / "all.zip") as archive:
        assert [n for n in archive.namelist() if n.endswith(".pdf")] == [f"{s['number']}.pdf" for s in issued]
        assert sum(n.endswith(".evidence.zip") for n in archive.namelist()) == len(issued)
    with pikepdf.open(tmp_path / "all.pdf") as merged:
        assert "Print copy" in str(merged.docinfo["/Title"])
        assert "without electronic signatures" in str(merged.docinfo["/Subject"])
        assert "/AcroForm" not in merged.Root
        with merged.open_outline() as outline:
            assert [item.title for item in outline.root] == [s["number"] for s in issued]
    singly = [p for s in issued for p in pictures(s["file"], tmp_path / str(s["row"]))]
    assert pictures(tmp_path / "all.pdf", tmp_path / "merged") == singly

    again = workspace.run("issue", workbook, "--out", tmp_path / "again", "--json")
    numbers = {one["row"]: one.get("number") for one in map(json.loads, again.stdout.splitlines())}
    assert numbers == {one["row"]: one.get("number") for one in said}
    assert workspace.rows("SELECT count(*) FROM documents") == [(len(issued),)]


def test_people_are_told_row_and_column(workspace, workbook, tmp_path):
    (row,) = reminders(1)
    fill_in(workbook, [row | {"party.phone": None}, row | {"party.legal_rep_id_no": 330999198503129011}])
    done = workspace.run("issue", workbook, "--out", tmp_path / "out")
    assert done.returncode == 1
    missing, cut = [line for line in done.stderr.splitlines() if "SCHEMA" in line]
    assert re.search(r"第4行[A-Z]+列 row 4, column [A-Z]+: SCHEMA party\.phone ", missing)
    assert re.search(r"第5行[A-Z]+列 row 5, column [A-Z]+: SCHEMA party\.legal_rep_id_no ", cut)
    assert "0件已制作，2件被退回" in done.stderr
    assert workspace.rows("SELECT count(*) FROM documents") == [(0,)]


def test_json_lines_are_told_by_line_and_pointer(workspace, tmp_path):
    bad = case("reminder")
    bad["party"]["uscc"] = "91330999MA0TEXT120"
    path = tmp_path / "many.jsonl"
    path.write_text("{\n\n" + json.dumps(bad) + "\n")
    done = workspace.run("issue", path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "row 1: SCHEMA / " in done.stderr
    assert "row 3: G02 /party/uscc " in done.stderr


@pytest.mark.parametrize(("name", "raw"), [("a.xlsx", b"PK"), ("a.csv", b"a,b\n1,2\n"), ("a.CSV", b"\xff\xff")])
def test_a_file_that_is_no_table_is_refused_whole(workspace, tmp_path, name, raw):
    path = tmp_path / name
    path.write_bytes(raw)
    good = write_case(tmp_path, "good", case("reminder"))
    done = workspace.run("issue", good, path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("docsvc: ") >= 1
    assert workspace.rows("SELECT count(*) FROM documents") == [(0,)]


def test_a_table_is_xlsx_or_csv_of_a_type_that_there_is(workspace, tmp_path):
    assert workspace.run("templates", "sheet", "reminder", "--out", tmp_path / "a.txt").returncode == 64
    assert workspace.run("templates", "sheet", "summons", "--out", tmp_path / "a.csv").returncode == 64
    assert workspace.run("templates", "sheet", "advice", "--out", tmp_path / "a.csv").returncode == 0
    assert (tmp_path / "a.csv").read_bytes().startswith("\ufeff文书类型,".encode())
