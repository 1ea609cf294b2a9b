"""Taking in and waiting, where the API can't show it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import State
from docsvc.domain.errors import CaseRefusedError, ForbiddenError, NotFoundError, StillRunningError
from docsvc.domain.job import Posting
from docsvc.usecases.post import RUNNING_S
from tests.support.cases import sample
from tests.support.portal import Portal

POSTER = Principal("client", "c-1", "system", "demo-market", frozenset({Permission.CREATE}))
RAW = json.dumps(sample("advice")).encode()


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    yield portal
    portal.close()


def test_who_may_not_post_leaves_no_key(portal):
    with pytest.raises(ForbiddenError):
        portal.service.reception.post(dataclasses.replace(POSTER, permissions=frozenset()), "k", RAW)
    assert portal.service.reception.post(POSTER, "k", RAW).new


def test_a_key_whose_first_caller_died_is_taken_over_when_its_time_is_over(portal):
    begun = dt.datetime.now(dt.UTC)
    until = begun + dt.timedelta(seconds=RUNNING_S)
    with portal.office.database.begin() as tx:
        from docsvc.domain.canonical import sha256_hex

        assert tx.postings.open(Posting("c-1", "k", sha256_hex(RAW), None, until, begun)) is None
    with pytest.raises(StillRunningError):
        portal.service.reception.post(POSTER, "k", RAW)
    later = dataclasses.replace(portal.service.reception, clock=lambda: until + dt.timedelta(seconds=1))
    assert later.post(POSTER, "k", RAW).new


def test_a_refused_agency_leaves_no_key(portal):
    stranger = dataclasses.replace(POSTER, agency_id="demo-enforcement")
    with pytest.raises(ForbiddenError):
        portal.service.reception.post(stranger, "k", RAW)
    with pytest.raises(CaseRefusedError):
        portal.service.reception.post(stranger, "k", b"{}")


def test_the_job_is_there_from_the_moment_of_acceptance(portal):
    row = portal.service.reception.post(POSTER, "k", RAW).row
    with portal.office.database.read() as tx:
        backlog = tx.jobs.backlog()
        due = tx.jobs.due(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=portal.service.settings.resend_s + 1), 9)
    assert (backlog.waiting, due) == (1, [row.id])


def test_waiting_asks_again_ever_more_slowly_until_it_ends(portal):
    row = portal.service.intake.accept(sample("advice")).row
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 12:
            portal.change(row.id, state=State.FAILED, reason="x")

    reception = dataclasses.replace(portal.service.reception, sleep=sleep)
    assert reception.wait(row.id, 3600).state is State.FAILED
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.05
    assert max(pauses) <= 0.25


def test_waiting_for_nothing(portal):
    with pytest.raises(NotFoundError):
        portal.service.reception.wait("x", 1)
