"""Every error of the tree has its status; problems are complete, bilingual, and say nothing they should not."""

from __future__ import annotations

import datetime as dt
import inspect

import pytest

from docsvc.api.problems import KINDS, both_languages
from docsvc.domain import errors
from docsvc.domain.errors import DatabaseError, DocsvcError, NotFoundError
from tests.support.cases import sample

TREE = [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, DocsvcError)]
MEMBERS = {"type", "title", "title_en", "status", "request_id"}


def test_the_table_knows_every_error():
    assert set(KINDS) == set(TREE)


def test_kinds_are_told_apart():
    assert len({e.kind for e in TREE}) == len(TREE)


def test_what_may_pass_is_no_fault_of_the_caller():
    for error, kind in KINDS.items():
        if error.retryable:
            assert kind.status in (409, 503), error


@pytest.mark.parametrize("error", TREE, ids=lambda e: e.__name__)
def test_each_error_is_answered_as_the_table_says(portal, key, monkeypatch, error):
    nothing = [errors.Finding("G01", "", "私密", "secret")] if error is errors.SignatureRefusedError else []
    raised = error(nothing) if "Refused" in error.__name__ and error.__init__ is not DocsvcError.__init__ else None
    if raised is None:
        more = {errors.DuplicateError: ("some-id",), errors.QuotaError: (dt.datetime.now(dt.UTC),)}.get(error, ())
        raised = error("私密；secret host db-7", *more)

    def refuse(*_args):
        raise raised

    monkeypatch.setattr(type(portal.service.search), "one", refuse)
    r = portal.get("/documents/x", key)
    body = r.get_json()
    assert r.status_code == body["status"] == KINDS[error].status
    assert r.mimetype == "application/problem+json"
    assert set(body) >= MEMBERS
    assert body["request_id"] == r.headers["X-Request-Id"]
    assert body["type"] == f"/docs#problem-{error.kind.replace('_', '-')}"
    if r.status_code >= 500:
        assert "db-7" not in r.text
        assert set(body) == MEMBERS
    assert ("Retry-After" in r.headers) == (error.retryable or r.status_code == 503)


def test_what_nobody_foresaw_is_a_500_that_shows_nothing(portal, key, monkeypatch):
    def broken(*_args):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(portal.service.search), "one", broken)
    r = portal.get("/documents/x", key)
    assert r.status_code == 500
    assert set(r.get_json()) == MEMBERS
    assert "secret" not in r.text
    assert "Traceback" not in r.text


def test_a_database_that_is_gone_is_503_at_the_key_already(portal, key, monkeypatch):
    def gone(*_args):
        raise DatabaseError("gone")

    monkeypatch.setattr(type(portal.service.callers), "authenticate", gone)
    assert portal.get("/documents", key).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/documents/", 404),
        ("GET", "//documents", 404),
        ("PUT", "/documents", 405),
        ("DELETE", "/documents/x", 405),
        ("GET", "/documents/x/void", 405),
        ("BREW", "/documents", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_what_flask_refuses_is_a_problem_too(portal, key, method, path, status):
    r = portal.call(method, path, key)
    assert r.status_code == status
    assert r.mimetype == "application/problem+json"
    assert set(r.get_json()) == MEMBERS
    assert r.headers["X-Content-Type-Options"] == "nosniff"
    if status == 405:
        assert r.headers["Allow"]


@pytest.mark.parametrize("path", ["/nothing", "/documents/", "/.env", "/api", "/healthz/"])
def test_paths_that_are_not_the_apis_get_a_page(portal, path):
    r = portal.browser().get(path)
    assert r.status_code in (303, 404)
    assert r.mimetype == "text/html"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("没有；not there", ("没有", "not there")),
        ("甲；乙；both", ("甲；乙", "both")),
        ("只有中文", ("只有中文", "只有中文")),
        ("only English", ("only English", "only English")),
        ("中文；", ("中文；", "中文；")),
    ],
)
def test_sentences_are_split_by_language(sentence, told):
    assert both_languages(sentence) == told


def test_too_many_calls_are_429_with_a_time_to_come_again(tmp_path, empty_portal):
    from tests.support.portal import Portal

    portal = Portal(tmp_path / "few", empty_portal, rate_limit="3/minute", rate_limit_anonymous="2/minute")
    try:
        one, other = portal.key(), portal.key()
        assert [portal.get("/documents", one).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = portal.get("/templates", one)
        assert refused.status_code == 429, "one count for all calls"
        assert refused.mimetype == "application/problem+json"
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert portal.get("/documents", other).status_code == 200
        assert [portal.get("/templates").status_code for _ in range(3)] == [200, 200, 429]
        assert [portal.get("/documents", "docsvc_a_b").status_code for _ in range(2)] == [429, 429], "guessing too"
        assert {portal.get("/healthz").status_code for _ in range(9)} == {200}
        assert portal.post_case(other, sample("advice")).status_code == 202
    finally:
        portal.close()


def test_sentences_of_core_faults_reach_the_caller(portal, key, monkeypatch):
    def refuse(*_args):
        raise NotFoundError("没有这份文书；no such document")

    monkeypatch.setattr(type(portal.service.search), "one", refuse)
    body = portal.get("/documents/x", key).get_json()
    assert (body["detail"], body["detail_en"]) == ("没有这份文书", "no such document")


def test_a_body_that_is_no_json_is_not_called_a_case(portal, key):
    answer = portal.call("POST", "/documents/some-id/void", key, data="{", content_type="application/json")
    told = answer.get_json()
    assert (answer.status_code, told["errors"][0]["rule"]) == (422, "SCHEMA")
    assert "JSON" in told["detail"]
    assert "案件" not in answer.text
    assert "case" not in answer.text
