"""An interview record in an envelope: signed by the party's hand and three officers' certificates, then sealed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import requests

from tests.support.signing import SIGN, Officer, Signatures, Visitor

pytestmark = [pytest.mark.office, pytest.mark.slow]


@pytest.fixture(scope="module")
def people(stack):
    """The officers of the sample, by their field."""
    certs = stack.certs["worker"]
    return {
        "Officer": Officer.of(certs, "陈测甲", "TEST33099900001"),
        "Officer2": Officer.of(certs, "王测乙", "TEST33099900002"),
        "Recorder": Officer.of(certs, "郑测戊", "TEST33099900005"),
    }


@pytest.fixture
def api(stack):
    return stack.api(scopes=SIGN)


@pytest.fixture
def round_(stack, api):
    """An interview record that waits for its party."""
    document = api.send_round(stack.case("interview_record"))
    return document, Signatures(api, document["id"])


def signed_by_party(stack, signatures, field="Party"):
    link = signatures.link(field).json()
    visitor = Visitor(stack.base_url)
    assert visitor.open(link["url"]).status_code == 200
    done = visitor.draw(link["code"])
    assert (done.status_code, done.url) == (200, f"{stack.base_url}/sign/done"), done.text
    return until_signed(signatures, field)


def until_signed(signatures, field):
    for _ in range(600):
        slot = signatures.one(field)
        if slot["state"] != "given":
            break
        requests.utils.time.sleep(0.1) if hasattr(requests.utils, "time") else __import__("time").sleep(0.1)
    assert slot["state"] == "signed", slot
    return slot


def verdict(stack, folder, api, document_id):
    """What the offline check says of the file and its evidence."""
    for name in ("content", "evidence"):
        (folder / name).write_bytes(api.get(f"/documents/{document_id}/{name}").content)
    words = ["verify", folder / "content", "--evidence", folder / "evidence", "--trust", stack.trust, "--json"]
    command = [sys.executable, "-m", "docsvc", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def test_all_sign_in_turn_and_the_seal_comes_last(stack, api, round_, people, tmp_path):
    document, signatures = round_
    assert [(s["field"], s["turn"]) for s in signatures.list()] == [
        ("Party", True),
        ("Officer", False),
        ("Officer2", False),
        ("Recorder", False),
    ]
    assert api.get(f"/documents/{document['id']}/content").status_code == 409
    assert api.get(f"/documents/{document['id']}/preview/1.png").status_code == 200

    assert signed_by_party(stack, signatures)["level"] == "B-T"
    assert signatures.signed_by("Officer", people["Officer"])["level"] == "B-T"
    signatures.signed_by("Officer2", people["Officer2"])
    prepared = signatures.prepare("Recorder", people["Recorder"]).json()
    answer = signatures.give("Recorder", prepared["id"], cms=people["Recorder"].cms(prepared))
    assert answer.status_code == 200, answer.text

    made = api.until_ends(document["id"])
    assert made["pades"] == {"target": "B-LTA", "achieved": "B-LTA", "shortfall": None}
    report = verdict(stack, tmp_path, api, document["id"])
    assert report["indication"] == "TOTAL-PASSED", report
    fields = [s["field"] for s in report["signatures"] if s["kind"] == "signature"]
    assert fields == ["Party", "Officer", "Officer2", "Recorder", "Seal"]
    told = [e["type"] for e in api.get(f"/documents/{document['id']}/events").json()["events"]]
    assert told[:6] == ["document.accepted", *["document.signed"] * 4, "document.sealed"]
