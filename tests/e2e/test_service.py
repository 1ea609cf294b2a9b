"""The stories of systems and operators, over real HTTP, on both ways to run."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import io
import json
import re
import secrets
import signal
import time
import zipfile

import pytest
import requests

from docsvc.domain.job import MAX_ATTEMPTS
from tests.support.cases import TYPES
from tests.support.workspace import STANDARD, case

pytestmark = [pytest.mark.office, pytest.mark.slow]


@pytest.fixture(scope="session")
def advice(stack):
    """One document that many tests look at and none changes."""
    return stack.api("demo-market").issue(stack.case("advice"))


@pytest.mark.parametrize("doc_type", STANDARD)
def test_a_case_becomes_a_document_that_stands_every_check(stack, doc_type, tmp_path):
    api = stack.api("demo-market")
    posted = stack.case(doc_type)
    answer = api.post(posted, wait=60)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Preference-Applied"] == "wait=60"
    document = answer.json()
    assert answer.headers["Location"] == f"/api/v1/documents/{document['id']}"
    assert (document["state"], document["doc_type"], document["agency"]) == ("recorded", doc_type, "demo-market")
    assert document["party_name"] == posted["party"]["name"]
    assert document["issue_date"] == posted["issue_date"]
    assert document["pades"] == {"target": "B-LTA", "achieved": "B-LTA", "shortfall": None}
    assert document["log"]["index"] < document["log"]["checkpoint_size"]
    assert api.document(document["id"]) | {"log": None} == document | {"log": None}

    pdf = api.get(f"/documents/{document['id']}/content")
    assert pdf.status_code == 200
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert (len(pdf.content), hashlib.sha256(pdf.content).hexdigest()) == (document["size"], document["sha256"])
    evidence = api.get(f"/documents/{document['id']}/evidence")
    assert (evidence.status_code, evidence.headers["Content-Type"]) == (200, "application/zip")
    (tmp_path / "d.pdf").write_bytes(pdf.content)
    (tmp_path / "e.zip").write_bytes(evidence.content)
    report = stack.run(
        "verify", tmp_path / "d.pdf", "--evidence", tmp_path / "e.zip", "--trust", stack.trust, "--json"
    )
    assert json.loads(report.stdout)["indication"] == "TOTAL-PASSED"
    over_http = api.call(
        "POST",
        "/verifications",
        files={"file": ("d.pdf", pdf.content), "evidence": ("e.zip", evidence.content)},
    )
    assert over_http.status_code == 200, over_http.text
    assert over_http.json()["indication"] == "TOTAL-PASSED"

    docx = api.get(f"/documents/{document['id']}/docx")
    assert docx.status_code == 200
    assert "word/document.xml" in zipfile.ZipFile(io.BytesIO(docx.content)).namelist()
    picture = api.get(f"/documents/{document['id']}/preview/1.png")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert api.get(f"/documents/{document['id']}/preview/99.png").status_code == 404


def test_every_download_is_an_event_of_the_log(stack):
    api, auditor = stack.api("demo-market"), stack.api(None, ["documents:read"])
    document = api.issue(stack.case("reminder"))
    api.get(f"/documents/{document['id']}/content")
    auditor.get(f"/documents/{document['id']}/evidence")
    auditor.get(f"/documents/{document['id']}/preview/1.png")  # a look is no download
    end = time.monotonic() + 30
    while True:
        events = api.get(f"/documents/{document['id']}/events").json()["events"]
        if all(e["log_index"] is not None for e in events) or time.monotonic() > end:
            break
        time.sleep(0.1)
    types = [e["type"] for e in events]
    made = ["document.accepted", "seal.used", "document.sealed"]
    assert types == [*made, "document.delivered", "document.delivered"]
    accepted, used, sealed, one, other = events
    assert used["by"] == accepted["by"]
    assert accepted["by"]["kind"] == "client"
    assert sealed["by"] is None
    assert one["by"] == accepted["by"] != other["by"]
    indices = [e["log_index"] for e in events]
    assert indices == sorted(indices)
    assert len(set(indices)) == 5


def test_ranges_digests_and_conditions(stack, advice):
    api, path = stack.api("demo-market"), f"/documents/{advice['id']}/content"
    whole = api.get(path)
    digest = base64.b64encode(hashlib.sha256(whole.content).digest()).decode()
    assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert whole.headers["ETag"] == f'"{advice["sha256"]}"'
    name = re.search(r"filename\*=UTF-8''([^;]+)", whole.headers["Content-Disposition"])
    assert name is not None
    assert requests.utils.unquote(name[1]) == f"{advice['number']}.pdf"
    half = len(whole.content) // 2
    parts = [api.get(path, headers={"Range": r}) for r in (f"bytes=0-{half - 1}", f"bytes={half}-")]
    assert [p.status_code for p in parts] == [206, 206]
    assert b"".join(p.content for p in parts) == whole.content
    assert parts[0].headers["Content-Range"] == f"bytes 0-{half - 1}/{len(whole.content)}"
    assert {p.headers["Repr-Digest"] for p in parts} == {whole.headers["Repr-Digest"]}
    assert api.get(path, headers={"Range": "bytes=-7"}).content == whole.content[-7:]
    assert api.get(path, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    other = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert api.get(path, headers=other).content == whole.content

    delivered = len(api.get(f"/documents/{advice['id']}/events").json()["events"])
    unchanged = api.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert api.get(path, headers={"If-Match": '"another"'}).status_code == 412
    head = api.call("HEAD", path)
    assert (head.status_code, int(head.headers["Content-Length"])) == (200, len(whole.content))
    assert len(api.get(f"/documents/{advice['id']}/events").json()["events"]) == delivered


def test_the_same_key_is_the_same_document(stack):
    api, key, posted = stack.api("demo-market"), secrets.token_hex(8), stack.case("advice")
    first = api.post(posted, key, wait=60)
    assert first.status_code == 201
    again = api.post(posted, key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = api.post(stack.case("advice"), key)
    assert other.status_code == 422
    assert other.headers["Content-Type"] == "application/problem+json"
    # The same facts under another key are the same document too.
    assert api.post(posted).json()["number"] == first.json()["number"]


def test_many_at_once_with_one_key_are_one_document(stack):
    api, key = stack.api("demo-market"), secrets.token_hex(8)
    body = json.dumps(stack.case("advice"), ensure_ascii=False).encode()
    before = stack.rows("SELECT count(*) FROM documents")[0][0]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: stack.api("demo-market").post(body, key), range(24)))
    assert {a.status_code for a in answers} <= {201, 202, 409}
    assert all("Retry-After" in a.headers for a in answers if a.status_code == 409)
    made = {a.json()["id"] for a in answers if a.status_code != 409}
    assert len(made) == 1
    assert stack.rows("SELECT count(*) FROM documents")[0][0] == before + 1
    api.until_ends(made.pop())


def test_a_refused_case_leaves_nothing_and_its_key_is_free(stack):
    api, key = stack.api("demo-market"), secrets.token_hex(8)
    good = stack.case("reminder")
    bad = good | {"officers": good["officers"][:1]}
    tables = ("documents", "events", "jobs", "postings", "counters")

    def counts():
        return [stack.rows(f"SELECT count(*) FROM {table}") for table in tables] + stack.rows(
            "SELECT coalesce(sum(last), 0) FROM counters"
        )

    before = counts()
    refused = api.post(bad, key)
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    (error,) = refused.json()["errors"]
    assert error["rule"] == "G01"
    assert error["pointer"].startswith("/officers")
    assert re.search(r"[\u4e00-\u9fff]", error["message"])
    assert error["message_en"].isascii()
    assert counts() == before
    assert api.post(good, key, wait=60).status_code == 201


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "application/json"}, 400),  # no Idempotency-Key
        (b"{}", {"Content-Type": "text/plain", "Idempotency-Key": "k"}, 415),
        (b"{", {"Content-Type": "application/json", "Idempotency-Key": "k"}, 422),
        (b"[" * 100_000, {"Content-Type": "application/json", "Idempotency-Key": "k"}, 422),
        (b'{"a":1,"a":2}', {"Content-Type": "application/json", "Idempotency-Key": "k"}, 422),
        (b'{"doc_type":"\\ud800"}', {"Content-Type": "application/json", "Idempotency-Key": "k"}, 422),
        (b" " * 3_000_000, {"Content-Type": "application/json", "Idempotency-Key": "k"}, 413),
    ],
)
def test_what_is_no_case_is_refused_as_a_problem(stack, body, headers, status):
    answer = stack.api("demo-market").call("POST", "/documents", data=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_another_agency_s_document_is_not_there(stack, advice):
    stranger = stack.api("demo-enforcement")
    own = stranger.issue(stack.case("advice", "demo-enforcement"))
    for what in ("", "/content", "/docx", "/evidence", "/events", "/preview/1.png"):
        theirs, nobodys = (
            stranger.get(f"/documents/{i}{what}") for i in (advice["id"], "00000000-0000-0000-0000-000000000000")
        )
        assert (theirs.status_code, nobodys.status_code) == (404, 404), what
        same = ("type", "title", "detail", "detail_en")
        assert [theirs.json()[k] for k in same] == [nobodys.json()[k] for k in same]
    voided = stranger.call("POST", f"/documents/{advice['id']}/void", json={"reason": "不是我的"})
    assert voided.status_code == 404
    found = stranger.get("/documents", params={"limit": 200}).json()["documents"]
    assert own["id"] in {d["id"] for d in found}
    assert {d["agency"] for d in found} == {"demo-enforcement"}
    assert stranger.get("/documents", params={"agency": "demo-market"}).json()["documents"] == []
    assert stranger.get("/documents", params={"number": advice["number"]}).json()["documents"] == []
    foreign = stranger.post(stack.case("advice", "demo-market"))
    assert foreign.status_code == 403
    assert stack.api("demo-market").document(advice["id"])["state"] == "recorded"


def test_search_walks_through_everything_once(stack):
    api = stack.api("demo-market")
    posted = [stack.case("reminder") for _ in range(5)]
    ids = [api.post(c).json()["id"] for c in posted]
    for each in ids:
        api.until_ends(each)
    seen, page = [], api.get("/documents", params={"limit": 2, "type": "reminder"})
    while True:
        seen += [d["id"] for d in page.json()["documents"]]
        if not (following := page.links.get("next")):
            break
        page = api.session.get(f"{stack.base_url}{following['url']}", timeout=30)
    assert len(seen) == len(set(seen))
    assert seen == [
        d[0]
        for d in stack.rows(
            "SELECT id FROM documents WHERE doc_type = 'reminder' AND agency_id = 'demo-market'"
            " ORDER BY created_at DESC, id DESC"
        )
    ]
    number = api.document(ids[0])["number"]
    assert [d["id"] for d in api.get("/documents", params={"number": number}).json()["documents"]][-1] == ids[0]
    assert api.get("/documents", params={"cursor": "bm90IG91cnM"}).status_code == 400
    assert api.get("/documents", params={"number": "%"}).json()["documents"] == []


def test_a_voided_document_keeps_its_number_for_good(stack):
    api = stack.api("demo-market")
    posted = stack.case("interview_notice")
    document = api.issue(posted)
    path = f"/documents/{document['id']}"
    assert api.call("POST", f"{path}/void", json={"reason": " "}).status_code in (400, 422)
    voided = api.call("POST", f"{path}/void", json={"reason": "当事人名称有误"})
    assert voided.status_code == 200, voided.text
    assert (voided.json()["state"], voided.json()["reason"]) == ("voided", "当事人名称有误")
    assert voided.json()["number"] == document["number"]
    assert api.call("POST", f"{path}/void", json={"reason": "当事人名称有误"}).status_code == 200
    assert api.call("POST", f"{path}/void", json={"reason": "另一个理由"}).status_code == 409
    after = api.issue(stack.case("interview_notice"))
    assert after["number"] != document["number"]
    types = [e["type"] for e in api.get(f"{path}/events").json()["events"]]
    assert types[-1] == "document.voided"
    # The paper exists: whoever may see the document can still check it.
    pdf = api.get(f"{path}/content")
    assert hashlib.sha256(pdf.content).hexdigest() == document["sha256"]
    assert stack.run("log", "fsck", check=False).returncode == 0
    assert api.document(document["id"])["state"] == "voided"


def test_the_published_log_is_checked_over_http_by_anyone(stack, advice):
    assert advice["log"] is not None
    for where in (f"{stack.base_url}/log", f"{stack.base_url}/api/v1/log"):
        vkey = (stack.trust / "log.vkey").read_text().strip()
        checked = stack.run("log", "check", where, "--key", vkey, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    note = requests.get(f"{stack.base_url}/log/checkpoint", timeout=10)
    assert note.headers["Content-Type"].startswith("text/plain")
    tile = requests.get(f"{stack.base_url}/log/tile/0/999", timeout=10)
    assert tile.status_code == 404
    for path in ("..%2f..%2fsha256", "tile/../checkpoint", "%2e%2e/objects", "tile/entries/-1"):
        # Not through requests: that would tidy the path up.
        wire = http.client.HTTPConnection(stack.address, timeout=10)
        wire.request("GET", f"/log/{path}")
        assert wire.getresponse().status in (400, 404), path
        wire.close()


def test_the_audit_finds_nothing(stack, advice):
    assert advice["state"] == "recorded"
    audit = stack.run("log", "fsck", check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_metrics_say_what_happens_and_of_nobody(stack, advice):
    text = requests.get(f"{stack.base_url}/metrics", timeout=20).text
    recorded = [line for line in text.splitlines() if "recorded" in line and not line.startswith("#")]
    assert any(float(line.rsplit(" ", 1)[1]) >= 1 for line in recorded), text
    assert "/documents/<" in text or "/documents/{" in text
    for private in (advice["id"], advice["party_name"], "demo-market", advice["number"]):
        assert private not in text


def test_a_store_that_is_away_leaves_a_reason_and_a_retry_finishes(stack):
    api = stack.api("demo-market")
    with store_away(stack):
        waiting = api.post(stack.case("advice"))
        assert waiting.status_code == 202, waiting.text
        document_id = waiting.json()["id"]
        until(lambda: api.document(document_id)["reason"])
        first = api.document(document_id)
        assert (first["state"], first["retryable"], first["log"]) == ("accepted", True, None), first
        # As after a quarter of an hour of this: one attempt is left.
        stack.alter(f"UPDATE documents SET attempts = {MAX_ATTEMPTS - 1} WHERE id = '{document_id}'")
        failed = api.until_ends(document_id, "failed")
        assert failed["reason"]
        listed = stack.run("jobs", "list", "--failed").stdout
        assert failed["number"] in listed
        assert failed["reason"] in listed
    assert stack.run("jobs", "retry", failed["number"]).stdout.split() == [failed["number"], "accepted"]
    done = api.until_ends(document_id)
    assert (done["number"], done["reason"]) == (first["number"], None)
    assert failed["number"] not in stack.run("jobs", "list").stdout
    assert stack.run("jobs", "retry", done["number"], check=False).returncode == 1


def until(ready, patience_s=90):
    end = time.monotonic() + patience_s
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


@contextlib.contextmanager
def store_away(stack):
    """The worker can't reach its objects; all else works."""
    if stack.way == "embedded":
        folder = stack.workspace.data / "objects" / "sha256"
        away = folder.with_name("away")
        if folder.exists():
            folder.rename(away)
        folder.write_bytes(b"")
        try:
            yield
        finally:
            folder.unlink()
            if away.exists():
                away.rename(folder)
        return
    good = stack.workspace.extra["DOCSVC_S3_ENDPOINT"]
    stack.stop("worker")
    stack.workspace.extra |= {"DOCSVC_S3_ENDPOINT": "127.0.0.1:9", "DOCSVC_S3_TIMEOUT_S": "2"}
    stack.launch("worker")
    try:
        yield
    finally:
        stack.workspace.extra["DOCSVC_S3_ENDPOINT"] = good
        del stack.workspace.extra["DOCSVC_S3_TIMEOUT_S"]
        stack.stop("worker")
        stack.start("worker")


def test_a_dead_broker_is_said_and_loses_nothing(stack):
    if stack.broker is None:
        pytest.skip("folders have no server that could die")
    api = stack.api("demo-market")
    stack.broker.kill()
    try:
        ready = requests.get(f"{stack.base_url}/readyz", timeout=30)
        parts = {part["name"]: part["status"] for part in ready.json()["parts"]}
        assert parts["broker"] != "ok"
        assert {v for k, v in parts.items() if k != "broker"} == {"ok"}, ready.text
        assert requests.get(f"{stack.base_url}/healthz", timeout=10).status_code == 200
        posted = [api.post(stack.case("reminder")) for _ in range(3)]
        assert [p.status_code for p in posted] == [202] * 3
    finally:
        stack.broker.start()
    for each in posted:
        assert api.until_ends(each.json()["id"])["number"] == each.json()["number"]
    stack.until_ready()


def test_a_graceful_stop_loses_nothing_and_leaves_nothing_behind(stack):
    api = stack.api("demo-market")
    posted = [api.post(stack.case("advice")) for _ in range(6)]
    assert [p.status_code for p in posted] == [202] * 6
    how = signal.SIGINT if stack.way == "embedded" else signal.SIGTERM
    codes = stack.stop(how=how)
    assert set(codes.values()) == {0}, (codes, stack.logs())
    assert stack.processes() == []
    # What was begun was finished: nobody holds anything.
    assert stack.rows("SELECT count(*) FROM jobs WHERE holder IS NOT NULL") == [(0,)]
    assert stack.rows("SELECT count(*) FROM documents WHERE state = 'rendering'") == [(0,)]
    stack.start()
    for each in posted:
        document = api.until_ends(each.json()["id"])
        assert (document["number"], document["reason"]) == (each.json()["number"], None)


def test_waiting_is_not_needed(stack):
    api = stack.api("demo-market")
    answer = api.post(stack.case("no_penalty_decision"))
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers
    location = f"{stack.base_url}{answer.headers['Location']}"
    end = time.monotonic() + 60
    while (now := api.session.get(location, timeout=10).json())["state"] != "recorded" and time.monotonic() < end:
        assert api.get(f"/documents/{now['id']}/evidence").status_code in (200, 409)
        time.sleep(0.1)
    assert now["state"] == "recorded", now


def test_schemas_say_what_the_service_takes(stack):
    listed = requests.get(f"{stack.base_url}/api/v1/templates", timeout=10).json()["templates"]
    assert {t["doc_type"] for t in listed} == set(TYPES)
    import jsonschema

    for each in listed:
        schema = requests.get(f"{stack.base_url}/api/v1/templates/{each['doc_type']}/schema", timeout=10).json()
        jsonschema.Draft202012Validator(schema).validate(case(each["doc_type"]))
