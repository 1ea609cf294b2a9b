"""Who may do what: every scope at every call, every way of not being anybody."""

from __future__ import annotations

import itertools
import json
import uuid

import pytest

from docsvc import api
from docsvc.api.route import route_of
from docsvc.domain.access import Permission, Role
from tests.support.cases import sample
from tests.support.portal import PASSWORD, Portal

CREATE, READ, VOID, KEEP = Permission.CREATE, Permission.READ, Permission.VOID, Permission.KEEP
SIGN = Permission.SIGN
SETS = [frozenset(s) for n in (1, 2, len(Permission)) for s in itertools.combinations(Permission, n)]

CALLS = {
    "post": ("POST", "/documents", CREATE, 202),
    "search": ("GET", "/documents", READ, 200),
    "one": ("GET", "/documents/{id}", READ, 200),
    "events": ("GET", "/documents/{id}/events", READ, 200),
    "void": ("POST", "/documents/{id}/void", VOID, 200),
    "signatures": ("GET", "/documents/{id}/signatures", READ, 200),
    "prepare_signature": ("POST", "/documents/{id}/signatures/Party", SIGN, 415),
    "give_signature": ("PUT", "/documents/{id}/signatures/Party", SIGN, 415),
    "signature_link": ("POST", "/documents/{id}/signatures/Party/link", SIGN, 415),
    "refuse_signature": ("POST", "/documents/{id}/signatures/Party/refusal", SIGN, 415),
    "content": ("GET", "/documents/{id}/content", READ, 200),
    "sm2": ("GET", "/documents/{id}/sm2", READ, 404),
    "docx": ("GET", "/documents/{id}/docx", READ, 200),
    "evidence": ("GET", "/documents/{id}/evidence", READ, 200),
    "preview": ("GET", "/documents/{id}/preview/1.png", READ, 200),
    "post_batch": ("POST", "/batches", CREATE, 202),
    "batch_list": ("GET", "/batches", READ, 200),
    "batch": ("GET", "/batches/{id}", READ, 404),  # another caller's
    "batch_rows": ("GET", "/batches/{id}/rows", READ, 404),
    "batch_documents": ("GET", "/batches/{id}/documents.zip", READ, 404),
    "batch_print": ("GET", "/batches/{id}/print.pdf", READ, 404),
    "templates": ("GET", "/templates", None, 200),
    "schema": ("GET", "/templates/advice/schema", None, 200),
    "lint_draft": ("POST", "/templates/advice/lint", KEEP, 415),
    "preview_draft": ("POST", "/templates/advice/preview", KEEP, 415),
    "diff_draft": ("POST", "/templates/advice/diff", KEEP, 415),
    "publish_draft": ("POST", "/templates/advice/publish", KEEP, 415),
    "draft": ("GET", f"/template-drafts/{'0' * 32}", KEEP, 404),
    "draft_file": ("GET", f"/template-drafts/{'0' * 32}/valid-1.pdf", KEEP, 404),
    "versions": ("GET", "/templates/advice/versions", KEEP, 200),
    "retire_version": ("POST", "/templates/advice/versions/99/retire", KEEP, 415),
    "verify": ("POST", "/verifications", None, 422),
    "checkpoint": ("GET", "/log/checkpoint", None, 200),
    "tile": ("GET", "/log/tile/entries/000.p/2", None, 200),
    "healthz": ("GET", "/healthz", None, 200),
    "readyz": ("GET", "/readyz", None, 200),
    "metrics": ("GET", "/metrics", None, 200),
    "openapi": ("GET", "/openapi.json", None, 200),
    "docs": ("GET", "/docs", None, 200),
}


def test_the_table_names_every_call():
    assert {view.__name__ for view in api.VIEWS} == set(CALLS)
    assert {view.__name__: route_of(view).permission for view in api.VIEWS} == {n: c[2] for n, c in CALLS.items()}


@pytest.fixture(scope="module")
def shared(tmp_path_factory, empty_portal):
    portal = Portal(tmp_path_factory.mktemp("access"), empty_portal, rate_limit_anonymous="100000/minute")
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def row(shared):
    return shared.recorded()


@pytest.fixture(scope="module")
def keys(shared):
    return {scopes: shared.key(*scopes, agency=None) for scopes in SETS}


def ask(portal, row, call, key):
    method, path, _, _ = CALLS[call]
    more = {}
    if call == "post":
        more = {"json": sample("advice"), "headers": {"Idempotency-Key": str(uuid.uuid4())}}
    elif call == "post_batch":
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/x-ndjson"}
        more = {"data": json.dumps(sample("advice")), "headers": headers}
    elif call == "void":
        more = {"json": {"reason": "名称有误"}}
    elif call == "verify":
        more = {"data": {"other": "x"}, "content_type": "multipart/form-data"}
    return portal.call(method, path.format(id=row.id), key, **more)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("scopes", SETS, ids=lambda s: "+".join(sorted(p.name for p in s)))
def test_every_scope_at_every_call(shared, row, keys, call, scopes):
    _, _, needed, status = CALLS[call]
    r = ask(shared, row, call, keys[scopes])
    if needed is None or needed in scopes:
        assert r.status_code in ({status, 201} if call == "post" else {status})
    else:
        assert r.status_code == 403
        assert r.mimetype == "application/problem+json"
        assert needed in r.get_json()["detail"]


@pytest.mark.parametrize("call", CALLS)
def test_nobody_gets_only_what_is_open(shared, row, call):
    _, _, needed, status = CALLS[call]
    r = ask(shared, row, call, None)
    assert r.status_code == (status if needed is None else 401)
    if needed is not None:
        assert r.headers["WWW-Authenticate"].startswith("Bearer")


def test_keys_that_are_none(shared, keys):
    key = keys[SETS[-1]]
    prefix, client_id, secret = key.split("_", 2)
    wrong = [
        "", "x", "docsvc", "docsvc_", "docsvc__", f"docsvc_{client_id}", f"docsvc_{client_id}_", f"{key}x",
        f"docsvc_{client_id}_{secret.swapcase()}", f"docsvc_nobody_{secret}", f"x_{client_id}_{secret}",
        key[:-1], key.upper(), f"docsvc_{client_id}\0_{secret}", "docsvc_" + "a" * 5000,
    ]  # fmt: skip
    assert prefix == "docsvc"
    answers = [shared.get("/documents", bad) for bad in wrong]
    assert {r.status_code for r in answers} == {401}
    told = {r.get_json()["detail"] for r in answers[1:]}
    assert told == {"API密钥无效"}, "never says what was wrong"


def test_other_ways_to_show_a_key_do_not_count(shared, keys):
    key = keys[SETS[-1]]
    assert shared.call("GET", f"/documents?key={key}").status_code == 401
    assert shared.call("GET", "/documents", headers={"X-API-Key": key}).status_code == 401
    assert shared.call("GET", "/documents", headers={"Authorization": f"Basic {key}"}).status_code == 401
    assert shared.call("GET", "/documents", headers={"Authorization": key}).status_code == 401
    assert shared.call("GET", "/documents", headers={"Authorization": f"bearer {key}"}).status_code == 200


def test_a_wrong_key_does_not_close_what_is_open(shared):
    assert shared.get("/templates", "docsvc_x_y").status_code == 200


def test_a_revoked_key_ends_at_once(portal):
    key = portal.key(name="tax office")
    assert portal.get("/documents", key).status_code == 200
    portal.service.callers.revoke("tax office")
    assert portal.get("/documents", key).status_code == 401


def test_a_signed_in_browser_is_nobody_at_the_api(portal):
    browser = portal.browser()
    token = portal.service.accounts.sign_in(portal.user(Role.OFFICER), PASSWORD).token
    browser.set_cookie("docsvc", token)
    assert browser.get("/api/v1/documents").status_code == 401


def test_a_key_is_nobody_at_the_pages(portal, key):
    r = portal.browser().get("/documents", headers={"Authorization": f"Bearer {key}"})
    assert r.status_code == 303


def test_a_joint_notice_is_posted_only_by_who_acts_for_every_agency(shared):
    case = sample("interview_notice", 3)
    for agency, other in (("demo-market", "demo-enforcement"), ("demo-enforcement", "demo-market")):
        r = shared.post_case(shared.key(agency=agency), {**case, "agency": agency}, f"joint-{agency}")
        assert r.status_code == 403
        assert other in r.get_json()["detail"] + r.get_json()["detail_en"]
    r = shared.post_case(shared.key(agency=None), case, "joint-all")
    assert r.status_code in {201, 202}
