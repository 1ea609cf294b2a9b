"""Renewal by the command line: a document whose time-stamp ends within the year gets another one."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import describe
from tests.support.later import after, new_service_keys
from tests.support.sealing import make_pki
from tests.support.workspace import Workspace, case, write_case

pytestmark = [pytest.mark.office, pytest.mark.slow]


def test_upgrade_renews_what_ends_soon_and_says_until_when_it_holds(tmp_path):
    workspace = Workspace(tmp_path / "data", tmp_path / "dev")
    workspace.run("pki", "init", "--algorithm", "ecdsa-p384", check=True)
    # An authority of somebody else that began seven and a half years ago, and has half a year left.
    now = dt.datetime.now(dt.UTC)
    old = make_pki(tmp_path / "old", now=after(now, -7.5))
    new_service_keys(old, now, ("ocsp-root", "ocsp-issuing"))
    (workspace.certs / "old.pem").write_bytes((old / "root.pem").read_bytes())
    path = write_case(tmp_path, "a", case("advice"))
    with Authorities(old):
        workspace.extra["DOCSVC_TSA_URL"] = describe(old).tsa_url
        issued = workspace.run("issue", path, "--out", tmp_path / "out", "--json", check=True)
        done = json.loads(issued.stdout)
        assert done["pades"] == {"target": "B-LTA", "achieved": "B-LTA"}
        workspace.extra["DOCSVC_RENEW_LEAD_DAYS"] = "90"
        assert workspace.run("upgrade", check=True).stdout == "", "it is not due yet"
        # Due; the authority that is asked first has failed, the own one has eight years.
        workspace.extra["DOCSVC_RENEW_LEAD_DAYS"] = "365"
        own = json.loads((workspace.certs / "authorities.json").read_text())
        mine = f"http://127.0.0.1:{own['port']}/{own['pki_id']}/tsa"
        workspace.extra["DOCSVC_TSA_URL"] = f"http://127.0.0.1:9/tsa,{mine}"
        said = workspace.run("upgrade", check=True).stdout
    assert f"{after(now, 0.5):%Y-%m}" in said.split("->")[0]
    assert f"{after(now, 8):%Y-%m}" in said.split("->")[1]
    assert workspace.run("upgrade", check=True).stdout == "", "it is due no more"
    workspace.run("evidence", done["number"], "--out", tmp_path / "renewed", check=True)
    pdf = tmp_path / "renewed" / f"{done['number']}.pdf"
    assert pdf.read_bytes().startswith((tmp_path / "out" / pdf.name).read_bytes())
    checked = workspace.run("verify", pdf, "--evidence", pdf.with_suffix(".evidence.zip"), "--json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["level"] == "B-LTA"
    assert workspace.rows("SELECT type FROM events ORDER BY position") == [
        ("document.accepted",),
        ("seal.used",),
        ("document.sealed",),
        ("document.renewed",),
    ]
    assert workspace.rows("SELECT state FROM documents") == [("recorded",)]
    assert workspace.run("log", "fsck").returncode == 0
