"""The README's own lines, as printed, against the service that `make run` starts."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import zipfile

import pytest

from tests.support.cases import TYPES
from tests.support.daemons import dying_with_us, end, launch
from tests.support.servers import free_port
from tests.support.workspace import CHECKOUT

pytestmark = [pytest.mark.office, pytest.mark.slow]


@pytest.fixture
def demonstration(workspace, tmp_path):
    """(address, what was printed, process) of `docsvc serve --demo` on the README's settings, but for the port."""
    workspace.extra["DOCSVC_LISTEN"] = address = f"127.0.0.1:{free_port()}"
    said = tmp_path / "said"
    command = dying_with_us(workspace.command("serve", "--demo"), signal.SIGTERM)
    process = launch(command, said, dict(workspace.environment))
    try:
        while "API key:" not in said.read_text():
            assert process.poll() is None, said.read_text()
            time.sleep(0.1)
        yield address, said.read_text(), process
    finally:
        end(process, signal.SIGINT, 120)


def shell_blocks():
    return re.findall(r"^```sh\n(.*?)^```$", (CHECKOUT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_curl_lines_work_as_printed_and_ctrl_c_ends_all(demonstration, workspace, tmp_path):
    address, said, process = demonstration
    for account in ("officer", "auditor", "admin"):
        assert re.search(rf"{account} +\S+-\S+ ", said)
    recorded = workspace.rows("SELECT DISTINCT doc_type FROM documents WHERE state = 'recorded'")
    assert {doc_type for (doc_type,) in recorded} == set(TYPES)

    here = tmp_path / "checkout"
    here.mkdir()
    (here / "templates").symlink_to(CHECKOUT / "templates")
    (here / "var").symlink_to(workspace.data)
    script = "".join(shell_blocks()).replace("127.0.0.1:8080", address).replace("curl -sS", "echo; curl -sS")
    assert script.count("curl") > 8
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=here, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((here / "document.json").read_text())
    assert document["state"] == "recorded"
    assert (here / "document.pdf").stat().st_size == document["size"]
    assert zipfile.is_zipfile(here / "document.docx")
    assert zipfile.is_zipfile(here / "document.evidence.zip")
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    looked_up, found, history, refused, report, voided, slots, link, noted, batch, rows = answers
    assert looked_up["id"] == document["id"] == found["documents"][0]["id"]
    assert len(history["events"]) >= 4
    assert (refused["status"], "G05" in {e["rule"] for e in refused["errors"]}) == (422, True)
    assert report["indication"] == "TOTAL-PASSED"
    assert "docsvc-development.invalid/log" in done.stdout
    assert (voided["id"], voided["state"]) == (document["id"], "voided")
    assert [s["turn"] for s in slots["signatures"]] == [True, False, False, False]
    assert "/sign#" in link["url"]
    assert noted["state"] == "signed"
    assert (batch["counts"]["total"], batch["counts"]["refused"], rows["rows"]) == (2, 0, [])

    assert end(process, signal.SIGINT, 120) == 0
    assert "Traceback" not in (tmp_path / "said").read_text()
