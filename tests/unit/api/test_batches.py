"""Batches over HTTP: what is taken, under which key, who sees it, page by page."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import zipfile

import pikepdf
import pytest

from docsvc.api.batches import XLSX
from docsvc.domain.access import Permission
from docsvc.domain.errors import AlteredError
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
        for path in ("", "/rows", "/documents.zip", "/print.pdf"):
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


@pytest.fixture
def done(portal, key):
    """A batch of four rows: two documents in force, one voided, one row refused."""
    cases = reminders(4)
    cases[1]["party"]["uscc"] = "91330999MA0TEXT120"
    batch_id = send(portal, key, lines(cases)).get_json()["id"]
    portal.service.taking_in.run()
    rows = portal.get(f"/batches/{batch_id}/rows?outcome=accepted", key).get_json()["rows"]
    made = [portal.make(row["document"]["id"]) for row in rows]
    portal.change(made[2].id, state="voided")
    return batch_id, made


def test_a_zip_of_the_documents_in_force_each_an_event(portal, key, done):
    batch_id, made = done
    r = portal.get(f"/batches/{batch_id}/documents.zip", key)
    assert r.status_code == 200
    assert r.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(r.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{row.number}.pdf" for row in made[:2]]
        assert [archive.read(name) for name in archive.namelist()] == [portal.office.pdf(row) for row in made[:2]]
        assert {part.flag_bits & 0x08 for part in archive.infolist()} == {0}, "lengths stand before the data"
    assert [portal.events(row.id).count("document.delivered") for row in made] == [1, 1, 0]


def test_a_zip_goes_out_piece_by_piece(portal, key, done):
    batch_id, made = done
    pieces = portal.get(f"/batches/{batch_id}/documents.zip", key).response
    next(iter(pieces))
    assert [portal.events(row.id).count("document.delivered") for row in made] == [1, 0, 0]


def test_an_altered_file_leaves_a_zip_that_nobody_can_open(portal, key, done):
    _, made = done
    path = f"sha256/{made[1].signed_sha256[:2]}/{made[1].signed_sha256[2:]}"
    portal.office.tamper_object(path, lambda data: data + b"x")
    pieces = iter(
        portal.service.handing_out.zipped(portal.service.callers.authenticate(key), [r.id for r in made[:2]])
    )
    first = next(pieces)
    with pytest.raises(AlteredError):
        next(pieces)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(first))


def test_a_print_copy_is_made_in_another_process(portal, key, done):
    batch_id, made = done
    pages = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(pages)
    real = portal.service.delivery

    class Pdfs:
        """Our stand-in documents are no PDFs."""

        def look(self, *which):
            return dataclasses.replace(real.look(*which), data=pages.getvalue())

        def went_out(self, *which):
            real.went_out(*which)

    portal.service.handing_out = dataclasses.replace(portal.service.handing_out, delivery=Pdfs())
    r = portal.get(f"/batches/{batch_id}/print.pdf", key)
    assert r.status_code == 200
    with pikepdf.open(io.BytesIO(r.data)) as merged, merged.open_outline() as outline:
        assert [item.title for item in outline.root] == [row.number for row in made[:2]]
    told = portal.get(f"/documents/{made[0].id}/events", key).get_json()["events"][-1]
    assert told["detail"] == {"what": "print", "sha256": made[0].signed_sha256}
    assert portal.events(made[2].id).count("document.delivered") == 0


def test_pages_that_can_not_be_merged_are_no_delivery(portal, key, done):
    batch_id, made = done  # stand-ins that are no PDFs
    r = portal.get(f"/batches/{batch_id}/print.pdf", key)
    assert r.status_code == 503
    assert [portal.events(row.id).count("document.delivered") for row in made] == [0, 0, 0]


@pytest.mark.parametrize("path", ["documents.zip", "print.pdf"])
def test_asking_with_head_takes_nothing_away(portal, key, done, path):
    batch_id, made = done
    r = portal.call("HEAD", f"/batches/{batch_id}/{path}", key)
    assert r.status_code == 200
    assert [portal.events(row.id).count("document.delivered") for row in made] == [0, 0, 0]


@pytest.mark.parametrize("path", ["documents.zip", "print.pdf"])
def test_before_it_is_done_and_without_documents_there_is_nothing(portal, key, path):
    bad = changed(sample("reminder"), {"party/uscc": "91330999MA0TEXT120"})
    waiting = send(portal, key, lines(reminders(1)), idempotency="a").get_json()["id"]
    assert portal.get(f"/batches/{waiting}/{path}", key).status_code == 409
    portal.service.taking_in.run()
    assert portal.get(f"/batches/{waiting}/{path}", key).status_code == 409
    refused = send(portal, key, lines([bad]), idempotency="b").get_json()["id"]
    portal.service.taking_in.run()
    assert portal.get(f"/batches/{refused}", key).get_json()["state"] == "done"
    assert portal.get(f"/batches/{refused}/{path}", key).status_code == 409


def test_only_so_many_whole_batches_go_out_at_the_same_time(portal, key, done):
    batch_id, _ = done
    out = portal.service.handing_out
    with contextlib.ExitStack() as others:
        for _ in range(out.places):
            others.enter_context(out.place())
        r = portal.get(f"/batches/{batch_id}/documents.zip", key)
        assert r.status_code == 503
        assert r.headers["Retry-After"]
    for _ in range(out.places + 1):
        assert portal.get(f"/batches/{batch_id}/documents.zip", key).status_code == 200
