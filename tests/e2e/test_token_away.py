"""The token is pulled out in the middle of a batch: nothing half signed, and all goes on when it is back."""

from __future__ import annotations

import json
import time

import pytest

from tests.support.stack import embedded
from tests.support.tokens import PIN, make_token
from tests.support.workspace import Workspace

pytestmark = [pytest.mark.office, pytest.mark.slow]

DOCUMENTS = 8
PATIENCE_S = 240
SEAL = "SEAL-TEST-MKT"


@pytest.fixture
def token(tmp_path):
    return make_token(tmp_path / "token")


@pytest.fixture
def service(tmp_path, token):
    """The whole service with keys of its own, the seal's in the token."""
    workspace = Workspace(tmp_path / "service" / "data", tmp_path / "certs", dict(token.environment))
    workspace.run("pki", "init", "--algorithm", "ecdsa-p256", check=True)
    made = workspace.run("pki", "enrol", SEAL, "--algorithm", "rsa-2048", check=True)
    assert PIN not in made.stdout + made.stderr
    (workspace.certs / "seals" / f"{SEAL}.p12").unlink()  # nothing falls back to it
    with embedded(tmp_path / "service", workspace.certs, **token.environment) as stack:
        yield stack


def until(reached):
    finish = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < finish, "not in time"
        time.sleep(0.2)


def signed_objects(service):
    return {
        path.parent.name + path.name
        for path in service.workspace.objects()
        if path.parent.parent.name == "sha256" and b"/ByteRange" in path.read_bytes()
    }


def test_documents_wait_for_a_token_that_is_away_and_go_on_when_it_is_back(service, token, tmp_path):
    rows = service.workspace.rows
    api = service.api("demo-market")
    for n in range(DOCUMENTS):
        assert api.post(service.case("reminder"), f"posted-{n}").status_code in (201, 202)
    until(lambda: rows("SELECT count(*) FROM documents WHERE state IN ('sealed', 'recorded')")[0][0] >= 2)
    before = service.pid("serve"), service.pid("worker")
    token.pull_out()
    until(lambda: not rows("SELECT 1 FROM documents WHERE reason IS NULL AND state IN ('accepted', 'rendering')"))

    waiting = rows("SELECT state, reason, retryable, signed_sha256 FROM documents WHERE reason IS NOT NULL")
    assert waiting, "the machine was too fast for this test: raise DOCUMENTS"
    for state, reason, retryable, signed in waiting:
        assert (state, retryable, signed) == ("accepted", 1, None)
        assert "令牌 seals 没有响应" in reason
        assert "does not answer" in reason
        assert PIN not in reason
    made = {row[0] for row in rows("SELECT signed_sha256 FROM documents WHERE signed_sha256 IS NOT NULL")}
    assert signed_objects(service) == made
    doctor = service.run("doctor", check=False)
    assert doctor.returncode == 1
    assert f"FAULT seal {SEAL} (pkcs11): 令牌" in doctor.stdout

    token.put_back()
    until(lambda: rows("SELECT count(*) FROM documents WHERE state = 'recorded'") == [(DOCUMENTS,)])
    assert (service.pid("serve"), service.pid("worker")) == before, "something was restarted"
    assert len(signed_objects(service)) == DOCUMENTS
    files = []
    for (number,) in rows("SELECT number FROM documents"):
        service.run("evidence", number, "--out", tmp_path / "out")
        files.append(tmp_path / "out" / f"{number}.pdf")
    service.run("verify", *files)

    report = json.loads(service.run("seals", "report", SEAL, "--json").stdout)
    kept = [use for use in report["uses"] if use["state"] == "kept"]
    assert (report["door"], report["unsettled"], len(kept)) == ("pkcs11", 0, DOCUMENTS)
    assert {use["signed_sha256"] for use in kept} == signed_objects(service)
    assert {use["asked_by"]["kind"] for use in kept} == {"client"}
    # The next key, made in the token while the service runs, seals the next document.
    made = service.run("pki", "enrol", SEAL, "--algorithm", "ecdsa-p256")
    assert f"{SEAL}@2.pem" in made.stdout
    api.issue(service.case("reminder"))
    *_, last = json.loads(service.run("seals", "report", SEAL, "--json").stdout)["uses"]
    assert last["certificate_sha256"] not in {use["certificate_sha256"] for use in report["uses"]}
    report["uses"].append(last)

    told = rows("SELECT count(*) FROM events WHERE type = 'seal.used'")
    assert told == [(len(report["uses"]),)]
    assert PIN not in service.logs()
