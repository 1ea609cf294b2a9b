"""SM2 copies as users get them: off by default, then one beside each document, recorded with it, never PAdES."""

from __future__ import annotations

import json
from pathlib import Path

import pikepdf
import pytest

from tests.support.workspace import Workspace, case, write_case

pytestmark = pytest.mark.office


@pytest.fixture
def workspace(tmp_path):
    """With keys of its own: others share theirs."""
    return Workspace(tmp_path / "data", tmp_path / "certs")


def test_from_off_to_a_recorded_copy(workspace, tmp_path):
    out = tmp_path / "out"
    before = write_case(tmp_path, "before", case("advice"))
    first = json.loads(workspace.run("issue", before, "--out", out, "--json", check=True).stdout)
    assert not list(out.glob("*.sm2.pdf"))
    assert not (workspace.certs / "sm2").exists()
    refused = workspace.run("sm2", first["number"], "--out", out)
    assert refused.returncode == 64
    assert "DOCSVC_SM2_PROFILE" in refused.stderr

    workspace.extra["DOCSVC_SM2_PROFILE"] = "true"
    after = write_case(tmp_path, "after", case("reminder"))
    second = json.loads(workspace.run("issue", after, "--out", out, "--json", check=True).stdout)
    workspace.run("sm2", first["number"], "--out", out, check=True)  # for one that was issued before
    for told in (first, second):
        copy = out / f"{told['number']}.sm2.pdf"
        assert workspace.run("verify", told["file"]).returncode == 0
        verified = workspace.run("verify", copy)
        assert verified.returncode == 2
        assert "INDETERMINATE / SIG_CONSTRAINTS_FAILURE" in verified.stdout
        assert "mathematically it holds" in verified.stdout
        assert "TOTAL-PASSED" not in verified.stdout
        with pikepdf.open(told["file"]) as one, pikepdf.open(copy) as other:
            assert len(one.pages) == len(other.pages)
    again = workspace.run("sm2", first["number"], "--out", tmp_path / "again", check=True).stdout.strip()
    assert (out / f"{first['number']}.sm2.pdf").read_bytes() == Path(again).read_bytes()

    workspace.run("evidence", first["number"], "--out", tmp_path / "evidence", check=True)
    bundle = tmp_path / "evidence" / f"{first['number']}.evidence.zip"
    copy = out / f"{first['number']}.sm2.pdf"
    joined = workspace.run("verify", copy, "--evidence", bundle)
    assert joined.returncode == 2
    assert "the file is the SM2 copy that entry" in joined.stdout
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(copy.read_bytes().replace(b"/Type /Page", b"/Type /Pagf", 1))
    assert changed.read_bytes() != copy.read_bytes()
    failed = workspace.run("verify", changed)
    assert (failed.returncode, "HASH_FAILURE" in failed.stdout) == (1, True)
    assert workspace.run("log", "fsck").returncode == 0


def test_a_copy_that_fails_never_harms_the_document(workspace, tmp_path):
    workspace.extra["DOCSVC_SM2_PROFILE"] = "true"
    workspace.run("pki", "init", check=True)
    for key in (workspace.certs / "sm2/seals").iterdir():
        key.write_bytes(b"damaged")
    path = write_case(tmp_path, "a", case("advice"))
    done = workspace.run("issue", path, "--out", tmp_path / "out", "--json", check=True)
    assert json.loads(done.stdout)["state"] == "recorded"
    assert "no SM2 copy" in done.stderr
    assert not list((tmp_path / "out").glob("*.sm2.pdf"))
