"""What is open to anyone: templates, verification, the log."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import threading

import pytest

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.verdict import Check, Indication, Report
from docsvc.usecases.check_log import check_log
from docsvc.usecases.verify import Outside
from tests.support.cases import FOLDER, TYPES


def test_types_with_their_schemas(portal):
    listed = portal.get("/templates").get_json()["templates"]
    assert [t["doc_type"] for t in listed] == sorted(TYPES)
    for t in listed:
        r = portal.browser().get(t["schema"])
        assert r.mimetype == "application/schema+json"
        assert r.get_json(force=True) == FOLDER.get(t["doc_type"]).schema
        assert t["layouts"] == FOLDER.get(t["doc_type"]).layout_names


@pytest.mark.parametrize("doc_type", ["nothing", "..", "advice%2F..", "%00", "layout"])
def test_no_such_type(portal, doc_type):
    assert portal.get(f"/templates/{doc_type}/schema").status_code == 404


# ---- verification

CUT = "multipart/form-data; boundary=cut"


class Verifier:
    """Finds every file authentic; remembers what it saw."""

    def __init__(self):
        self.seen = []
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def verify(self, pdf, at):
        self.seen.append(pdf)
        self.entered.set()
        assert self.go_on.wait(30)
        passed = Check.passed(1, "structure", "好", "good")
        return Report(sha256_hex(pdf), len(pdf), at, Indication.PASSED, (), (passed,))


@pytest.fixture
def verifier(portal):
    verifier = Verifier()
    at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    portal.service.outside = Outside(verifier, portal.office.keys, lambda: at)
    return verifier


def verify(portal, **files):
    data = b"".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.pdf"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files.items()
    )
    return portal.call("POST", "/verifications", data=data + b"--cut--\r\n", content_type=CUT)


def test_the_report_is_that_of_the_command_line(portal, verifier):
    r = verify(portal, file=b"%PDF-1.7")
    assert r.status_code == 200
    got = r.get_json()
    assert got.pop("file") == "file.pdf"
    assert dataclasses.asdict(Report.from_json(got))["indication"] == Indication.PASSED
    assert verifier.seen == [b"%PDF-1.7"]


@pytest.mark.usefixtures("verifier")
def test_an_evidence_bundle_joins_the_report(portal, key):
    row = portal.recorded()
    bundle = portal.get(f"/documents/{row.id}/evidence", key).data
    got = verify(portal, file=portal.office.pdf(row), evidence=bundle).get_json()
    assert got["indication"] == "TOTAL-PASSED"
    assert {c["name"] for c in got["checks"]} >= {"evidence-inclusion", "evidence-file"}
    other = verify(portal, file=b"%PDF other", evidence=bundle).get_json()
    assert other["indication"] == "TOTAL-FAILED"
    broken = verify(portal, file=portal.office.pdf(row), evidence=b"no zip").get_json()
    assert broken["indication"] == "TOTAL-FAILED"


def test_a_file_is_needed(portal, verifier):
    r = verify(portal, evidence=b"x")
    assert (r.status_code, r.get_json()["errors"][0]["pointer"]) == (422, "/file")
    assert verifier.seen == []


@pytest.mark.parametrize("content_type", ["application/pdf", "application/json", ""])
@pytest.mark.usefixtures("verifier")
def test_other_content_is_415(portal, content_type):
    r = portal.call("POST", "/verifications", data=b"%PDF", content_type=content_type)
    assert r.status_code == 415


@pytest.mark.usefixtures("verifier")
def test_a_broken_form_is_no_500(portal):
    for data in (b"", b"--x", b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\n%PDF'):
        r = portal.call("POST", "/verifications", data=data, content_type="multipart/form-data; boundary=x")
        assert r.status_code in (400, 422)
    assert portal.call("POST", "/verifications", data=b"x", content_type="multipart/form-data").status_code in (
        400,
        422,
    )


def test_large_files_are_413(tmp_path, empty_portal):
    from tests.support.portal import Portal

    portal = Portal(tmp_path / "small", empty_portal, max_upload_mb=1)
    try:
        portal.service.outside = Outside(Verifier(), portal.office.keys, lambda: dt.datetime.now(dt.UTC))
        assert verify(portal, file=b"x" * (1 << 20)).status_code == 200
        assert verify(portal, file=b"x" * ((1 << 20) + 1)).status_code == 413
        assert verify(portal, file=b"x", evidence=b"x" * ((1 << 20) + 1)).status_code == 413
        assert verify(portal, file=b"x" * (4 << 20)).status_code == 413
    finally:
        portal.close()


def test_evidence_that_is_no_file_is_not_passed_over(portal, verifier):
    r = portal.browser().post(
        "/api/v1/verifications", data={"file": (io.BytesIO(b"%PDF"), "a.pdf"), "evidence": "x"}
    )
    assert (r.status_code, r.get_json()["errors"][0]["pointer"]) == (422, "/evidence")
    assert verifier.seen == []


def test_one_too_many_at_once_is_asked_to_come_again(portal, verifier):
    portal.service.outside = dataclasses.replace(portal.service.outside, places=1)
    verifier.go_on.clear()
    first = threading.Thread(target=lambda: verify(portal, file=b"%PDF"))
    first.start()
    assert verifier.entered.wait(30)
    r = verify(portal, file=b"%PDF")
    verifier.go_on.set()
    first.join()
    assert (r.status_code, r.headers["Retry-After"]) == (503, "1")
    assert verify(portal, file=b"%PDF").status_code == 200


# ---- the log


class Fetched:
    """The log as a reader of ports.LogReader gets it through the API."""

    def __init__(self, portal, prefix):
        self.browser, self.prefix = portal.browser(), prefix

    def read(self, path, limit):
        r = self.browser.get(f"{self.prefix}/{path}")
        assert len(r.data) <= limit
        return r.data if r.status_code == 200 else None


@pytest.mark.parametrize("prefix", ["/log", "/api/v1/log"])
def test_the_log_checks_out_through_the_api(portal, prefix):
    portal.office.fill(300)
    portal.office.sequence()
    assert check_log(Fetched(portal, prefix), portal.office.keys).faults == ()


def test_the_checkpoint_changes_and_tiles_never_do(portal):
    assert portal.get("/log/checkpoint").status_code == 404
    portal.recorded()
    checkpoint, tile = portal.get("/log/checkpoint"), portal.get("/log/tile/entries/000.p/2")
    assert checkpoint.mimetype == "text/plain"
    assert checkpoint.data == portal.office.publisher.published()
    assert checkpoint.headers["Cache-Control"] == "no-cache"
    assert tile.mimetype == "application/octet-stream"
    assert "immutable" in tile.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/../checkpoint",
        "/log/tile/%2e%2e/checkpoint",
        "/log/tile/..%2f..%2fsha256",
        "/log/tile/0/000.p/0",
        "/log/tile/0/000.p/256",
        "/log/tile/0/0",
        "/log/tile/00/000",
        "/log/tile/64/000",
        "/log/tile/0/x000/001",
        "/log/tile//0/000",
        "/log/tile/0/000/",
        "/log/tile/0/000%00",
        "/log/tile/entries/٠٠٠",
        "/log/checkpoints/2",
        "/log/tile/",
        "/log/",
        "/log/tile/0/999",
    ],
)
def test_paths_that_are_no_tile_are_404(portal, path):
    portal.recorded()
    r = portal.browser().get(path)
    assert r.status_code == 404
    assert r.mimetype == "application/problem+json"
