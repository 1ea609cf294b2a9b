"""The main job through the command line, as its users run it: files in, sealed and recorded PDFs out."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from pathlib import Path

import pytest

from tests.support.workspace import STANDARD, case, write_case

pytestmark = pytest.mark.office


@pytest.fixture
def all_six(workspace, tmp_path):
    """One document of each standard type, issued in one call."""
    cases = [write_case(tmp_path / "in", t, case(t)) for t in STANDARD]
    done = workspace.run("issue", *cases, "--out", tmp_path / "out", "--json", check=True)
    return workspace, [json.loads(line) for line in done.stdout.splitlines()], tmp_path / "out"


def test_issues_the_six_types_recorded_and_verifiable(all_six):
    workspace, done, out = all_six
    assert [d["state"] for d in done] == ["recorded"] * 6
    assert {d["pades"]["achieved"] for d in done} == {"B-LTA"}
    pdfs = sorted(out.glob("*.pdf"))
    assert len(pdfs) == 6
    verified = workspace.run("verify", *pdfs)
    assert verified.returncode == 0, verified.stdout
    for d in done:
        with_evidence = workspace.run("verify", d["file"], "--evidence", d["evidence"], "--json")
        assert with_evidence.returncode == 0, with_evidence.stdout
        assert json.loads(with_evidence.stdout)["sha256"] == d["sha256"]
    assert workspace.run("log", "fsck").returncode == 0
    assert workspace.run("log", "check", workspace.data / "objects" / "log").returncode == 0


def test_the_same_case_is_the_same_document(workspace, tmp_path):
    path = write_case(tmp_path, "a", case("advice"))
    first = json.loads(workspace.run("issue", path, "--out", tmp_path / "1", "--json", check=True).stdout)
    second = json.loads(workspace.run("issue", path, "--out", tmp_path / "2", "--json", check=True).stdout)
    assert (first["new"], second["new"]) == (True, False)
    assert first["number"] == second["number"]
    assert first["sha256"] == second["sha256"]
    assert workspace.rows("SELECT count(*) FROM documents") == [(1,)]


def test_a_refused_case_leaves_nothing(workspace, tmp_path):
    workspace.run("agencies", "list", check=True)  # first use: registry and log are there
    objects = workspace.objects()
    bad = case("advice")
    bad["officers"] = bad["officers"][:1]
    good = write_case(tmp_path, "good", case("advice"))
    refused = workspace.run("issue", write_case(tmp_path, "bad", bad), "--out", tmp_path / "out")
    assert refused.returncode == 1
    assert set(re.findall(r"\b[A-Z]{1,2}\d\d\b", refused.stdout + refused.stderr)) == {"G01"}
    assert not list((tmp_path / "out").iterdir())
    for table in ("documents", "counters", "events", "log_entries"):
        assert workspace.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert workspace.objects() == objects
    issued = json.loads(workspace.run("issue", good, "--out", tmp_path / "out", "--json", check=True).stdout)
    assert issued["number"].endswith("〔2026〕1号")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "/doc_type"),
        (b'{"doc_type": ["advice"]}', "/doc_type"),
        (b'{"doc_type": "summons"}', "/doc_type"),
        (b'{"doc_type": "advice", "doc_type": "reminder"}', "twice"),
        (b'{"doc_type": "advice", "n": NaN}', "NaN"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"doc_type": "advice"}', "SCHEMA"),
    ],
)
def test_broken_json_gets_a_clear_refusal(workspace, tmp_path, text, word):
    path = tmp_path / "case.json"
    path.write_bytes(text)
    r = workspace.run("issue", path, "--out", tmp_path / "out")
    assert r.returncode == 1
    assert word in r.stderr
    assert "Traceback" not in r.stderr


def test_wrong_usage_is_64(workspace, tmp_path):
    assert workspace.run("issue", tmp_path / "none.json", "--out", tmp_path).returncode == 64
    assert workspace.run("verify", tmp_path / "none.pdf").returncode == 64
    assert workspace.run("verify").returncode == 64
    assert workspace.run("frobnicate").returncode == 64
    unknown = workspace.run(
        "issue", write_case(tmp_path, "a", case("advice")), "--out", tmp_path, "--layout", "poster"
    )
    assert unknown.returncode == 64
    assert "narrow-58" in unknown.stderr
    lacking = workspace.run(
        "issue", write_case(tmp_path, "b", case("advice")), "--out", tmp_path, "--layout", "record"
    )
    assert lacking.returncode == 1
    assert "LAYOUT" in lacking.stderr


def test_a_folder_that_can_not_be_written_is_named(workspace, tmp_path):
    r = workspace.run("issue", write_case(tmp_path, "a", case("advice")), "--out", "/proc/nowhere")
    assert r.returncode == 1
    assert "/proc/nowhere" in r.stderr
    assert "Traceback" not in r.stderr


def test_one_refused_case_does_not_stop_the_others(workspace, tmp_path):
    bad = case("reminder")
    bad["party"]["uscc"] = "91330999MA0TEXT120"
    paths = [write_case(tmp_path, "1", bad), write_case(tmp_path, "2", case("reminder"))]
    r = workspace.run("issue", *paths, "--out", tmp_path / "out", "--json")
    assert r.returncode == 1
    refused, issued = (json.loads(line) for line in r.stdout.splitlines())
    assert [e["rule"] for e in refused["errors"]] == ["G02"]
    assert refused["errors"][0]["pointer"] == "/party/uscc"
    assert issued["state"] == "recorded"


def test_a_byte_changed_is_found_and_said(all_six, tmp_path):
    workspace, done, _ = all_six
    original = Path(done[0]["file"]).read_bytes()
    for at in (7, len(original) // 3, len(original) // 2, len(original) - 200, len(original) - 3):
        altered = bytearray(original)
        altered[at] ^= 1
        path = tmp_path / "altered.pdf"
        path.write_bytes(altered)
        r = workspace.run("verify", path)
        assert r.returncode == 1, at
        assert "TOTAL-FAILED" in r.stdout


def test_an_altered_log_entry_is_found_by_fsck_and_by_the_evidence_check(all_six, tmp_path):
    workspace, done, _ = all_six
    with sqlite3.connect(workspace.data / "docsvc.db") as db:
        (event,) = db.execute(
            "SELECT id FROM events WHERE document_id = ? AND type = 'document.sealed'", (done[2]["id"],)
        ).fetchone()
        for table, key in (("log_entries", "event_id"), ("events", "id")):
            (entry,) = db.execute(f"SELECT entry FROM {table} WHERE {key} = ?", (event,)).fetchone()
            altered = entry.replace(b'"B-LTA"', b'"B-LT"', 1)
            assert altered != entry
            db.execute(f"UPDATE {table} SET entry = ? WHERE {key} = ?", (altered, event))
    db.close()
    fsck = workspace.run("log", "fsck")
    assert fsck.returncode == 1
    assert done[2]["number"] in fsck.stderr
    bundle = workspace.run("evidence", done[2]["number"], "--out", tmp_path / "again")
    if bundle.returncode == 0:
        pdf = tmp_path / "again" / f"{done[2]['number']}.pdf"
        check = workspace.run("verify", pdf, "--evidence", pdf.with_suffix(".evidence.zip"))
        assert check.returncode == 1, check.stdout
    old = workspace.run("verify", done[2]["file"], "--evidence", done[2]["evidence"])
    assert old.returncode == 0, old.stdout


def test_evidence_of_another_document_does_not_pass(all_six):
    workspace, done, _ = all_six
    r = workspace.run("verify", done[0]["file"], "--evidence", done[1]["evidence"])
    assert r.returncode == 1
    with zipfile.ZipFile(done[0]["evidence"]) as z:
        assert z.testzip() is None
        assert any(name.startswith("README") for name in z.namelist())


def test_a_dead_time_stamp_authority_leaves_b_b_and_upgrade_lifts_it(workspace, tmp_path):
    path = write_case(tmp_path, "a", case("no_penalty_decision"))
    workspace.extra["DOCSVC_TSA_URL"] = "http://127.0.0.1:9/tsa"
    r = workspace.run("issue", path, "--out", tmp_path / "out", "--json", check=True)
    done = json.loads(r.stdout)
    assert done["pades"] == {"target": "B-LTA", "achieved": "B-B"}
    assert "B-B" in r.stderr
    assert workspace.run("verify", done["file"]).returncode == 2
    assert workspace.run("upgrade").returncode == 1  # still dead: still visibly below
    del workspace.extra["DOCSVC_TSA_URL"]
    assert workspace.run("upgrade", check=True).stdout.count("B-LTA") == 1
    workspace.run("evidence", done["number"], "--out", tmp_path / "lifted", check=True)
    pdf = tmp_path / "lifted" / f"{done['number']}.pdf"
    checked = workspace.run("verify", pdf, "--evidence", pdf.with_suffix(".evidence.zip"), "--json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["level"] == "B-LTA"
    assert pdf.read_bytes().startswith(Path(done["file"]).read_bytes())
    assert workspace.run("upgrade", check=True).stdout == ""
    assert workspace.run("log", "fsck").returncode == 0
