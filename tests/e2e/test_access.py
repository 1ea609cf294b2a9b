"""Who may do what, over the live service: each caller at each call, each person at each page."""

from __future__ import annotations

import json
import re
import secrets
import time

import pytest
import requests

from tests.support.api import Api

pytestmark = [pytest.mark.office, pytest.mark.slow]

OWN, OTHER = "demo-market", "demo-enforcement"
OK, ACCEPTED, BEGUN = 200, 202, "202 or 201"
UNKNOWN, FORBIDDEN, ABSENT = 401, 403, 404

# What a call answers to: a key of every scope, of one scope each, of another agency, of every agency to read only,
# a wrong key, a revoked key, and nobody.
CALLERS = ("all", "create", "read", "void", "other", "auditing", "wrong", "revoked", "nobody")
CALLS: dict[str, tuple[object, ...]] = {
    "post":     (BEGUN, BEGUN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, UNKNOWN, UNKNOWN, UNKNOWN),
    "search":   (OK, FORBIDDEN, OK, FORBIDDEN, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "one":      (OK, FORBIDDEN, OK, FORBIDDEN, ABSENT, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "events":   (OK, FORBIDDEN, OK, FORBIDDEN, ABSENT, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "content":  (OK, FORBIDDEN, OK, FORBIDDEN, ABSENT, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "docx":     (OK, FORBIDDEN, OK, FORBIDDEN, ABSENT, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "evidence": (OK, FORBIDDEN, OK, FORBIDDEN, ABSENT, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "preview":  (OK, FORBIDDEN, OK, FORBIDDEN, ABSENT, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "void":     (OK, FORBIDDEN, FORBIDDEN, OK, ABSENT, FORBIDDEN, UNKNOWN, UNKNOWN, UNKNOWN),
    # Whose cases another agency's rows are is seen when they are taken in.
    "batch":    (ACCEPTED, ACCEPTED, FORBIDDEN, FORBIDDEN, ACCEPTED, FORBIDDEN, UNKNOWN, UNKNOWN, UNKNOWN),
    "batches":  (OK, FORBIDDEN, OK, FORBIDDEN, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN),
    "verify":   (OK,) * 9,
    "schema":   (OK,) * 9,
    "log":      (OK,) * 9,
    "healthz":  (OK,) * 9,
    "openapi":  (OK,) * 9,
}  # fmt: skip

# Of a batch that the first of them posted: whoever else may read does not find it.
OF_A_BATCH = (OK, FORBIDDEN, ABSENT, FORBIDDEN, ABSENT, ABSENT, UNKNOWN, UNKNOWN, UNKNOWN)

# Another agency's officer, and one whose account was ended; whoever is not signed in is shown the way there.
PEOPLE = ("officer", "auditor", "administrator", "stranger", "disabled", "nobody")
SIGN_IN = 303
PAGES: dict[str, tuple[int, ...]] = {
    "home":     (OK,) * 6,
    "list":     (OK, OK, OK, OK, SIGN_IN, SIGN_IN),
    "document": (OK, OK, OK, ABSENT, SIGN_IN, SIGN_IN),
    "picture":  (OK, OK, OK, ABSENT, SIGN_IN, SIGN_IN),
    "pdf":      (OK, OK, OK, ABSENT, SIGN_IN, SIGN_IN),
    "docx":     (OK, OK, OK, ABSENT, SIGN_IN, SIGN_IN),
    "evidence": (OK, OK, OK, ABSENT, SIGN_IN, SIGN_IN),
    "types":    (OK, FORBIDDEN, FORBIDDEN, OK, SIGN_IN, SIGN_IN),
    "form":     (OK, FORBIDDEN, FORBIDDEN, OK, SIGN_IN, SIGN_IN),
    "post":     (SIGN_IN, FORBIDDEN, FORBIDDEN, FORBIDDEN, SIGN_IN, SIGN_IN),
    "batches":  (OK, FORBIDDEN, FORBIDDEN, OK, SIGN_IN, SIGN_IN),
    "sheet":    (OK, FORBIDDEN, FORBIDDEN, OK, SIGN_IN, SIGN_IN),
    "batch":    (ABSENT, FORBIDDEN, FORBIDDEN, ABSENT, SIGN_IN, SIGN_IN),
    "ask":      (OK, FORBIDDEN, OK, ABSENT, SIGN_IN, SIGN_IN),
    "void":     (SIGN_IN, FORBIDDEN, SIGN_IN, ABSENT, SIGN_IN, SIGN_IN),
    "verify":   (OK,) * 6,
    "scan":     (OK,) * 6,
    "password": (OK, OK, OK, OK, SIGN_IN, SIGN_IN),
}  # fmt: skip
# Where a post of the page above went: a document's page for those who may, the way to sign in for the others.
LEADS_TO = {"officer": "/documents/", "administrator": "/documents/", "disabled": "/sign-in", "nobody": "/sign-in"}


@pytest.fixture(scope="module")
def document(stack):
    """What everybody asks about; it is never voided."""
    return stack.api(OWN).issue(stack.case("advice", OWN))


@pytest.fixture(scope="module")
def callers(stack):
    create, read, void = "documents:create", "documents:read", "documents:void"
    name = f"revoked-{secrets.token_hex(4)}"
    added = stack.run("clients", "add", name, "--agency", OWN, "--scope", read).stdout
    (revoked,) = re.findall(r"docsvc_[0-9a-f]+_[A-Za-z0-9_-]+", added)
    assert Api(stack.base_url, revoked).get("/documents").status_code == OK
    stack.run("clients", "revoke", name)
    whole = stack.key(OWN)
    keys = {
        "all": whole,
        "create": stack.key(OWN, [create]),
        "read": stack.key(OWN, [read]),
        "void": stack.key(OWN, [void]),
        "other": stack.key(OTHER),
        "auditing": stack.key(None, [read]),
        "wrong": whole[:-1] + ("A" if whole[-1] != "A" else "B"),
        "revoked": revoked,
        "nobody": None,
    }
    return {who: Api(stack.base_url, key) for who, key in keys.items()}


@pytest.fixture
def spare(stack):
    """A document that may be voided."""
    return lambda: stack.api(OWN).issue(stack.case("reminder", OWN))["id"]


@pytest.mark.parametrize("call", CALLS)
def test_every_caller_at_every_call(stack, document, callers, spare, call):
    answers = {
        who: ask(stack, api, call, spare() if call == "void" else document["id"]) for who, api in callers.items()
    }
    expected = dict(zip(CALLERS, CALLS[call], strict=True))
    found = {
        who: BEGUN if expected[who] == BEGUN and a.status_code in (ACCEPTED, 201) else a.status_code
        for who, a in answers.items()
    }
    assert found == expected
    for who, answer in answers.items():
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json", who
            assert document["party_name"] not in answer.text
            assert document["number"] not in answer.text
        if answer.status_code == UNKNOWN:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), who
    # A wrong, a revoked and no key are told apart by nobody but their owner.
    assert answers["wrong"].headers.keys() == answers["revoked"].headers.keys()


def ask(stack, api, call, document_id):
    at = f"/documents/{document_id}"
    calls = {
        "post": lambda: api.post(stack.case("advice", OWN)),
        "void": lambda: api.call("POST", f"{at}/void", json={"reason": "名称有误"}),
        "verify": lambda: api.call("POST", "/verifications", files={"file": ("x.pdf", b"%PDF-1.7\n")}),
        "batch": lambda: post_batch(api, stack.case("advice", OWN)),
        "batches": lambda: api.get("/batches"),
        "search": lambda: api.get("/documents"),
        "one": lambda: api.get(at),
        "preview": lambda: api.get(f"{at}/preview/1.png"),
        "schema": lambda: api.get("/templates/advice/schema"),
        "log": lambda: api.get("/log/checkpoint"),
        "healthz": lambda: api.get("/healthz"),
        "openapi": lambda: api.session.get(f"{api.base_url}/openapi.json", timeout=30),
    }
    return calls.get(call, lambda: api.get(f"{at}/{call}"))()


def post_batch(api, case):
    headers = {"Content-Type": "application/jsonl", "Idempotency-Key": secrets.token_hex(8)}
    return api.call("POST", "/batches", data=json.dumps(case).encode(), headers=headers)


@pytest.fixture(scope="module")
def batch(stack, callers):
    """Done, with one document."""
    api, finish = callers["all"], time.monotonic() + 120
    place = post_batch(api, stack.case("advice", OWN)).json()["id"]
    while api.get(f"/batches/{place}").json()["state"] != "done":
        assert time.monotonic() < finish
        time.sleep(0.2)
    return place


@pytest.mark.parametrize("what", ["", "/rows", "/documents.zip", "/print.pdf"])
def test_every_caller_at_somebodys_batch(callers, batch, what):
    found = [api.get(f"/batches/{batch}{what}").status_code for api in callers.values()]
    assert tuple(found) == OF_A_BATCH


def test_a_refused_void_voids_nothing(stack, document):
    for agency, scopes in ((OTHER, ["documents:void"]), (OWN, ["documents:read"]), (OWN, ["documents:create"])):
        api = stack.api(agency, scopes)
        assert api.call("POST", f"/documents/{document['id']}/void", json={"reason": "名称有误"}).status_code >= 400
    assert stack.api(OWN).document(document["id"])["state"] == "recorded"


def test_a_browser_s_session_is_no_key(stack, document):
    """Else another site's page could post by the cookie of whoever looks at it."""
    browser = sign_in(stack, *stack.user("officer", OWN))
    assert browser.get(f"{stack.base_url}/documents/{document['id']}", timeout=30).status_code == OK
    assert browser.get(f"{stack.base_url}/api/v1/documents/{document['id']}", timeout=30).status_code == UNKNOWN


def test_a_key_is_no_session(stack, document):
    api = stack.api(OWN)
    page = api.session.get(f"{stack.base_url}/documents/{document['id']}", timeout=30, allow_redirects=False)
    assert page.status_code == SIGN_IN


@pytest.fixture(scope="module")
def people(stack):
    """A browser for each, signed in as far as they can."""
    ended = sign_in(stack, *stack.user("officer", None))
    stack.run("users", "disable", stack.user("officer", None)[0])
    return {
        "officer": sign_in(stack, *stack.user("officer", OWN)),
        "auditor": sign_in(stack, *stack.user("auditor")),
        "administrator": sign_in(stack, *stack.user("administrator", OWN)),
        "stranger": sign_in(stack, *stack.user("officer", OTHER)),
        "disabled": ended,
        "nobody": a_browser(),
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_person_at_every_page(stack, document, people, spare, page):
    found = {}
    for who, browser in people.items():
        answer = visit(stack, browser, page, spare() if page == "void" else document["id"])
        found[who] = answer.status_code
        if answer.status_code == SIGN_IN:
            to = answer.headers["Location"]
            assert LEADS_TO[who] in to if page in ("post", "void") else to.startswith("/sign-in"), who
        if answer.status_code in (FORBIDDEN, ABSENT):
            assert document["party_name"] not in answer.text, who
            assert document["number"] not in answer.text, who
    assert found == dict(zip(PEOPLE, PAGES[page], strict=True))


def visit(stack, browser, page, document_id):
    at = f"/documents/{document_id}"
    paths = {
        "home": "/",
        "list": "/documents",
        "document": at,
        "picture": f"{at}/pages/1.png",
        "pdf": f"{at}/files/pdf",
        "docx": f"{at}/files/docx",
        "evidence": f"{at}/files/evidence",
        "types": "/new",
        "form": "/new/advice",
        "batches": "/batches",
        "sheet": "/batches/sheets/advice.csv",
        "batch": f"/batches/{document_id}",
        "ask": f"{at}/void",
        "verify": "/verify",
        "scan": f"/d/{document_id}",
        "password": "/password",
    }
    if page == "post":
        text = json.dumps(stack.case("advice", OWN), ensure_ascii=False)
        return send(stack, browser, "/new/json", {"text": text, "_key": secrets.token_hex(8)})
    if page == "void":
        return send(stack, browser, f"{at}/void", {"reason": "名称有误", "sure": "yes"})
    return browser.get(f"{stack.base_url}{paths[page]}", timeout=60, allow_redirects=False)


def a_browser() -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False
    return browser


def sign_in(stack, name: str, password: str) -> requests.Session:
    browser = a_browser()
    answer = send(stack, browser, "/sign-in", {"name": name, "password": password})
    assert answer.status_code == SIGN_IN, answer.text
    return browser


def send(stack, browser, path: str, fields: dict[str, str]) -> requests.Response:
    """A form of our own page: its token stands on every page that has a form."""
    page = browser.get(f"{stack.base_url}/sign-in", timeout=30)  # signed in, it leads to the first page
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    fields = {**fields, "csrf_token": token[1]} if token else fields
    return browser.post(f"{stack.base_url}{path}", data=fields, timeout=60, allow_redirects=False)


def test_a_form_without_its_token_is_refused(stack, people, document):
    for path, fields in (
        ("/sign-out", {}),
        ("/new/json", {"text": "{}"}),
        (f"/documents/{document['id']}/void", {"reason": "名称有误", "sure": "yes"}),
    ):
        answer = people["officer"].post(f"{stack.base_url}{path}", data=fields, timeout=30, allow_redirects=False)
        assert answer.status_code == 400, path
    assert stack.api(OWN).document(document["id"])["state"] == "recorded"
