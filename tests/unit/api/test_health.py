"""Alive, ready, figures: told as it is, and nothing about people."""

from __future__ import annotations

import datetime as dt

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docsvc.domain.errors import DatabaseError, StoreError
from docsvc.domain.validity import Role
from tests.support.cases import sample
from tests.support.portal import Portal, valid


def parts(portal):
    r = portal.get("/readyz")
    return r.status_code, r.get_json()["status"], {p["name"]: p["status"] for p in r.get_json()["parts"]}


def test_a_sound_service_is_ready(portal):
    status, whole, each = parts(portal)
    assert (status, whole) == (200, "ok")
    assert set(each) == {"database", "broker", "store", "keys", "converter", "sequencer"}


def test_alive_asks_nobody(portal, monkeypatch):
    monkeypatch.setattr(type(portal.service.database), "read", None)
    assert portal.get("/healthz").get_json() == {"status": "ok"}


def test_without_a_database_it_can_not_work(portal, monkeypatch):
    def gone(_self):
        raise DatabaseError("gone")

    monkeypatch.setattr(type(portal.service.database), "read", gone)
    assert parts(portal) == (503, "failed", {"database": "failed"})
    assert b"docsvc_database_up 0.0" in portal.get("/metrics").data


def test_without_a_store_it_can_not_work(portal, monkeypatch):
    def gone(_self):
        raise StoreError("gone")

    monkeypatch.setattr(type(portal.service.publisher), "published", gone)
    status, whole, each = parts(portal)
    assert (status, whole, each["store"]) == (503, "failed", "failed")


def test_without_a_broker_it_is_degraded(portal):
    portal.queue.away = True
    status, whole, each = parts(portal)
    assert (status, whole, each["broker"]) == (200, "degraded", "degraded")


def in_days(days):
    return None if days is None else dt.datetime.now(dt.UTC) + dt.timedelta(days=days)


def keys_part(portal):
    return next(p for p in portal.get("/readyz").get_json()["parts"] if p["name"] == "keys")


@pytest.mark.parametrize(
    ("days", "status", "keys"),
    [(365, 200, "ok"), (10, 200, "degraded"), (-1, 503, "failed"), (None, 503, "failed")],
)
def test_seals_that_expire(portal, days, status, keys):
    portal.chains.ends = {a.seal.id: in_days(days) for a in portal.service.agencies()}
    got = parts(portal)
    assert (got[0], got[2]["keys"]) == (status, keys)


@pytest.mark.parametrize("days", [10, -1, None])
def test_one_seal_of_several_keeps_no_other_from_work_and_is_named(portal, days):
    seal = portal.service.agencies()[0].seal.id
    portal.chains.ends = {seal: in_days(days)}
    got = parts(portal)
    assert (got[0], got[2]["keys"]) == (200, "degraded")
    part = keys_part(portal)
    assert seal in part["detail"]
    assert seal in part["detail_en"]
    assert (f"{in_days(days):%Y-%m-%d}" if days else "no public certificates") in part["detail_en"]


def test_the_warning_comes_as_many_days_ahead_as_the_settings_say(tmp_path):
    portal = Portal(tmp_path, expiry_warning_days=5)
    portal.chains.ends = {a.seal.id: in_days(10) for a in portal.service.agencies()}
    assert keys_part(portal)["status"] == "ok"
    portal.close()


@pytest.mark.parametrize(
    ("role", "days", "status"),
    [
        (Role.AUTHORITY, 10, "degraded"),
        (Role.AUTHORITY, -1, "degraded"),
        (Role.CA, -1, "degraded"),
        (Role.ROOT, 10, "degraded"),
        (Role.ROOT, -1, "ok"),  # kept for what was made in its time
        (Role.AUTHORITY, 365, "ok"),
    ],
)
def test_authorities_that_expire(portal, role, days, status):
    portal.chains.authorities = [valid("tsa", in_days(days), role)]
    part = keys_part(portal)
    assert part["status"] == status
    assert ("tsa" in part["detail_en"]) == (status != "ok")


def test_when_each_certificate_ends_is_a_figure(portal):
    seals = [a.seal.id for a in portal.service.agencies()]
    soon = in_days(10).replace(microsecond=0)
    portal.chains.ends = {seals[0]: soon, seals[1]: in_days(-1)}
    portal.chains.authorities = [valid("tsa", soon, Role.AUTHORITY)]
    _, got = figures(portal)
    ends, until = "docsvc_certificate_expiry_timestamp_seconds", "docsvc_seal_usable_until_timestamp_seconds"
    assert got[ends, (("name", seals[0]), ("role", "seal"))] == soon.timestamp()
    assert got[ends, (("name", "tsa"), ("role", "authority"))] == soon.timestamp()
    assert got[until, (("seal", seals[0]),)] == soon.timestamp()
    assert got[until, (("seal", seals[1]),)] == 0
    portal.chains.ends[seals[1]] = None
    _, got = figures(portal)
    assert got[until, (("seal", seals[1]),)] == 0
    assert (ends, (("name", seals[1]), ("role", "seal"))) not in got


def age(portal, seconds):
    clock = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    object.__setattr__(portal.service.observation, "clock", lambda: clock)


def test_work_that_nobody_takes_up(portal, key):
    document_id = portal.post_case(key, sample("advice")).get_json()["id"]
    assert parts(portal)[2]["converter"] == "ok"
    age(portal, 100)
    assert parts(portal)[2]["converter"] == "degraded"
    with portal.office.database.begin() as tx:
        portal.service.leases.claim(tx, document_id)
    assert parts(portal)[2]["converter"] == "ok", "somebody works"


def test_events_that_nobody_sequences(portal, key):
    portal.post_case(key, sample("advice"))
    age(portal, 70)
    assert parts(portal)[2]["sequencer"] == "degraded"
    portal.office.sequence()
    assert parts(portal)[2]["sequencer"] == "ok"


def figures(portal):
    text = portal.get("/metrics").get_data(as_text=True)
    return text, {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def test_figures_are_those_of_the_database(portal, key):
    portal.recorded()
    portal.post_case(key, sample("reminder"))
    portal.post_case(key, sample("reminder"), "key-1")
    _, got = figures(portal)
    assert got["docsvc_documents", (("state", "recorded"),)] == 1
    assert got["docsvc_documents", (("state", "accepted"),)] == 1
    assert got["docsvc_documents", (("state", "voided"),)] == 0
    assert got["docsvc_jobs", (("held", "no"),)] == 1
    assert got["docsvc_jobs", (("held", "yes"),)] == 0
    assert got["docsvc_oldest_job_seconds", ()] > 0
    assert got["docsvc_events_waiting", ()] == 1
    assert got["docsvc_oldest_event_seconds", ()] > 0
    assert got["docsvc_log_size", ()] == got["docsvc_log_checkpoint_size", ()] == 2
    assert got["docsvc_database_up", ()] == 1


def test_requests_are_counted_by_route_not_by_path(portal, key):
    row = portal.recorded()
    portal.get(f"/documents/{row.id}", key)
    portal.get("/documents/secret-id", key)
    portal.get("/nowhere/secret-id")
    portal.call("BREW-secret", "/documents", key)
    text, got = figures(portal)
    route = ("route", "/api/v1/documents/<document_id>")
    assert got["docsvc_http_requests_total", (("method", "GET"), route, ("status", "200"))] == 1
    assert got["docsvc_http_requests_total", (("method", "GET"), route, ("status", "404"))] == 1
    assert got["docsvc_http_request_seconds_count", (("method", "GET"), route)] == 2
    assert ("docsvc_http_requests_total", (("method", "other"), ("route", "unmatched"), ("status", "405"))) in got
    for private in ("secret", row.id, row.party_name, row.number, row.agency_id, "system 0"):
        assert private not in text
