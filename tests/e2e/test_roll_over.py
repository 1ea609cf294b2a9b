"""A seal's certificate is rolled over while the service works: nothing fails, and all of it verifies."""

from __future__ import annotations

import io
import shutil
import threading
import zipfile

import pytest
import requests
from cryptography import x509

from docsvc.adapters.pades.achieved import held_by
from tests.support.stack import WAYS, distributed, embedded
from tests.support.workspace import make_keys

pytestmark = [pytest.mark.office, pytest.mark.slow]

SEAL = "SEAL-TEST-MKT"


@pytest.fixture(params=WAYS)
def own_stack(request, tmp_path):
    """The service with keys of its own."""
    if request.param == "embedded":
        with embedded(tmp_path / "service", make_keys(tmp_path / "keys")) as running:
            yield running
    else:
        servers = [request.getfixturevalue(name) for name in ("postgres_server", "rabbit_server", "s3_server")]
        with distributed(tmp_path / "service", servers[0].create_database(), *servers[1:]) as running:
            yield running


def renew(stack):
    """As an operator does; where each process has a folder of its own, what it may hold is handed to it."""
    assert f"{SEAL}@2.p12" in stack.run("pki", "renew", SEAL).stdout
    if stack.way == "distributed":
        whole = stack.certs["web"].parent / "all"
        for process in ("scheduler", "worker"):
            shutil.copytree(whole / "issued", stack.certs[process] / "issued", dirs_exist_ok=True)
        for process in ("web", "scheduler", "worker"):
            shutil.copy(whole / "seals" / f"{SEAL}@2.pem", stack.certs[process] / "seals")
        shutil.copy(whole / "seals" / f"{SEAL}@2.p12", stack.certs["worker"] / "seals")


def withdraw(stack, name):
    stack.run("pki", "revoke", name, "--reason", "superseded")
    if stack.way == "distributed":
        whole = stack.certs["web"].parent / "all"
        for process in ("web", "scheduler", "worker"):
            shutil.copy(whole / "seals" / f"{name}.revoked", stack.certs[process] / "seals")
        for process in ("scheduler", "worker"):
            shutil.copy(whole / "revoked.json", stack.certs[process])


def keys_part(stack):
    answer = requests.get(f"{stack.base_url}/readyz", timeout=20)
    (part,) = (p for p in answer.json()["parts"] if p["name"] == "keys")
    return answer.status_code, part


def listed(stack):
    """Name to serial number of the seal's certificates, the one in use first."""
    rows = [line.split("\t") for line in stack.run("pki", "list").stdout.splitlines()]
    return {row[1]: int(row[2], 16) for row in rows if row[0] == "seal" and row[1].split("@")[0] == SEAL}


def sealed_by(pdf):
    return x509.load_der_x509_certificate(held_by(pdf).seal_chains[0][0]).serial_number


def test_rolled_over_under_load(own_stack):
    stack = own_stack
    (before,) = listed(stack).values()
    api = stack.api("demo-market")
    cases = iter([stack.case("advice") for _ in range(60)])
    made, faults, enough, lock = [], [], threading.Event(), threading.Lock()

    def work():
        try:
            while not enough.is_set():
                with lock:
                    case = next(cases, None)
                if case is None:
                    return
                document = stack.api("demo-market").issue(case)
                pdf = api.get(f"/documents/{document['id']}/content").content
                with lock:
                    made.append((document, pdf))
        except BaseException as e:
            faults.append(e)
            raise

    def until(condition):
        while not condition() and any(worker.is_alive() for worker in workers):
            enough.wait(0.1)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        until(lambda: len(made) >= 2)
        renew(stack)
        until(lambda: any(sealed_by(pdf) != before for _, pdf in list(made)))
    finally:
        enough.set()
        for worker in workers:
            worker.join()
    assert faults == []

    names = listed(stack)
    assert list(names) == [f"{SEAL}@2", SEAL], "the one in use first"
    after = names[f"{SEAL}@2"]
    assert {sealed_by(pdf) for _, pdf in made} == {before, after}
    assert all(document["pades"]["achieved"] == "B-LTA" for document, _ in made)
    status, part = keys_part(stack)
    assert (status, part["status"]) == (200, "ok")

    withdraw(stack, SEAL)
    document = api.issue(stack.case("reminder"))
    assert sealed_by(api.get(f"/documents/{document['id']}/content").content) == after
    for serial in (before, after):
        document, pdf = next(pair for pair in made if sealed_by(pair[1]) == serial)
        bundle = api.get(f"/documents/{document['id']}/evidence").content
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            shown = [archive.read(n) for n in sorted(archive.namelist()) if n.startswith("certificates/")]
        serials = [x509.load_pem_x509_certificate(pem).serial_number for pem in shown]
        assert {before, after} < set(serials)
        checked = api.call("POST", "/verifications", files={"file": ("d.pdf", pdf), "evidence": ("e.zip", bundle)})
        assert checked.json()["indication"] == "TOTAL-PASSED", checked.text


def test_the_only_certificate_withdrawn_bars_the_seal_until_there_is_another(own_stack):
    stack = own_stack
    api = stack.api("demo-market")
    withdraw(stack, SEAL)
    status, part = keys_part(stack)
    assert (status, part["status"]) == (200, "degraded"), "the other agency's seal goes on"
    assert f"{SEAL} (revoked)" in part["detail_en"]
    answer = api.post(stack.case("advice"), wait=3)
    assert answer.status_code == 202, answer.text
    waiting = api.document(answer.json()["id"])
    assert waiting["state"] in ("accepted", "rendering")
    diagnosis = stack.run("doctor", check=False)
    assert diagnosis.returncode == 1
    assert f"FAULT seal {SEAL}: " in diagnosis.stdout
    renew(stack)
    document = api.until_ends(waiting["id"])
    assert document["pades"]["achieved"] == "B-LTA"
    assert keys_part(stack)[1]["status"] == "ok"
