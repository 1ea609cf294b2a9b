"""Quota and custody report by the command line: what is over waits, and every use is told."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from docsvc.domain.canonical import sha256_hex
from tests.support.workspace import Workspace, case, variants, write_case

pytestmark = pytest.mark.office

SEAL = "SEAL-TEST-MKT"


@pytest.fixture
def limited(tmp_path, development_keys):
    """Two uses of a seal a day, which begins at some noon: no midnight comes into the way."""
    certs = shutil.copytree(development_keys, tmp_path / "certs")
    (certs / "keys.toml").write_text(f'[seals."{SEAL}"]\ndaily = 2\n')
    zone = f"Etc/GMT{dt.datetime.now(dt.UTC).hour - 12:+d}"
    return Workspace(tmp_path / "data", certs, {"DOCSVC_TIMEZONE": zone})


def test_over_the_quota_documents_wait_and_the_report_tells_who_used_the_seal(limited, tmp_path):
    cases = [write_case(tmp_path / "in", str(n), data) for n, data in enumerate(variants("reminder", 3))]
    issued = limited.run("issue", *cases, "--out", tmp_path / "out")
    assert issued.returncode == 1
    assert "已达用印限额（本日2次" in issued.stderr
    assert "which is its quota" in issued.stderr
    (waiting,) = limited.run("jobs", "list", check=True).stdout.splitlines()
    assert "accepted" in waiting
    assert "已达用印限额" in waiting

    told = json.loads(limited.run("seals", "report", SEAL, "--json", check=True).stdout)
    assert told["quota"] == {"daily": 2, "hourly": None}
    assert (told["door"], told["used"]["today"], told["failed"], told["unsettled"]) == ("pkcs12", 2, 0, 0)
    files = {sha256_hex(pdf.read_bytes()): pdf.stem for pdf in (tmp_path / "out").glob("*.pdf")}
    assert {use["signed_sha256"]: use["number"] for use in told["uses"]} == files
    assert {use["certificate_sha256"] for use in told["uses"]} == {told["certificate"]["sha256"]}

    text = limited.run("seals", "report", check=True).stdout
    assert f"印章 seal {SEAL}" in text
    assert "限额 quota: 2 每日 a day；本日 today 2" in text
    assert "reminder  2×  已存 kept" in text
    assert all(digest in text for digest in files)
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    assert "reminder" not in limited.run("seals", "report", SEAL, "--from", later, check=True).stdout
    assert "reminder" in limited.run("seals", "report", SEAL, "--to", later, check=True).stdout
    assert limited.run("seals", "report", "SEAL-9").returncode == 64

    (limited.certs / "keys.toml").unlink()
    limited.run("issue", *cases, "--out", tmp_path / "out", check=True)
    assert len(list((tmp_path / "out").glob("*.pdf"))) == 3


def test_a_real_case_is_refused_with_development_keys(workspace, tmp_path):
    real = write_case(tmp_path / "in", "real", {**case("advice"), "test_data": False})
    refused = workspace.run("issue", real, "--out", tmp_path / "out")
    assert refused.returncode == 1
    assert "SEAL /test_data" in refused.stderr
    assert workspace.rows("SELECT count(*) FROM documents") == [(0,)]
