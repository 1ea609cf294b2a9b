"""A notice of two agencies through the whole service: both seals or none, and both named wherever it is."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import zipfile

import pytest

from tests.support.workspace import case, write_case

pytestmark = [pytest.mark.office, pytest.mark.slow]
NAMES = ["舟山市示例区市场监督管理局", "舟山市示例区综合行政执法局"]
# The same program, which the machine ends at the worst moment: one seal pressed, the other not.
KILLED_BETWEEN = """
import os, signal
import docsvc.adapters.pades.sealer as sealer
press, pressed = sealer.write_seal, []

def write_seal(*details):
    if pressed:
        os.kill(os.getpid(), signal.SIGKILL)
    pressed.append(details)
    return press(*details)

sealer.write_seal = write_seal
from docsvc.cli.main import main
main()
"""


def test_killed_between_two_seals_nothing_half_signed_is_left(workspace, tmp_path):
    path = write_case(tmp_path / "in", "joint", case("interview_notice", 3))
    words = ["issue", str(path), "--out", str(tmp_path / "out")]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BETWEEN, *words], env=workspace.environment, capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not any(b"/ByteRange" in p.read_bytes() for p in workspace.objects())
    assert not list((tmp_path / "out").glob("*.pdf"))
    assert workspace.rows("SELECT state, signed_sha256 FROM documents") == [("rendering", None)]

    done = json.loads(workspace.run(*words, "--json", check=True).stdout)
    assert done["state"] == "recorded"
    (pdf,) = (tmp_path / "out").glob("*.pdf")
    report = json.loads(workspace.run("verify", pdf, "--json", check=True).stdout)
    assert [s["signer"] for s in report["signatures"] if s["kind"] == "signature"] == NAMES
    assert (report["indication"], report["level"]) == ("TOTAL-PASSED", "B-LTA")

    workspace.run("evidence", done["number"], "--out", tmp_path / "evidence", check=True)
    (bundle,) = (tmp_path / "evidence").glob("*.zip")
    with zipfile.ZipFile(io.BytesIO(bundle.read_bytes())) as files:
        openings = [json.loads(files.read(n)) for n in files.namelist() if n.startswith("openings/")]
    assert {o["facts"]["agencies"] for o in openings} == {"、".join(NAMES)}
    checked = workspace.run("verify", pdf, "--evidence", bundle)
    assert checked.returncode == 0, checked.stdout
    assert workspace.run("log", "fsck").returncode == 0
