"""Files as they leave: preconditions, ranges, digests, names, events; and never an altered one."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import urllib.parse
import zipfile

import pytest

from docsvc.domain.document import State
from tests.support.cases import sample
from tests.support.portal import PNG

FILES = {
    "content": ("application/pdf", ".pdf"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "evidence": ("application/zip", ".evidence.zip"),
}


@pytest.fixture
def row(portal):
    return portal.recorded()


def delivered(portal, row):
    return portal.events(row.id).count("document.delivered")


@pytest.mark.parametrize("kind", FILES)
def test_a_file_comes_whole_with_its_digest_and_name(portal, key, row, kind):
    media_type, ending = FILES[kind]
    r = portal.get(f"/documents/{row.id}/{kind}", key)
    digest = hashlib.sha256(r.data)
    assert r.status_code == 200
    assert r.mimetype == media_type
    assert r.headers["ETag"] == f'"{digest.hexdigest()}"'
    assert r.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert r.headers["Cache-Control"] == "private, no-store"
    assert r.headers["X-Content-Type-Options"] == "nosniff"
    name = r.headers["Content-Disposition"].split("filename*=UTF-8''")[1]
    assert urllib.parse.unquote(name) == f"{row.number}{ending}"
    assert r.headers["Content-Disposition"].isascii()
    assert delivered(portal, row) == 1


def test_the_sm2_copy_where_one_was_made(portal, key, row):
    missing = portal.get(f"/documents/{row.id}/sm2", key)
    assert missing.status_code == 404
    assert "SM2" in missing.get_data(as_text=True)
    copy = portal.office.copy_in_sm2(row)
    given = portal.get(f"/documents/{row.id}/sm2", key)
    assert (given.status_code, given.mimetype, given.data) == (200, "application/pdf", copy)
    name = given.headers["Content-Disposition"].split("filename*=UTF-8''")[1]
    assert urllib.parse.unquote(name) == f"{row.number}.sm2.pdf"
    assert delivered(portal, row) == 1


def test_the_pdf_is_the_one_that_was_signed(portal, key, row):
    assert portal.get(f"/documents/{row.id}/content", key).data == portal.office.pdf(row)


@pytest.mark.parametrize("kind", FILES)
def test_head_tells_the_same_without_an_event(portal, key, row, kind):
    head = portal.call("HEAD", f"/documents/{row.id}/{kind}", key, headers={"Range": "bytes=0-1"})
    full = portal.get(f"/documents/{row.id}/{kind}", key)
    assert head.status_code == 200
    assert head.data == b""
    for name in ("ETag", "Content-Length", "Content-Type", "Repr-Digest"):
        assert head.headers[name] == full.headers[name]
    assert delivered(portal, row) == 1


def test_who_has_it_already_gets_304_and_no_event(portal, key, row):
    for tags in (f'"{row.signed_sha256}"', f'"x", "{row.signed_sha256}"', f'W/"{row.signed_sha256}"', "*"):
        r = portal.get(f"/documents/{row.id}/content", key, If_None_Match=tags)
        assert (r.status_code, r.data) == (304, b"")
        assert r.headers["ETag"] == f'"{row.signed_sha256}"'
    assert portal.get(f"/documents/{row.id}/content", key, If_None_Match='"other"').status_code == 200
    assert delivered(portal, row) == 1


def test_who_expects_another_one_gets_412_and_no_event(portal, key, row):
    r = portal.get(f"/documents/{row.id}/content", key, If_Match='"other"')
    assert r.status_code == 412
    assert r.mimetype == "application/problem+json"
    assert portal.get(f"/documents/{row.id}/content", key, If_Match=f'W/"{row.signed_sha256}"').status_code == 412
    assert delivered(portal, row) == 0
    for tags in (f'"{row.signed_sha256}"', "*"):
        assert portal.get(f"/documents/{row.id}/content", key, If_Match=tags).status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-3", 0, 4), ("bytes=5-", 5, None), ("bytes=-4", -4, None), ("bytes=2-9999999", 2, None)],
)
def test_one_range(portal, key, row, asked, start, stop):
    pdf = portal.office.pdf(row)
    r = portal.get(f"/documents/{row.id}/content", key, Range=asked)
    assert r.status_code == 206
    assert r.data == pdf[start:stop]
    first = pdf.index(r.data)
    assert r.headers["Content-Range"] == f"bytes {first}-{first + len(r.data) - 1}/{len(pdf)}"
    assert r.headers["Repr-Digest"].startswith("sha-256=:")
    assert delivered(portal, row) == 1


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "lines=0-1", "bytes=x", "bytes=5-2", "bytes"])
def test_other_ranges_are_as_if_not_asked(portal, key, row, asked):
    r = portal.get(f"/documents/{row.id}/content", key, Range=asked)
    assert r.status_code == 200
    assert r.data == portal.office.pdf(row)


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=999999-1000000"])
def test_a_range_behind_the_end_is_416(portal, key, row, asked):
    r = portal.get(f"/documents/{row.id}/content", key, Range=asked)
    assert r.status_code == 416
    assert r.headers["Content-Range"] == f"bytes */{len(portal.office.pdf(row))}"
    assert delivered(portal, row) == 0


def test_a_range_of_another_file_gives_the_whole(portal, key, row):
    path = f"/documents/{row.id}/content"
    assert portal.get(path, key, Range="bytes=0-1", If_Range=f'"{row.signed_sha256}"').status_code == 206
    for condition in ('"other"', f'W/"{row.signed_sha256}"', "Sun, 22 Nov 2026 00:00:00 GMT"):
        assert portal.get(path, key, Range="bytes=0-1", If_Range=condition).status_code == 200


@pytest.mark.parametrize("kind", ["content", "docx", "evidence", "preview/1.png"])
def test_what_is_not_made_yet_is_409_with_its_state(portal, key, kind):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    r = portal.get(f"/documents/{document_id}/{kind}", key)
    assert r.status_code == 409
    assert "accepted" in r.get_json()["detail_en"]
    assert delivered(portal, portal.office.row(document_id)) == 0


def test_a_sealed_document_has_its_files_and_evidence_once_it_is_recorded(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    portal.make(document_id, record=False)
    assert portal.state(document_id) is State.SEALED
    assert portal.get(f"/documents/{document_id}/content", key).status_code == 200
    assert portal.get(f"/documents/{document_id}/evidence", key).status_code == 409
    portal.office.sequence()
    assert portal.get(f"/documents/{document_id}/evidence", key).status_code == 200


@pytest.mark.parametrize(("kind", "field"), [("content", "signed_sha256"), ("docx", "docx_sha256")])
def test_an_altered_file_is_never_handed_out(portal, key, row, kind, field):
    digest = getattr(row, field)
    portal.office.tamper_object(f"sha256/{digest[:2]}/{digest[2:]}", lambda data: data + b"x")
    r = portal.get(f"/documents/{row.id}/{kind}", key)
    assert r.status_code == 500
    assert r.get_json()["type"].endswith("altered")
    assert "detail" not in r.get_json()
    assert delivered(portal, row) == 0
    assert b'docsvc_faults_total{kind="altered"} 1.0' in portal.get("/metrics").data


def test_a_lost_file_is_our_fault_not_the_callers(portal, key, row):
    digest = row.signed_sha256
    (portal.office.store_path / f"sha256/{digest[:2]}/{digest[2:]}").unlink()
    assert portal.get(f"/documents/{row.id}/content", key).status_code == 500


def test_who_looked_is_not_in_the_bundle(portal, key, row):
    before = portal.get(f"/documents/{row.id}/evidence", key)
    portal.get(f"/documents/{row.id}/content", key)
    portal.office.sequence()
    after = portal.get(f"/documents/{row.id}/evidence", key)
    for r in (before, after):
        with zipfile.ZipFile(io.BytesIO(r.data)) as bundle:
            entries = [json.loads(bundle.read(n)) for n in bundle.namelist() if n.startswith("entries/")]
        assert {e["type"] for e in entries} == {"document.accepted", "document.sealed"}
    assert portal.office.fsck() == []


def test_pictures_of_pages(portal, key, row):
    r = portal.get(f"/documents/{row.id}/preview/2.png?width=600", key)
    assert (r.status_code, r.mimetype, r.data) == (200, "image/png", PNG + b"2 at 600")
    assert r.headers["Cache-Control"] == "private, no-cache"
    again = portal.get(f"/documents/{row.id}/preview/2.png?width=600", key, If_None_Match=r.headers["ETag"])
    assert (again.status_code, again.headers["ETag"]) == (304, r.headers["ETag"])
    other = portal.get(f"/documents/{row.id}/preview/2.png?width=601", key, If_None_Match=r.headers["ETag"])
    assert other.status_code == 200
    assert delivered(portal, row) == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [("3.png", 404), ("0.png", 404), ("-1.png", 404), ("x.png", 404), ("1", 404), ("1.png?width=9", 400),
     ("1.png?width=99999", 400), ("99999999999999999999.png", 404)],
)  # fmt: skip
def test_no_such_picture(portal, key, row, path, status):
    r = portal.get(f"/documents/{row.id}/preview/{path}", key)
    assert r.status_code == status
    assert r.mimetype == "application/problem+json"


def test_a_voided_document_is_still_there_for_who_may_see_it(portal, key, row):
    portal.call("POST", f"/documents/{row.id}/void", key, json={"reason": "名称有误"})
    assert portal.get(f"/documents/{row.id}/content", key).status_code == 200
