"""An interview record in an envelope: signed by the party's hand and three officers' certificates, then sealed."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

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
        time.sleep(0.1)
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
    assert [t for t in told if t.startswith("document.")][:6] == [
        "document.accepted",
        *["document.signed"] * 4,
        "document.sealed",
    ]


def test_who_refuses_is_noted_and_the_witness_signs_for_it(stack, api, round_, people, tmp_path):
    document, signatures = round_
    bare = signatures.refuse("Party", reason="认为无须签名")
    assert (bare.status_code, bare.json()["errors"][0]["rule"]) == (422, "I05")
    noted = signatures.refuse(
        "Party", reason="认为无须签名", witness={"name": "钱见证", "relation": "社区工作人员"}
    )
    assert (noted.status_code, noted.json()["state"], noted.json()["signs_by"]) == (200, "waiting", "link")
    link = signatures.link("Party").json()
    visitor = Visitor(stack.base_url)
    shown = visitor.open(link["url"])
    assert "钱见证" in shown.text
    assert "被约谈人拒绝签名。理由：认为无须签名。见证人：钱见证（社区工作人员）。" in shown.text
    assert visitor.draw(link["code"]).status_code == 200
    assert until_signed(signatures, "Party")["refusal"]["witness"] == "钱见证"
    for field, officer in people.items():
        signatures.signed_by(field, officer)
    api.until_ends(document["id"])
    assert verdict(stack, tmp_path, api, document["id"])["indication"] == "TOTAL-PASSED"
    events = api.get(f"/documents/{document['id']}/events").json()["events"]
    assert [e["type"] for e in events][1:4] == ["document.refused", "signature.given", "document.signed"]
    assert events[3]["detail"]["refusal"] == {"reason": "认为无须签名", "witness": "钱见证"}


def test_a_recording_stands_for_a_refusal_by_itself(round_):
    _, signatures = round_
    noted = signatures.refuse("Party", reason="不愿签名", recording="执法记录仪 20261125-07")
    assert (noted.status_code, noted.json()["state"]) == (200, "signed"), noted.text
    assert signatures.one("Officer")["turn"]


def test_a_case_that_tells_of_the_refusal_asks_the_witness(stack, api):
    case = stack.case("interview_record")
    case["body"]["signatures"] = {
        "party_every_page": False,
        "refused": True,
        "refuse_reason": "被约谈人认为无须签名",
        "witness": "钱见证",
    }
    signatures = Signatures(api, api.send_round(case)["id"])
    assert [s["field"] for s in signatures.list()] == ["Witness", "Officer", "Officer2", "Recorder"]
    signed_by_party(stack, signatures, "Witness")


def test_out_of_turn_wrong_certificate_wrong_value(round_, stack, people):
    _, signatures = round_
    early = signatures.prepare("Officer", people["Officer"])
    assert (early.status_code, early.json()["type"]) == (409, "/docs#problem-conflict")
    assert signatures.prepare("Party", people["Officer"]).status_code == 409  # by hand, not by certificate
    assert signatures.link("Nobody").status_code == 404
    signed_by_party(stack, signatures)
    assert signatures.link("Officer").status_code == 409
    assert signatures.refuse("Officer", reason="x", recording="y").status_code == 409

    stranger = signatures.prepare("Officer", people["Officer2"])
    assert (stranger.status_code, stranger.json()["errors"][0]["pointer"]) == (422, "/certificates/0")
    first = signatures.prepare("Officer", people["Officer"]).json()
    second = signatures.prepare("Officer", people["Officer"]).json()
    replaced = signatures.give("Officer", first["id"], value=people["Officer"].value(first))
    assert (replaced.status_code, replaced.json()["type"]) == (409, "/docs#problem-conflict")
    forged = signatures.give("Officer", second["id"], value=people["Officer2"].value(second))
    assert (forged.status_code, forged.json()["errors"][0]["pointer"]) == (422, "/value")
    other = signatures.give("Officer", second["id"], cms=people["Officer2"].cms(second))
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/cms")
    assert signatures.give("Officer", second["id"]).status_code == 422
    assert signatures.give("Officer", second["id"], value="no base64!").status_code == 422

    value = people["Officer"].value(second)
    answers = [signatures.give("Officer", second["id"], value=value) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json()["revision"] == answers[1].json()["revision"]
    late = signatures.give("Officer", second["id"], value=people["Officer"].value(second))
    assert late.status_code == 409  # ECDSA: another value, and it is signed


def test_links_end(round_, stack):
    _, signatures = round_
    older = signatures.link("Party").json()
    link = signatures.link("Party").json()
    assert Visitor(stack.base_url).open(older["url"]).status_code == 410  # replaced
    visitor = Visitor(stack.base_url)
    assert visitor.open(link["url"]).status_code == 200
    wrong = f"{(int(link['code']) + 1) % 10**6:06d}"
    assert visitor.draw(link["code"], picture=b"GIF89a").status_code == 422  # costs no try
    assert [visitor.draw(wrong).status_code for _ in range(5)] == [422] * 4 + [410]
    assert Visitor(stack.base_url).open(link["url"]).status_code == 410  # even with the right code
    assert "验证码连续输错5次" in signatures.one("Party")["fault"]

    link = signatures.link("Party").json()
    visitor = Visitor(stack.base_url)
    visitor.open(link["url"])
    other = Visitor(stack.base_url)
    other.open(link["url"])
    assert visitor.draw(link["code"]).status_code == 200
    assert other.draw(link["code"]).status_code == 410  # used
    assert Visitor(stack.base_url).open(link["url"]).status_code == 410
    until_signed(signatures, "Party")


def test_a_link_expires(round_, stack):
    document, signatures = round_
    link = signatures.link("Party", minutes=1).json()
    age(stack, document["id"], link["expires_at"])
    gone = Visitor(stack.base_url).open(link["url"])
    assert gone.status_code == 410
    assert "已过期" in gone.text


def test_what_was_prepared_expires(round_, stack, people):
    document, signatures = round_
    signed_by_party(stack, signatures)
    prepared = signatures.prepare("Officer", people["Officer"]).json()
    age(stack, document["id"], prepared["expires_at"])
    late = signatures.give("Officer", prepared["id"], value=people["Officer"].value(prepared))
    assert (late.status_code, "已过期" in late.json()["detail"]) == (409, True)


def age(stack, document_id, moment):
    """Put a moment that is kept for the document into the past."""
    ((data,),) = stack.rows(
        f"SELECT data FROM signatures WHERE document_id = '{document_id}' AND data LIKE '%until%'"
    )
    day = moment[:10]
    assert day in data
    stack.alter(
        f'UPDATE signatures SET data = replace(data, \'"until": "{day}\', \'"until": "2026-01-01\')'
        f" WHERE document_id = '{document_id}'"
    )


def test_a_voided_document_is_signed_no_more(round_, stack, api, people):
    document, signatures = round_
    signed_by_party(stack, signatures)
    prepared = signatures.prepare("Officer", people["Officer"]).json()
    voided = api.call("POST", f"/documents/{document['id']}/void", json={"reason": "案件撤销"})
    assert voided.json()["state"] == "voided", voided.text
    late = signatures.give("Officer", prepared["id"], value=people["Officer"].value(prepared))
    assert (late.status_code, late.json()["type"]) == (409, "/docs#problem-conflict")
    document, signatures = api.send_round(stack.case("interview_record")), None
    signatures = Signatures(api, document["id"])
    link = signatures.link("Party").json()
    api.call("POST", f"/documents/{document['id']}/void", json={"reason": "案件撤销"})
    assert Visitor(stack.base_url).open(link["url"]).status_code == 410


def test_only_types_that_name_who_signs_go_round(stack, api):
    refused = api.post(stack.case("advice"), signing="envelope")
    assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (422, "SIGNING")
    sealed = api.issue(stack.case("interview_record"))
    assert (sealed["state"], sealed["signing"]) == ("recorded", "seal")
    assert Signatures(api, sealed["id"]).list() == []


def test_signing_needs_its_scope(round_, stack):
    document, _ = round_
    signatures = Signatures(stack.api(), document["id"])
    assert signatures.link("Party").status_code == 403
    stranger = Signatures(stack.api("demo-enforcement", SIGN), document["id"])
    assert stranger.link("Party").status_code == 404


def test_a_worker_that_is_killed_leaves_no_half_signature(round_, stack, api, people, tmp_path):
    document, signatures = round_
    link = signatures.link("Party").json()
    visitor = Visitor(stack.base_url)
    visitor.open(link["url"])
    visitor.draw(link["code"])
    stack.kill("worker")
    stack.supervised()
    until_signed(signatures, "Party")
    for field, officer in people.items():
        prepared = signatures.prepare(field, officer).json()
        signatures.give(field, prepared["id"], None, value=officer.value(prepared))
        stack.kill("worker")
        stack.supervised()
        until_signed(signatures, field)
    api.until_ends(document["id"])
    report = verdict(stack, tmp_path, api, document["id"])
    assert report["indication"] == "TOTAL-PASSED"
    assert len([s for s in report["signatures"] if s["kind"] == "signature"]) == 5
    assert (
        len({e["detail"].get("field") for e in api.get(f"/documents/{document['id']}/events").json()["events"]})
        == 5
    )
    assert stack.run("log", "fsck").returncode == 0


def test_the_command_line_says_who_has_to_sign(stack, tmp_path):
    case = tmp_path / "case.json"
    case.write_text(json.dumps(stack.case("interview_record"), ensure_ascii=False))
    done = stack.run("issue", "--signing", "envelope", case, "--out", tmp_path / "out")
    assert "awaiting_signatures" in done.stdout
    assert ["Party", "林示例", "waiting"] in [line.split() for line in done.stdout.splitlines()]
    assert list((tmp_path / "out").iterdir()) == []
