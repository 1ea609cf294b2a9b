"""One roof over API and pages: who is told what, request ids, proxies, limits, what is logged."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
import structlog

from docsvc.domain.access import Role
from tests.support.portal import PASSWORD, Portal
from tests.support.workspace import Workspace


@pytest.fixture
def open_portal(tmp_path):
    opened = []

    def build(**settings):
        opened.append(Portal(tmp_path / str(len(opened)), **settings))
        return opened[-1]

    yield build
    for portal in opened:
        portal.close()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abcdef-123", True), ("short", False), ("x" * 65, False), ("with space!", False), ("<script>1", False)],
)
def test_a_request_has_an_id_everywhere(open_portal, sent, kept):
    portal = open_portal()
    for path in ("/healthz", "/api/v1/nothing", "/", "/nothing"):
        r = portal.browser().get(path, headers={"X-Request-Id": sent})
        assert (r.headers["X-Request-Id"] == sent) is kept
        assert len(portal.browser().get(path).headers["X-Request-Id"]) == 32


def test_every_answer_is_guarded(open_portal):
    portal = open_portal(public_url="https://docs.example")
    key = portal.key()
    for r in (
        portal.get("/documents", key),
        portal.get("/documents"),
        portal.get("/nothing"),
        portal.get("/openapi.json"),
        portal.browser().get("/docs"),
        portal.browser().get("/"),
        portal.browser().get("/nothing"),
        portal.browser().get("/static/docsvc.css"),
    ):
        r.close()
        assert r.headers["X-Content-Type-Options"] == "nosniff"
        assert r.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in r.headers["Content-Security-Policy"]
        assert r.headers["Referrer-Policy"] == "no-referrer"
        assert r.headers["Strict-Transport-Security"]
        assert r.headers["Cache-Control"]
        assert "Access-Control-Allow-Origin" not in r.headers


def test_without_https_nothing_is_promised_about_it(open_portal):
    assert "Strict-Transport-Security" not in open_portal().get("/healthz").headers


def test_a_line_a_request_without_anything_private(open_portal):
    portal = open_portal()
    key = portal.key()
    with structlog.testing.capture_logs() as lines:
        portal.get("/documents?party=秘密企业", key)
        portal.get("/documents/秘密", key)
        portal.get("/秘密")
        portal.post_case(key, {"body": "秘密"})
    assert [(line["event"], line["status"]) for line in lines] == [
        ("http_request", 200),
        ("http_request", 404),
        ("http_request", 404),
        ("http_request", 422),
    ]
    told = str(lines)
    assert "秘密" not in told
    assert key.split("_")[2] not in told
    assert lines[0]["caller"] == key.split("_")[1]


def test_faults_are_logged_with_their_cause(open_portal, monkeypatch):
    portal = open_portal()
    key = portal.key()

    def broken(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(type(portal.service.search), "one", broken)
    with structlog.testing.capture_logs() as lines:
        portal.get("/documents/x", key)
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)
    assert lines[0]["kind"] == "internal"


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [200, 429, 429]), (1, [200, 200, 429])])
def test_addresses_are_those_of_trusted_proxies_only(open_portal, proxies, statuses):
    portal = open_portal(trusted_proxies=proxies, rate_limit_anonymous="1/minute")
    asked = [
        portal.browser().get("/api/v1/templates", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code
        for n in (1, 2, 1)
    ]
    assert asked == statuses


def test_a_signed_in_browser_has_the_wide_limit(open_portal):
    portal = open_portal(rate_limit_anonymous="3/minute", rate_limit="50/minute")
    token = portal.service.accounts.sign_in(portal.user(Role.OFFICER), PASSWORD).token
    browser = portal.browser()
    browser.set_cookie("docsvc", token)
    assert {browser.get("/documents").status_code for _ in range(10)} == {200}
    assert [portal.browser().get("/sign-in").status_code for _ in range(4)] == [200, 200, 200, 429]
    style = portal.browser().get("/static/docsvc.css")
    style.close()
    assert style.status_code == 200
    assert browser.get("/documents").status_code == 200


def test_readers_of_the_log_are_not_held_up(open_portal):
    portal = open_portal(rate_limit_anonymous="2/minute")
    portal.recorded()
    assert {portal.browser().get("/log/checkpoint").status_code for _ in range(20)} == {200}


def test_a_store_of_counters_that_is_away_stops_nobody(open_portal):
    portal = open_portal(rate_limit_storage="redis://127.0.0.1:1")
    assert portal.get("/templates").status_code == 200


def test_a_form_too_large_is_413_on_both_sides(open_portal):
    portal = open_portal(max_upload_mb=1)
    body = b"x" * (4 << 20)
    for path in ("/api/v1/verifications", "/verify"):
        r = portal.browser().post(path, data=body, content_type="multipart/form-data; boundary=x")
        assert r.status_code in (400, 413), path


def test_the_process_needs_no_key_and_makes_none(workspace, tmp_path):
    """Only what everyone may read: certificates and the log's verifier key."""
    workspace.run("agencies", "list", check=True)  # the tables and the registry
    public = tmp_path / "public"
    shutil.copytree(workspace.certs, public, ignore=shutil.ignore_patterns("*.p12", "*.key", "password"))
    before = sorted(p for p in public.rglob("*"))
    web = Workspace(workspace.data, public)
    ask = (
        "from docsvc.wsgi import create_app; b = create_app().test_client();"
        "print(*(b.get(p).status_code for p in ('/healthz', '/readyz', '/', '/openapi.json')))"
    )
    r = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, env=web.environment, check=False
    )
    assert (r.returncode, r.stdout) == (0, "200 200 200 200\n"), r.stderr
    assert sorted(p for p in public.rglob("*")) == before
