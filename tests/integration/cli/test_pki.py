"""What an operator sees of certificates and does about them, by the command line."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from docsvc.adapters.pki.certificates import SEAL as SEAL_PROFILE
from docsvc.adapters.pki.certificates import Issuer, certify, new_key
from docsvc.adapters.pki.folder import password_of
from docsvc.adapters.pki.keyfile import read_key, write_key
from tests.support.workspace import Workspace, case, make_keys, write_case

SEAL, OTHER = "SEAL-TEST-MKT", "SEAL-TEST-ZF"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """Keys that each test begins with a copy of; no two services of them run at once."""
    return make_keys(tmp_path_factory.mktemp("pattern") / "dev")


@pytest.fixture
def own(tmp_path, pattern):
    shutil.copytree(pattern, tmp_path / "keys")
    return Workspace(tmp_path / "data", tmp_path / "keys")


def listed(workspace):
    rows = [line.split("\t") for line in workspace.run("pki", "list", check=True).stdout.splitlines()]
    return {row[1]: row[3] for row in rows}


def diagnosed(workspace):
    done = workspace.run("doctor")
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    return done.returncode, {head[6:]: (head[:5].strip(), tail) for head, _, tail in lines}


def bring(workspace, path, days, password="theirs"):
    """A certificate of the issuing CA for `days` from yesterday on, as an authority sends it."""
    secret = password_of(workspace.certs)
    above = read_key(workspace.certs / "issuing.p12", secret)
    subject = read_key(workspace.certs / "seals" / f"{SEAL}.p12", secret).certificate.subject
    key, start = new_key("ecdsa-p256"), dt.datetime.now(dt.UTC) - dt.timedelta(days=5 * 365 - days)
    own = certify(SEAL_PROFILE, subject, key, Issuer("issuing", above.certificate, above.key), "", start)
    return write_key(path, password, key, (own, *above.chain)).path


def test_renewed_listed_and_revoked(own):
    assert f"{SEAL}@2.p12" in own.run("pki", "renew", SEAL, check=True).stdout
    own.run("pki", "renew", SEAL, "--from", "2030-01-01", check=True)
    shown = listed(own)
    assert [name for name in shown if SEAL in name] == [f"{SEAL}@2", SEAL, f"{SEAL}@3"]
    assert shown[f"{SEAL}@2"].startswith("in use, until")
    assert shown[f"{SEAL}@3"].startswith("to be used from 2029-12-31"), "midnight in China"
    assert shown["tsa"].startswith("until")
    assert "revoked" in own.run("pki", "revoke", f"{SEAL}@2", "--reason", "keyCompromise", check=True).stdout
    shown = listed(own)
    assert shown[SEAL].startswith("in use")
    assert shown[f"{SEAL}@2"].startswith("revoked on")


@pytest.mark.parametrize(
    "words",
    [
        ("renew", "SEAL-9"),
        ("renew", SEAL, "--from", "2060-01-01"),
        ("import", "SEAL-9", "x.p12", "--password-file", "pyproject.toml"),
        ("import", SEAL, "none.p12", "--password-file", "pyproject.toml"),
        ("import", SEAL, "none.p12", "--password-file", "none"),
        ("revoke", "SEAL-9"),
        ("revoke", SEAL, "--reason", "because"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(own, words):
    done = own.run("pki", *words)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "；" in done.stderr or "can't be read" in done.stderr


@pytest.mark.office
def test_the_doctor_warns_ahead_and_finds_what_is_wrong(own, tmp_path):
    own.extra["DOCSVC_EXPIRY_WARNING_DAYS"] = "40"
    secret = tmp_path / "secret"
    secret.write_text("theirs\n")
    ending = bring(own, tmp_path / "ending.p12", 35)
    for path in (own.certs / "seals").glob(f"{SEAL}.*"):
        path.unlink()
    own.run("pki", "import", SEAL, ending, "--password-file", secret, check=True)
    code, found = diagnosed(own)
    assert code == 0, found
    assert found[f"seal {OTHER}"][0] == "ok"
    assert found[f"certificate {OTHER}"][1].endswith("not revoked")
    assert found[f"certificate {SEAL}"][0] == "WARN", "it names nobody to ask"
    level, words = found[f"seal {SEAL}"]
    assert (level, "nothing follows after" in words) == ("WARN", True)
    own.run("pki", "renew", SEAL, check=True)
    found = diagnosed(own)[1]
    assert (found[f"seal {SEAL}"][0], found[f"certificate {SEAL}@2"][0]) == ("ok", "ok")

    (own.certs / "seals" / f"{OTHER}@2.p12").write_bytes(b"not a key")
    own.run("pki", "revoke", f"{SEAL}@2", check=True)
    own.run("pki", "revoke", SEAL, check=True)
    code, found = diagnosed(own)
    assert code == 1
    assert found[f"key {OTHER}@2.p12"][0] == "FAULT"
    assert found[f"seal {OTHER}"][0] == "ok"
    assert found[f"certificate {SEAL}"][1].startswith("revoked on")
    assert found[f"seal {SEAL}"] == ("FAULT", "没有可用的证书；none of its certificates can be used now")


@pytest.mark.office
def test_a_case_is_not_sealed_with_what_must_not_be_used(own, tmp_path):
    own.run("pki", "revoke", SEAL, "--reason", "keyCompromise", check=True)
    path = write_case(tmp_path, "a", case("advice"))
    done = own.run("issue", path, "--out", tmp_path / "out", "--json")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert SEAL in said
    assert "was revoked on" in said
    assert "pki renew" in said
    assert "Traceback" not in said
    own.run("pki", "renew", SEAL, check=True)
    done = own.run("issue", path, "--out", tmp_path / "out", "--json", check=True)
    assert json.loads(done.stdout)["state"] == "recorded"
