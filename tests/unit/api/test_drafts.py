"""Handing drafts of templates in and asking for what came of them; versions, and retiring one."""

from __future__ import annotations

import io
import threading
import time

import pytest

from docsvc.api import drafts
from docsvc.domain.access import Permission
from tests.support.cases import FOLDER, sample

WORD = FOLDER.get("advice").template
NOTE = {
    "kind": "undefined",
    "severity": "error",
    "message": "没有这一项",
    "message_en": "nothing",
    "place": {"part": "word/document.xml", "paragraph": 1, "run": 2, "text": "甲"},
}


@pytest.fixture
def keeper(portal):
    return portal.key(Permission.KEEP, agency=None)


def hand_in(portal, key, action="lint", doc_type="advice", headers=None, **parts):
    parts = parts or {"template": (io.BytesIO(WORD), "advice.docx")}
    path = f"/templates/{doc_type}/{action}"
    return portal.call("POST", path, key, data=parts, content_type="multipart/form-data", headers=headers or {})


def press(portal, result, **made):
    """What the press does with the next one."""
    taken = portal.service.draft_box.take()
    (taken / "made").mkdir()
    for name, data in made.items():
        (taken / "made" / f"{name}.pdf").write_bytes(data)
    portal.service.draft_box.finish(taken, result)
    return taken


def test_a_draft_waits_for_the_press_and_its_result_is_fetched(portal, keeper):
    r = hand_in(portal, keeper, samples=(io.BytesIO(b"{}"), "valid-1.json"), template=(io.BytesIO(WORD), "x.docx"))
    assert r.status_code == 202
    draft = r.get_json()
    assert (draft["action"], draft["doc_type"], draft["state"]) == ("lint", "advice", "waiting")
    assert r.headers["Location"] == f"/api/v1/template-drafts/{draft['id']}"
    waiting = portal.service.draft_box._folder / "waiting" / draft["id"] / "draft"
    assert (waiting / "template.docx").read_bytes() == WORD
    assert (waiting / "cases" / "valid-1.json").read_bytes() == b"{}"
    press(portal, {"notes": [NOTE]})
    got = portal.get(f"/template-drafts/{draft['id']}", keeper).get_json()
    assert (got["state"], got["notes"]) == ("done", [NOTE])


def test_who_waits_gets_the_result_at_once(portal, keeper):
    def later():
        while (portal.service.draft_box._folder / "waiting").exists() is False:
            time.sleep(0.02)
        press(portal, {"error": {"kind": "template", "message": "模板有1处错误"}})

    thread = threading.Thread(target=later)
    thread.start()
    r = hand_in(portal, keeper, "publish", headers={"Prefer": "wait=5"}, accept="0" * 16, why="增加一句")
    thread.join()
    assert r.status_code == 200
    assert (r.get_json()["state"], r.get_json()["error"]["kind"]) == ("refused", "template")
    request, _ = portal.service.draft_box.look(r.get_json()["id"])
    assert (request["by"], request["code"], request["why"]) == ("system 0", "0" * 16, "增加一句")


def test_what_was_laid_out_is_fetched_by_the_addresses_of_the_result(portal, keeper):
    draft = hand_in(portal, keeper, "preview").get_json()["id"]
    press(portal, {"proofs": [{"sample": "valid-1", "pdf": "valid-1.pdf", "pictures": []}]}, **{"valid-1": b"%PDF"})
    (proof,) = portal.get(f"/template-drafts/{draft}", keeper).get_json()["proofs"]
    assert proof["pdf"] == f"/api/v1/template-drafts/{draft}/valid-1.pdf"
    r = portal.get(proof["pdf"].removeprefix("/api/v1"), keeper)
    assert (r.status_code, r.mimetype, r.data) == (200, "application/pdf", b"%PDF")


@pytest.mark.parametrize("name", ["none.pdf", "..", "%2e%2e%2frequest.json", "request.json", ".x"])
def test_no_other_file_is_handed_out(portal, keeper, name):
    draft = hand_in(portal, keeper, "preview").get_json()["id"]
    press(portal, {"proofs": []})
    assert portal.get(f"/template-drafts/{draft}/{name}", keeper).status_code == 404


@pytest.mark.parametrize("name", ["0" * 32, "..", "x", "A" * 32])
def test_no_other_draft_is_there(portal, keeper, name):
    assert portal.get(f"/template-drafts/{name}", keeper).status_code == 404


def test_a_key_of_an_agency_keeps_no_templates(portal):
    r = hand_in(portal, portal.key(Permission.KEEP))
    assert (r.status_code, "key of no agency" in r.get_json()["detail_en"]) == (403, True)


@pytest.mark.parametrize(
    ("doc_type", "parts", "status"),
    [
        ("poem", {"why": "x"}, 404),
        ("advice", {"template": "a text"}, 422),
        ("advice", {"template": (io.BytesIO(bytes(2001)), "x.docx")}, 413),
        ("advice", {"samples": (io.BytesIO(b"{}"), "../../valid-1.json")}, 422),
        ("advice", {"samples": [(io.BytesIO(b"{}"), f"valid-{n}.json") for n in range(21)]}, 422),
    ],
)
def test_what_is_not_taken(portal, keeper, doc_type, parts, status, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_TEMPLATE", 2000)
    assert hand_in(portal, keeper, doc_type=doc_type, **parts).status_code == status


def test_another_type_of_content_is_not_taken(portal, keeper):
    assert portal.call("POST", "/templates/advice/lint", keeper, json={}).status_code == 415


def test_too_many_that_wait_are_refused(portal, keeper):
    answers = [hand_in(portal, keeper, template=(io.BytesIO(b"x"), "x.docx")).status_code for _ in range(21)]
    assert answers == [202] * 20 + [503]


def test_versions_are_listed_and_a_retired_one_makes_no_new_document(portal, keeper, key):
    (version,) = portal.get("/templates/advice/versions", keeper).get_json()["versions"]
    assert version == {
        "version": "1", "sha256": FOLDER.get("advice").sha256, "in_force": True, "published": None, "retired": None,
    }  # fmt: skip
    retire = "/templates/advice/versions/1/retire"
    assert portal.call("POST", retire, keeper, json={"reason": ""}).status_code == 422
    assert portal.call("POST", retire, keeper, json={"reason": " "}).status_code == 400
    r = portal.call("POST", retire, keeper, json={"reason": "依据已废止"})
    assert r.status_code == 200
    (version,) = r.get_json()["versions"]
    assert (version["in_force"], version["retired"]["by"], version["retired"]["why"]) == (
        False,
        "system 0",
        "依据已废止",
    )
    assert portal.call("POST", retire, keeper, json={"reason": "again"}).status_code == 409
    refused = portal.post_case(key, sample("advice"))
    assert (refused.status_code, "依据已废止" in refused.get_json()["errors"][0]["message"]) == (422, True)
    assert portal.get("/templates/advice/versions/9/retire", keeper).status_code == 405


def test_a_read_only_folder_is_told_by_its_setting(portal, keeper):
    (portal.service.settings.data / "templates").parent.mkdir(parents=True, exist_ok=True)
    (portal.service.settings.data / "templates").write_text("no folder")
    r = portal.call("POST", "/templates/advice/versions/1/retire", keeper, json={"reason": "x"})
    for answer in (r, hand_in(portal, keeper)):
        assert answer.status_code == 409
        assert "DOCSVC_PUBLISHED_DIR" in answer.get_json()["detail_en"]
