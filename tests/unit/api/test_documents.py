"""Posting a case, searching, looking at one document, its history, voiding it."""

from __future__ import annotations

import json
import threading
import uuid
from io import BytesIO

import pytest

from docsvc.api.documents import idempotency_key, preferred_wait
from docsvc.api.problems import FormError
from docsvc.domain.document import State
from docsvc.domain.errors import DatabaseError
from docsvc.usecases.intake import MAX_CASE_BYTES
from tests.support.cases import FOLDER, changed, sample
from tests.support.portal import numbered


def test_an_accepted_case_is_202_with_its_place_and_the_broker_is_told(portal, key):
    r = portal.post_case(key, sample("advice"))
    assert r.status_code == 202
    got = r.get_json()
    assert r.headers["Location"] == f"/api/v1/documents/{got['id']}"
    assert r.headers["Retry-After"] == "1"
    assert "Preference-Applied" not in r.headers
    assert portal.queue.sent == [got["id"]]
    assert (got["state"], got["number"], got["title"]) == ("accepted", "舟示市监行建〔2026〕1号", "行政建议书")
    assert got["log"] is None
    assert got["sha256"] is None
    assert got["pades"] == {"target": "B-LTA", "achieved": None, "shortfall": None}
    assert got["links"]["scan"].endswith(f"/d/{got['id']}")
    version = FOLDER.get(got["doc_type"])
    assert got["template"] == {"type": got["doc_type"], "version": "1", "sha256": version.sha256}


def test_the_event_says_who_posted(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    (accepted,) = portal.get(f"/documents/{document_id}/events", key).get_json()["events"]
    assert accepted["type"] == "document.accepted"
    assert (accepted["by"]["kind"], accepted["by"]["name"]) == ("client", "system 0")


def test_waiting_gives_201_when_it_is_recorded(portal, key):
    def work():
        while not portal.queue.sent:
            pass
        portal.make(portal.queue.sent[0])

    worker = threading.Thread(target=work)
    worker.start()
    r = portal.post_case(key, sample("advice"), Prefer="respond-async, wait=5")
    worker.join()
    assert r.status_code == 201
    assert r.headers["Preference-Applied"] == "wait=5"
    got = r.get_json()
    assert got["state"] == "recorded"
    assert got["log"] == {"index": 1, "checkpoint_size": 2}
    assert r.headers["Location"] == got["links"]["self"]


def test_waiting_is_clipped_and_ends(portal, key):
    r = portal.post_case(key, sample("advice"), Prefer="wait=0")
    assert (r.status_code, r.headers["Preference-Applied"]) == (202, "wait=0")


def test_a_longer_wait_than_is_granted_says_what_was(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    portal.make(document_id)
    r = portal.post_case(key, sample("advice"), Prefer="wait=999999")
    assert (r.status_code, r.headers["Preference-Applied"]) == (201, "wait=5")


def test_nobody_waits_when_too_many_do(portal, key):
    from docsvc.api.route import WAITS

    waits = portal.app.extensions[WAITS]
    taken = 0
    while waits.acquire(blocking=False):
        taken += 1
    r = portal.post_case(key, sample("advice"), Prefer="wait=5")
    assert r.status_code == 202
    assert "Preference-Applied" not in r.headers
    waits.release(taken)


def test_a_failed_document_ends_the_waiting_and_says_why(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    portal.change(document_id, state=State.FAILED, reason="字体缺字", retryable=False)
    r = portal.post_case(key, sample("advice"), Prefer="wait=5")
    assert r.status_code == 202
    assert (r.get_json()["state"], r.get_json()["reason"]) == ("failed", "字体缺字")
    assert "Retry-After" not in r.headers


def test_warnings_are_in_the_answer(portal, key):
    r = portal.post_case(key, sample("interview_record"))
    assert any("不是本系统出具" in w["message"] for w in r.get_json()["warnings"])


# ---- Idempotency-Key


def test_the_same_key_and_body_give_the_same_document_as_it_is_now(portal, key):
    first = portal.post_case(key, sample("advice"))
    portal.make(first.get_json()["id"])
    again = portal.post_case(key, sample("advice"))
    assert again.status_code == 201
    assert again.get_json()["id"] == first.get_json()["id"]
    assert portal.queue.sent == [first.get_json()["id"]]


def test_the_same_key_with_another_body_is_422_and_changes_nothing(portal, key):
    portal.post_case(key, sample("advice"))
    r = portal.post_case(key, numbered(7))
    assert r.status_code == 422
    assert r.get_json()["type"].endswith("key-reused")
    assert len(portal.get("/documents", key).get_json()["documents"]) == 1


def test_keys_are_each_systems_own(portal, key):
    other = portal.key()
    first = portal.post_case(key, sample("advice"))
    second = portal.post_case(other, numbered(7))
    assert first.get_json()["id"] != second.get_json()["id"]


def test_another_key_for_the_same_facts_is_the_same_document(portal, key):
    first = portal.post_case(key, sample("advice"), "one")
    second = portal.post_case(key, dict(reversed(sample("advice").items())), "two")
    assert second.get_json()["id"] == first.get_json()["id"]


def test_a_refused_case_leaves_no_key_behind(portal, key):
    wrong = changed(sample("advice"), {"surprise": 1})
    r = portal.post_case(key, wrong)
    assert r.status_code == 422
    assert r.get_json()["errors"][0]["pointer"] == "/surprise"
    assert {"pointer", "rule", "message", "message_en"} == set(r.get_json()["errors"][0])
    assert portal.post_case(key, sample("advice")).status_code == 202


def test_what_still_runs_is_409_with_a_time_to_come_again(portal, key):
    entered, go_on = threading.Event(), threading.Event()
    undrawable = portal.service.fonts.undrawable

    def slow(text):
        entered.set()
        go_on.wait(30)
        return undrawable(text)

    portal.service.fonts.undrawable = slow
    answers = []
    first = threading.Thread(target=lambda: answers.append(portal.post_case(key, sample("advice"))))
    first.start()
    assert entered.wait(30)
    r = portal.post_case(key, sample("advice"))
    go_on.set()
    first.join()
    assert r.status_code == 409
    assert r.headers["Retry-After"] == "1"
    assert r.get_json()["type"].endswith("still-running")
    assert answers[0].status_code == 202
    assert portal.post_case(key, sample("advice")).get_json()["id"] == answers[0].get_json()["id"]


def test_the_same_key_from_many_at_once_is_one_document(portal, key):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(portal.post_case(key, sample("advice")))) for _ in range(8)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert {r.status_code for r in answers} <= {202, 409}
    assert len({r.get_json()["id"] for r in answers if r.status_code == 202}) == 1
    assert len(portal.queue.sent) == 1


def test_a_fault_while_it_is_taken_in_frees_the_key(portal, key):
    undrawable = portal.service.fonts.undrawable

    def broken(_text):
        raise DatabaseError("gone")

    portal.service.fonts.undrawable = broken
    r = portal.post_case(key, sample("advice"))
    assert (r.status_code, r.headers["Retry-After"]) == (503, "1")
    portal.service.fonts.undrawable = undrawable
    assert portal.post_case(key, sample("advice")).status_code == 202


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("abc", "abc"), ('"abc"', "abc"), (r'"a\"b\\c"', r'a"b\c'), ("x" * 255, "x" * 255), (" abc ", "abc")],
)
def test_a_key_is_bare_or_quoted(sent, meant):
    assert idempotency_key(sent) == meant


@pytest.mark.parametrize("sent", [None, "", " ", '""', "a b", "键", "x" * 256, '"a b"', '"a', "a\tb"])
def test_a_key_of_other_form_is_refused(sent):
    with pytest.raises(FormError) as refused:
        idempotency_key(sent)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([], None),
        (["wait=10"], 10),
        (["respond-async", "wait=3"], 3),
        (['respond-async, WAIT = "7"; foo=1'], 7),
        (["wait=abc"], None),
        (["wait=-1"], None),
        (["waiting=10"], None),
        (["wait=10, wait=20"], 10),
    ],
)
def test_how_long_a_caller_would_wait(values, seconds):
    assert preferred_wait(values) == seconds


# ---- the broker


def test_a_broker_that_is_away_loses_nothing(portal, key):
    portal.queue.away = True
    r = portal.post_case(key, sample("advice"))
    assert r.status_code == 202
    with portal.office.database.read() as tx:
        assert tx.jobs.due(portal.office_now(), 10) == [r.get_json()["id"]]


def test_a_message_that_went_is_not_sent_again_at_once(portal, key):
    portal.post_case(key, sample("advice"))
    with portal.office.database.read() as tx:
        assert tx.jobs.due(portal.office_now(), 10) == []
        assert tx.jobs.backlog().waiting == 1


# ---- the body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=gbk"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=UTF-8"}, 202),
    ],
)
def test_the_body_is_plain_json_in_utf_8(portal, key, headers, status):
    data = json.dumps(sample("advice")).encode()
    sent = {"Idempotency-Key": "k", "Content-Type": "application/json", **headers}
    assert portal.call("POST", "/documents", key, data=data, headers=sent).status_code == status


def test_a_large_body_is_413(portal, key):
    r = portal.post_case(key, b" " * (MAX_CASE_BYTES + 1))
    assert r.status_code == 413
    assert r.mimetype == "application/problem+json"


def test_a_large_body_of_no_said_length_is_413_and_never_read_in_part(portal, key):
    whole = json.dumps(sample("advice")).encode().ljust(MAX_CASE_BYTES)
    for body, status in ((whole + b"}", 413), (whole, 202)):
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        chunked = {"wsgi.input_terminated": True}  # as gunicorn says it
        r = portal.call(
            "POST", "/documents", key, input_stream=BytesIO(body), headers=headers, environ_overrides=chunked
        )
        assert r.status_code == status


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b'{"doc_type":["advice"]}',
        b"1e999",
        b'{"doc_type":"advice","\\ud800":1}',
        b'{"doc_type":"advice","party":{"\\udfff":1}}',
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_what_is_no_case_is_422_and_leaves_nothing(portal, key, raw):
    r = portal.post_case(key, raw)
    assert r.status_code == 422
    assert r.get_json()["errors"]
    assert portal.get("/documents", key).get_json()["documents"] == []


@pytest.mark.parametrize("text", ["\x00", "\ud800", "龘", "a" * 1_000_000])
def test_hostile_texts_are_refused_by_a_rule(portal, key, text):
    r = portal.post_case(key, json.dumps(changed(sample("advice"), {"body/problem": text})).encode())
    assert r.status_code == 422
    assert all(e["rule"] in {"SCHEMA", "G12"} for e in r.get_json()["errors"])


def test_another_agencys_case_is_forbidden(portal):
    key = portal.key(agency="demo-enforcement")
    r = portal.post_case(key, sample("advice"))
    assert r.status_code == 403
    assert "/agency" in r.get_json()["detail"]


# ---- searching


@pytest.fixture
def ten(portal):
    """Ten documents: five of each of two agencies, the last of the first one recorded."""
    rows = []
    for n in range(5):
        rows.append(portal.service.intake.accept(numbered(n)).row)
        rows.append(
            portal.service.intake.accept(changed(sample("advice", 2), {"action_code": f"1330999260009{n}"})).row
        )
    portal.make(rows[8].id)
    return rows


def ids(r):
    return [d["id"] for d in r.get_json()["documents"]]


def test_an_agency_sees_its_own_newest_first(portal, key, ten):
    assert ids(portal.get("/documents", key)) == [r.id for r in reversed(ten[::2])]


def test_a_key_for_all_sees_all(portal, ten):
    assert ids(portal.get("/documents", portal.key(agency=None))) == [r.id for r in reversed(ten)]


def test_asking_for_another_agency_finds_nothing(portal, key, ten):
    assert ids(portal.get(f"/documents?agency={ten[1].agency_id}", key)) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("number=〔2026〕3号", [4]),
        ("party=鲜多多", [8, 6, 4, 2, 0]),
        ("party=%25", []),
        ("type=reminder", []),
        ("state=recorded", [8]),
        ("date_from=2026-09-23", []),
        ("date_to=2026-09-22&date_from=2026-09-22&limit=2", [8, 6]),
        ("number=%00", []),
    ],
)
def test_every_filter_counts(portal, key, ten, query, found):
    r = portal.get(f"/documents?{query}", key)
    assert r.status_code == 200
    assert ids(r) == [ten[n].id for n in found]


def test_pages_hang_together(portal, key, ten):
    seen, path = [], "/documents?limit=2&party=鲜多多"
    for _ in range(5):
        r = portal.get(path, key)
        seen += ids(r)
        following = r.get_json()["next"]
        if following is None:
            assert "Link" not in r.headers
            break
        assert r.headers["Link"].endswith('; rel="next"')
        path = r.headers["Link"].split(">")[0].removeprefix("</api/v1")
        portal.service.intake.accept(numbered(50 + len(seen)))  # newer ones do not disturb
    assert seen == [r.id for r in reversed(ten[::2])]


@pytest.mark.usefixtures("ten")
def test_a_cursor_can_be_neither_bent_nor_used_elsewhere(portal, key):
    cursor = portal.get("/documents?limit=2", key).get_json()["next"]
    bent = ("B" if cursor[30] != "B" else "C").join([cursor[:30], cursor[31:]])
    for path in (
        f"limit=2&cursor={bent}",
        "cursor=x",
        "cursor=",
        "cursor=%F0%9F",
        f"state=recorded&cursor={cursor}",
    ):
        assert portal.get(f"/documents?{path}", key).status_code == 400
    assert portal.get(f"/documents?limit=3&cursor={cursor}", key).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "state=nothing",
        "date_from=2026-13-01",
        "date_to=0",
        "date_to=",
        "numero=1",
        "number=a&number=b",
    ],
)
def test_a_query_that_does_not_fit_is_400_and_names_its_place(portal, key, query):
    r = portal.get(f"/documents?{query}", key)
    assert r.status_code == 400
    assert r.get_json()["errors"][0]["pointer"].strip("/") in query


# ---- one document


def test_a_recorded_document_says_everything(portal, key):
    row = portal.recorded()
    got = portal.get(f"/documents/{row.id}", key).get_json()
    assert got["sha256"] == row.signed_sha256
    assert got["size"] == row.size
    assert got["log"] == {"index": 1, "checkpoint_size": 2}
    assert got["pades"]["achieved"] == "B-B"
    assert set(got) >= {
        "id", "doc_type", "number", "state", "agency", "party_name", "issue_date", "created_at", "sha256", "size",
        "pades", "log", "links",
    }  # fmt: skip


@pytest.mark.parametrize("where", ["", "/content", "/docx", "/evidence", "/events", "/preview/1.png"])
def test_another_agencys_document_is_not_there(portal, where):
    row = portal.recorded()
    stranger = portal.key(agency="demo-enforcement")
    there = portal.get(f"/documents/{row.id}{where}", stranger)
    nowhere = portal.get(f"/documents/{uuid.uuid4()}{where}", stranger)
    assert there.status_code == nowhere.status_code == 404
    same = [{k: v for k, v in r.get_json().items() if k != "request_id"} for r in (there, nowhere)]
    assert same[0] == same[1]


def test_history_tells_deliveries_too(portal, key):
    row = portal.recorded()
    portal.get(f"/documents/{row.id}/content", key)
    told = portal.get(f"/documents/{row.id}/events", key).get_json()["events"]
    assert [e["type"] for e in told] == ["document.accepted", "document.sealed", "document.delivered"]
    assert told[2]["detail"] == {"what": "content", "sha256": row.signed_sha256}
    assert told[2]["by"]["kind"] == "client"
    assert [e["log_index"] for e in told] == [0, 1, None]


# ---- voiding


def void(portal, key, document_id, reason="名称有误"):
    return portal.call("POST", f"/documents/{document_id}/void", key, json={"reason": reason})


def test_a_voided_document_keeps_its_number_and_stays_voided(portal, key):
    row = portal.recorded()
    r = void(portal, key, row.id)
    assert r.status_code == 200
    assert (r.get_json()["state"], r.get_json()["number"]) == ("voided", row.number)
    portal.office.sequence()
    assert portal.state(row.id) is State.VOIDED
    assert portal.office.fsck() == []
    next_one = portal.post_case(key, numbered(9)).get_json()["number"]
    assert next_one == "舟示市监行建〔2026〕2号"


def test_voiding_again_is_the_same_answer_for_the_same_reason_only(portal, key):
    row = portal.recorded()
    first = void(portal, key, row.id).get_json()
    assert void(portal, key, row.id, " 名称有误 ").get_json() == first
    assert void(portal, key, row.id, "其他").status_code == 409
    assert portal.events(row.id).count("document.voided") == 1


def test_what_is_being_made_is_not_voided(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    with portal.office.database.begin() as tx:
        portal.service.leases.claim(tx, document_id)
    assert void(portal, key, document_id).status_code == 409
    assert portal.state(document_id) is not State.VOIDED


def test_what_waits_is_voided_and_its_job_closed(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    assert void(portal, key, document_id).status_code == 200
    with portal.office.database.read() as tx:
        assert tx.jobs.backlog().waiting == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"reason": ""}', 422),
        (b'{"reason": "   "}', 400),
        (b"{}", 422),
        (b"[]", 422),
        (b'{"reason": "x", "more": 1}', 422),
        (b'{"reason": 1}', 422),
        (b"{", 422),
        (b'{"reason": "a\\u0000b"}', 400),
        (b'{"reason": "\\ud800"}', 422),
        (b'{"reason": "x", "\\ud800": 1}', 422),
        (b'{"reason": "' + b"x" * 600 + b'"}', 422),
        (b" " * 20_000, 413),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_a_reason_is_a_readable_sentence(portal, key, body, status):
    row = portal.recorded()
    headers = {"Content-Type": "application/json"}
    r = portal.call("POST", f"/documents/{row.id}/void", key, data=body, headers=headers)
    assert r.status_code == status
    assert portal.state(row.id) is State.RECORDED


def test_a_place_in_a_body_is_a_json_pointer(portal, key):
    path = f"/documents/{portal.recorded().id}/void"
    data = b'{"reason": "x", "a/b~c": 1}'
    r = portal.call("POST", path, key, data=data, headers={"Content-Type": "application/json"})
    assert [e["pointer"] for e in r.get_json()["errors"]] == ["/a~1b~0c"]


def test_a_voided_document_can_not_be_cited(portal, key):
    notice = portal.recorded(doc_type="interview_notice")
    record = changed(sample("interview_record"), {"body/notice/doc_no": notice.number})
    void(portal, key, notice.id)
    r = portal.post_case(key, record)
    assert r.status_code == 422
    assert [e["rule"] for e in r.get_json()["errors"]] == ["I02"]
    assert "已作废" in r.get_json()["errors"][0]["message"]


def test_a_voided_termination_ended_nothing(portal, key):
    ended = portal.recorded(doc_type="termination_notice")
    again = changed(
        sample("termination_notice"), {"body/reason/detail": "你单位于2026年9月16日再次书面提出要求适用一般程序。"}
    )
    assert portal.post_case(key, again).status_code == 422
    void(portal, key, ended.id)
    assert portal.post_case(key, again).status_code == 202
