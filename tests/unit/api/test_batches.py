"""Batches over HTTP: what is taken, under which key, who sees it, page by page."""

from __future__ import annotations

import json

import pytest

from docsvc.api.batches import XLSX
from docsvc.domain.access import Permission
from tests.support.cases import changed, sample
from tests.support.portal import Portal, action_code
from tests.support.tables import table, xlsx

LINES = "application/x-ndjson"


def reminders(count):
    return [changed(sample("reminder"), {"action_code": action_code(n)}) for n in range(count)]


def lines(cases):
    return "\n".join(json.dumps(case, ensure_ascii=False) for case in cases).encode()


def send(portal, key, raw, media_type=LINES, idempotency="k"):
    headers = {"Content-Type": media_type} | ({"Idempotency-Key": idempotency} if idempotency else {})
    return portal.call("POST", "/batches", key, data=raw, headers=headers)


@pytest.mark.parametrize("media_type", [LINES, "application/jsonl", "Application/X-NDJSON; charset=utf-8"])
def test_json_lines_become_a_batch(portal, key, media_type):
    r = send(portal, key, lines(reminders(2)), media_type)
    assert r.status_code == 202
    said = r.get_json()
    assert r.headers["Location"] == said["links"]["self"]
    assert r.headers["Retry-After"]
    assert (said["state"], said["progress"], said["format"]) == ("reading", 0, "jsonl")
    assert said["counts"] == {
        "total": 2, "waiting": 2, "refused": 0, "accepted": 0, "making": 0, "recorded": 0, "failed": 0, "voided": 0,
    }  # fmt: skip
    portal.service.taking_in.run()
    rows = portal.get(said["links"]["rows"].removeprefix("/api/v1"), key).get_json()["rows"]
    assert [row["outcome"] for row in rows] == ["accepted"] * 2
    for row in rows:
        document = portal.get(row["document"]["link"].removeprefix("/api/v1"), key).get_json()
        assert document["number"] == row["document"]["number"]
        portal.make(document["id"])
    r = portal.get(f"/batches/{said['id']}", key)
    assert (r.get_json()["state"], r.get_json()["progress"]) == ("done", 1)
    assert r.get_json()["counts"]["recorded"] == 2
    assert "Retry-After" not in r.headers


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_bad_row_of_a_table_is_told_by_row_and_column(portal, key, kind):
    cells = table(reminders(3))
    place = cells[0].index("party.uscc")
    cells[2][place] = "91330999MA0TEXT120"
    cells[3][0] = "no-such-type"
    if kind == "csv":
        from docsvc.adapters.sheets import _csv

        posted = send(portal, key, _csv(cells), "text/csv; charset=utf-8")
    else:
        posted = send(portal, key, xlsx(cells), XLSX)
    assert posted.status_code == 202
    portal.service.taking_in.run()
    path = f"/batches/{posted.get_json()['id']}/rows?outcome=refused"
    first, second = portal.get(path, key).get_json()["rows"]
    (error,) = first["errors"]
    assert (error["row"], error["rule"], error["pointer"], error["path"]) == (3, "G02", "/party/uscc", "party.uscc")
    assert error["column"]
    assert error["message"] != error["message_en"]
    assert (second["row"], second["errors"][0]["column"], second["errors"][0]["path"]) == (4, "A", "doc_type")


def test_another_agencys_case_is_told_in_both_languages(portal, key):
    other = changed(sample("reminder"), {"agency": "demo-enforcement"})
    posted = send(portal, key, lines([other]))
    portal.service.taking_in.run()
    (row,) = portal.get(f"/batches/{posted.get_json()['id']}/rows", key).get_json()["rows"]
    (error,) = row["errors"]
    assert (error["rule"], error["pointer"], error["column"]) == ("FORBIDDEN", "/agency", None)
    assert error["message"].startswith("只能为自己的机关提交")
    assert error["message_en"] == "you may post for your own agency only"


def test_the_same_key_with_the_same_file_is_the_same_batch(portal, key):
    first, again = (send(portal, key, lines(reminders(2))) for _ in range(2))
    assert again.status_code == 202
    assert again.get_json()["id"] == first.get_json()["id"]
    other = send(portal, key, lines(reminders(1)))
    assert other.status_code == 422
    assert other.get_json()["type"].endswith("key-reused")
    same_octets = send(portal, key, lines(reminders(2)), "text/csv")
    assert same_octets.status_code == 422
    assert send(portal, portal.key(), lines(reminders(1))).status_code == 202, "another caller's key is another"


def test_a_refused_file_leaves_no_key_behind(portal, key):
    assert send(portal, key, b"a,b\n1,2\n", "text/csv").status_code == 422
    assert send(portal, key, lines(reminders(1))).status_code == 202


@pytest.mark.parametrize(
    ("raw", "media_type", "idempotency", "status"),
    [
        (b"{}", LINES, None, 400),
        (b"{}", LINES, "with space", 400),
        (b"{}", "application/json", "k", 415),
        (b"{}", "multipart/form-data; boundary=x", "k", 415),
        (b"", LINES, "k", 422),
        (b"\n\n", LINES, "k", 422),
        (b"", "text/csv", "k", 422),
        (b"\xff\xff", "text/csv", "k", 422),
        (b"PK", XLSX, "k", 422),
        (b"{}\n" * 10_001, LINES, "k", 413),
        (b"doc_type\n" + b"x\n" * 10_001, "text/csv", "k", 413),
        (b" " * ((1 << 20) + 1), LINES, "k", 413),
    ],
)
def test_what_is_no_batch(tmp_path, empty_portal, raw, media_type, idempotency, status):
    portal = Portal(tmp_path / "small", empty_portal, max_batch_mb=1)
    key = portal.key()
    r = send(portal, key, raw, media_type, idempotency)
    assert r.status_code == status
    assert r.mimetype == "application/problem+json"
    assert portal.get("/batches", key).get_json() == {"batches": [], "next": None}
    portal.close()


def test_bad_lines_are_rows_of_the_batch(portal, key):
    posted = send(portal, key, b"{\n" + lines(reminders(1)) + b"\n[]\n").get_json()
    assert posted["counts"]["refused"] == 1
    portal.service.taking_in.run()
    rows = portal.get(f"/batches/{posted['id']}/rows", key).get_json()["rows"]
    assert [(row["row"], row["outcome"]) for row in rows] == [(1, "refused"), (2, "accepted"), (3, "refused")]


def test_another_callers_batch_is_not_there(portal, key):
    batch_id = send(portal, key, lines(reminders(1))).get_json()["id"]
    for other in (portal.key(), portal.key(agency=None)):
        for path in ("", "/rows"):
            r = portal.get(f"/batches/{batch_id}{path}", other)
            assert r.status_code == 404
            assert r.get_json()["detail"] == portal.get(f"/batches/x{path}", other).get_json()["detail"]
        assert portal.get("/batches", other).get_json()["batches"] == []
    reader = portal.key(Permission.READ)
    assert portal.get(f"/batches/{batch_id}", reader).status_code == 404


def test_pages_of_batches_and_of_rows(portal, key):
    ids = [send(portal, key, lines(reminders(3)), idempotency=f"k{n}").get_json()["id"] for n in range(3)]
    first = portal.get("/batches?limit=2", key)
    assert [b["id"] for b in first.get_json()["batches"]] == [ids[2], ids[1]]
    assert 'rel="next"' in first.headers["Link"]
    following = first.headers["Link"].split(">")[0].lstrip("<").removeprefix("/api/v1")
    last = portal.get(following, key)
    assert [b["id"] for b in last.get_json()["batches"]] == [ids[0]]
    assert "Link" not in last.headers

    page = portal.get(f"/batches/{ids[0]}/rows?limit=2", key).get_json()
    rest = portal.get(f"/batches/{ids[0]}/rows?limit=2&cursor={page['next']}", key).get_json()
    assert [row["row"] for row in page["rows"] + rest["rows"]] == [1, 2, 3]
    assert rest["next"] is None
    for path in (f"/batches/{ids[1]}/rows", f"/batches/{ids[0]}/rows?outcome=refused", "/batches"):
        mark = "&" if "?" in path else "?"
        assert portal.get(f"{path}{mark}cursor={page['next']}", key).status_code == 400, "of another question"
