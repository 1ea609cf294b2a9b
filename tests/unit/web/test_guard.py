"""What holds on every page: headers, cookies, form tokens, sessions, limits."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import io
import json
import re

import pytest

from docsvc.domain.access import Role
from docsvc.domain.errors import DatabaseError
from docsvc.web.guard import own_path
from tests.support.cases import sample
from tests.support.passwords import QuickPasswords
from tests.support.portal import PASSWORD

HTTPS = {"public_url": "https://docs.example.gov.cn", "rate_limit_anonymous": "100000/minute"}


def paths_of(site, officer):
    """Every page, asked for by GET, with a document and a batch of the officer's to show."""
    document_id = site.recorded().id
    file = io.BytesIO(json.dumps(sample("advice", 2), ensure_ascii=False).encode())
    batch = officer.post("/batches", {"_key": "k", "file": (file, "cases.jsonl")}).headers["Location"]
    for rule in site.app.url_map.iter_rules():
        if rule.endpoint.startswith("web.") and "GET" in rule.methods:
            values = {
                "document_id": document_id,
                "batch_id": batch.rsplit("/", 1)[-1],
                "number": 1,
                "kind": "pdf",
                "doc_type": "advice",
                "filename": "icon.svg",
            }
            with site.app.test_request_context():
                from flask import url_for

                yield url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def test_every_page_has_the_same_headers(site, officer):
    paths = [*paths_of(site, officer), "/nothing-here", "/documents/unknown", "/d/unknown", "/new/unknown"]
    assert len(paths) >= 18
    for who in (officer, site.visitor()):
        for path in paths:
            r = who.get(path)
            assert r.status_code in {200, 204, 303, 404, 409, 410}, path  # 409: the batch is not done; 410: no link
            policy = dict(p.strip().split(" ", 1) for p in r.headers["Content-Security-Policy"].split(";"))
            assert policy == {
                "default-src": "'none'",
                "script-src": "'self'",
                "style-src": "'self'",
                "img-src": "'self'",
                "font-src": "'self'",
                "connect-src": "'self'",
                "form-action": "'self'",
                "base-uri": "'none'",
                "frame-ancestors": "'none'",
            }, path
            assert r.headers["Referrer-Policy"] == "no-referrer", path
            assert r.headers["X-Content-Type-Options"] == "nosniff", path
            kept = "public, max-age=31536000, immutable" if path.startswith("/static/") else "no-store"
            assert r.headers["Cache-Control"] == kept, path
            assert r.headers["X-Request-Id"], path
            assert "Strict-Transport-Security" not in r.headers, path


def test_pages_hold_no_inline_script_or_style_and_nothing_from_elsewhere(site, officer):
    for path in paths_of(site, officer):
        r = officer.get(path)
        if r.mimetype != "text/html":
            continue
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", r.text), path
        assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", r.text)), path
        for address in re.findall(r'(?:src|href|action|hx-get|hx-post)="([^"]*)"', r.text):
            assert re.match(r"[/#]", address), (path, address)
            assert not address.startswith("//"), (path, address)


def test_every_field_has_a_label(site, officer):
    for path in paths_of(site, officer):
        r = officer.get(path)
        if r.mimetype != "text/html":
            continue
        ids = re.findall(
            r"""<(?:input|select|textarea)\s(?![^>]*type="hidden")(?![^>]*\shidden)[^>]*?id="([^"]+)""", r.text
        )
        fields = re.findall(r"""<(?:input|select|textarea)\s(?![^>]*type="hidden")(?![^>]*\shidden)""", r.text)
        assert len(ids) == len(fields), path
        labels = set(re.findall(r'<label[^>]* for="([^"]+)"', r.text))
        assert set(ids) <= labels, path
        every = re.findall(r'\sid="([^"]+)"', r.text)
        assert len(every) == len(set(every)), path


# ---- cookies


def cookies(response):
    return {c.split("=", 1)[0]: c for c in response.headers.getlist("Set-Cookie")}


def test_cookies_where_there_is_no_https(site):
    r = site.visitor().sign_in(site.user(Role.OFFICER))
    session = cookies(r)["docsvc"]
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/" in session
    assert "Secure" not in session
    assert "Expires" not in session  # with the browser
    assert "Domain" not in session


def test_cookies_behind_https(make_site):
    site = make_site(**HTTPS)
    visitor = site.visitor()
    client = visitor.client
    form = client.get("/sign-in", base_url="https://docs.example.gov.cn")
    planted = cookies(form)["__Host-docsvc-form"]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {p.strip() for p in planted.split(";")}
    token = html.unescape(re.search(r'csrf_token" value="([^"]+)', form.text)[1])
    r = client.post(
        "/sign-in",
        data={"csrf_token": token, "name": site.user(Role.OFFICER), "password": PASSWORD},
        base_url="https://docs.example.gov.cn",
    )
    assert r.status_code == 303
    session = cookies(r)["__Host-docsvc"]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {p.strip() for p in session.split(";")}
    assert "Domain" not in session
    assert r.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert client.get("/documents", base_url="https://docs.example.gov.cn").status_code == 200


# ---- form tokens


FORMS = (
    "/sign-in",
    "/sign-out",
    "/password",
    "/new/advice",
    "/new/json",
    "/verify",
    "/batches",
    "/documents/{}/void",
    "/documents/{}/signatures/Party/pin",
    "/documents/{}/signatures/Party/link",
    "/documents/{}/signatures/Party/refusal",
    "/sign",
    "/sign/document",
)


@pytest.mark.parametrize("token", [None, "", "forged", "another's"])
def test_no_form_is_taken_without_its_token(site, officer, token):
    document_id = site.recorded().id
    if token == "another's":
        other = site.visitor()
        other.get("/verify")
        token = other.token
    officer.get("/verify")
    data = {} if token is None else {"csrf_token": token}
    for path in FORMS:
        r = officer.client.post(path.format(document_id), data=data | {"reason": "x", "sure": "yes"})
        assert r.status_code == 400, path
        assert officer.get("/documents").status_code == 200, path  # still signed in
    assert site.state(document_id) == "recorded"


def test_there_is_no_other_form_than_those(site):
    posts = {
        rule.rule
        for rule in site.app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
    }
    assert posts == {
        "/sign-in", "/sign-out", "/password", "/new/<doc_type>", "/new/json", "/verify",
        "/documents/<document_id>/void", "/batches", "/sign", "/sign/document",
        *(f"/documents/<document_id>/signatures/<field>/{what}" for what in ("pin", "link", "refusal")),
    }  # fmt: skip


def test_a_form_token_of_before_the_sign_in_ends_with_it(site):
    visitor = site.visitor()
    visitor.get("/sign-in")
    before = visitor.token
    assert visitor.sign_in(site.user(Role.OFFICER)).status_code == 303
    visitor.get("/verify")
    assert visitor.client.post("/sign-out", data={"csrf_token": before}).status_code == 400


def test_the_api_takes_no_cookie_and_the_pages_take_no_key(site, officer):
    assert officer.client.get("/api/v1/documents").status_code == 401
    key = site.key()
    r = site.visitor().get("/documents", Authorization=f"Bearer {key}")
    assert r.status_code == 303


# ---- sessions


def test_signing_in_makes_a_new_session_and_ends_the_old_one(site):
    visitor = site.visitor()
    name = site.user(Role.OFFICER)
    visitor.client.set_cookie("docsvc", "planted")
    visitor.sign_in(name)
    first = visitor.client.get_cookie("docsvc").value
    assert first != "planted"
    visitor.get("/")
    visitor.client.post("/sign-in", data={"csrf_token": visitor.token, "name": name, "password": PASSWORD})
    assert visitor.client.get_cookie("docsvc").value != first
    assert site.service.accounts.who(first) is None


def test_a_session_that_has_ended_leads_to_the_sign_in_and_back(make_site):
    site = make_site(session_idle_minutes=0.00001)
    visitor = site.visitor()
    visitor.sign_in(site.user(Role.OFFICER))
    r = visitor.get("/documents?party=甲&state=recorded")
    assert r.status_code == 303
    assert r.headers["Location"].startswith("/sign-in?next=/documents")
    assert 'value="/documents?party=' in visitor.get(r.headers["Location"]).text


def test_who_types_is_not_idle(site, officer):
    def later(minutes):
        now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
        site.service.accounts = dataclasses.replace(site.service.accounts, clock=lambda: now)

    later(20)
    assert officer.get("/still-here", HX_Request="true").status_code == 204
    later(40)
    assert officer.get("/documents").status_code == 200
    later(80)
    r = officer.get("/still-here", HX_Request="true")
    assert (r.status_code, r.headers.get("HX-Refresh")) == (204, None)
    assert officer.get("/documents").status_code == 303


def test_a_part_of_a_page_asks_the_whole_page_to_load_when_the_session_has_ended(site):
    r = site.visitor().get("/documents", HX_Request="true")
    assert r.status_code == 401
    assert r.headers["HX-Refresh"] == "true"
    assert r.data == b""


def test_a_disabled_user_is_out_at_the_next_page(site, officer):
    site.service.accounts.disable(officer.name)
    assert officer.get("/documents").status_code == 303


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/x\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "",
        " /x",
        "///evil.example",
    ],
)
def test_other_addresses_are_no_paths_of_ours(text):
    assert own_path(text) == "/"


def test_nobody_is_sent_elsewhere_after_signing_in(site):
    name = site.user(Role.OFFICER)
    for text in ("//evil.example", "https://evil.example/", "/\\evil.example"):
        r = site.visitor().sign_in(name, to=text)
        assert (r.status_code, r.headers["Location"]) == (303, "/")
        r = site.visitor().client.get("/sign-in", query_string={"next": text})
        assert "evil.example" not in r.text


def test_own_paths_are_kept():
    assert own_path("/documents?party=甲&from=2026-01-01") == "/documents?party=甲&from=2026-01-01"


# ---- limits and faults


def test_who_guesses_too_often_is_told_to_wait(make_site):
    site = make_site(rate_limit_anonymous="3/minute")
    visitor = site.visitor()
    for _ in range(3):
        assert visitor.get("/sign-in").status_code == 200
    r = visitor.get("/sign-in")
    assert r.status_code == 429
    assert "操作过于频繁" in r.text
    assert int(r.headers["Retry-After"]) > 0
    assert r.headers["X-Request-Id"] in r.text


def test_a_form_that_is_too_large(officer):
    r = officer.post("/password", {"current": "x" * 200_000})
    assert r.status_code == 413
    assert "内容过大" in r.text


def test_a_page_that_there_is_not_looks_like_the_others(site):
    r = site.visitor().get("/no/such/page")
    assert r.status_code == 404
    assert "没有这个页面" in r.text
    assert "docsvc.css" in r.text
    assert r.headers["X-Request-Id"] in r.text


def test_a_method_that_a_page_does_not_know(site):
    r = site.visitor().client.delete("/verify")
    assert r.status_code == 405
    assert "POST" in r.headers["Allow"]
    assert "没有" not in r.headers["Allow"]


def test_a_fault_of_ours_shows_nothing_of_it(site, officer, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret detail 7")

    monkeypatch.setattr(type(site.service.search), "page", broken)
    r = officer.get("/documents")
    assert r.status_code == 500
    assert "secret detail" not in r.text
    assert r.headers["X-Request-Id"] in r.text


def test_a_database_that_is_away_is_said_even_though_nobody_can_be_recognised(site, officer, monkeypatch):
    def away(*_, **__):
        raise DatabaseError("数据库暂不可用；the database is not available: postgresql://db.internal/docsvc")

    monkeypatch.setattr(type(site.service.database), "read", away)
    r = officer.get("/documents")
    assert r.status_code == 503
    assert "系统暂不可用" in r.text
    assert "db.internal" not in r.text


def test_a_refresh_that_fails_leaves_the_page_as_it_is(site, officer, monkeypatch):
    monkeypatch.setattr(type(site.service.search), "page", lambda *_: 1 / 0)
    r = officer.get("/documents", HX_Request="true")
    assert (r.status_code, r.headers["HX-Reswap"]) == (500, "none")


def test_hashing_is_asked_once_a_sign_in(site):
    visitor = site.visitor()
    name = site.user(Role.AUDITOR)
    assert isinstance(site.passwords, QuickPasswords)
    site.passwords.checked = 0
    visitor.sign_in(name)
    assert site.passwords.checked == 1


def test_the_clock_of_sessions_is_utc(site):
    assert site.service.accounts.clock().tzinfo is dt.UTC
