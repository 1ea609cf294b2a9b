"""`kill -9` at any moment, then the same call again: every document once, numbers without a hole."""

from __future__ import annotations

import collections
import json
import os
import random
import signal
import subprocess

import pytest

from tests.support.workspace import variants, write_case

pytestmark = [pytest.mark.office, pytest.mark.slow]

DOCUMENTS = 20


def test_killed_and_run_again_every_document_once(workspace, tmp_path):
    cases = [write_case(tmp_path / "in", f"{n:03d}", c) for n, c in enumerate(variants("reminder", DOCUMENTS))]
    moment = random.Random(9)
    killed = 0
    for _ in range(6):
        run = workspace.start("issue", *cases, "--out", tmp_path / "out")
        try:
            run.communicate(timeout=moment.uniform(1.5, 5.0))
        except subprocess.TimeoutExpired:
            os.kill(run.pid, signal.SIGKILL)
            run.communicate()
            killed += 1
    assert killed, "the machine was too fast for this test: raise DOCUMENTS"
    last = workspace.run("issue", *cases, "--out", tmp_path / "out", "--json", check=True)
    done = [json.loads(line) for line in last.stdout.splitlines()]

    assert {d["state"] for d in done} == {"recorded"}
    numbers = [int(d["number"].split("〕")[1].removesuffix("号")) for d in done]
    assert sorted(numbers) == list(range(1, DOCUMENTS + 1))
    assert workspace.rows("SELECT count(*), count(DISTINCT signed_sha256) FROM documents") == [
        (DOCUMENTS, DOCUMENTS)
    ]
    # A seal whose use was cut off is used again, and each use is told.
    events = collections.Counter(workspace.rows("SELECT document_id, type FROM events WHERE type <> 'seal.used'"))
    assert set(events.values()) == {1}
    assert workspace.rows("SELECT count(*) FROM seal_uses WHERE state = 'kept'") == [(DOCUMENTS,)]
    assert workspace.rows("SELECT count(*) FROM seal_uses WHERE state NOT IN ('kept', 'failed')") == [(0,)]
    assert workspace.rows("SELECT count(*) FROM seal_uses") == workspace.rows(
        "SELECT count(*) FROM events WHERE type = 'seal.used'"
    )
    assert workspace.rows("SELECT count(*) FROM log_entries") == workspace.rows("SELECT count(*) FROM events")
    assert workspace.run("log", "fsck").returncode == 0
    pdfs = sorted((tmp_path / "out").glob("*.pdf"))
    assert len(pdfs) == DOCUMENTS
    assert workspace.run("verify", *pdfs).returncode == 0
    # Each document is four objects: case, Word file, unsigned and signed PDF; a cut-off run may leave a file that
    # no row names only if it is not a signed one.
    signed = {row[0] for row in workspace.rows("SELECT signed_sha256 FROM documents")}
    kept = {p.parent.name + p.name for p in workspace.objects() if p.parent.parent.name == "sha256"}
    assert signed <= kept
    strangers = [
        p for p in workspace.objects() if p.parent.parent.name == "sha256" and b"/ByteRange" in p.read_bytes()
    ]
    assert {p.parent.name + p.name for p in strangers} == signed
