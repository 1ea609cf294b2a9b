"""Voiding against those who work on the document; the rest is tried through the API."""

from __future__ import annotations

import threading

import pytest

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import State
from docsvc.domain.errors import ConflictError, ForbiddenError, LeaseLostError, NotFoundError, UsageError
from tests.support.cases import sample
from tests.support.portal import Portal

OFFICER = Principal("user", "u-1", "张三", "demo-market", frozenset({Permission.VOID}))


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    yield portal
    portal.close()


def test_the_reason_and_who_gave_it_are_in_the_log(portal):
    row = portal.recorded()
    portal.service.voiding.void(OFFICER, row.id, " 名称有误 ")
    reader = Principal("user", "a", "a", None, frozenset({Permission.READ}))
    told = portal.service.search.history(reader, row.id)[-1]
    assert (told.type, told.detail, told.by["name"]) == ("document.voided", {"reason": "名称有误"}, "张三")


def test_a_holder_that_was_overtaken_writes_nothing_more(portal):
    row = portal.service.intake.accept(sample("advice")).row
    past = portal.office_now()
    with portal.office.database.begin() as tx:
        token = tx.jobs.claim(row.id, "somebody else", past, past)  # a lease that has run out
    portal.service.voiding.void(OFFICER, row.id, "名称有误")
    with pytest.raises(LeaseLostError), portal.office.database.begin() as tx:
        tx.jobs.fence(row.id, token)
    assert portal.state(row.id) is State.VOIDED


def test_many_at_once_void_it_once(portal):
    row = portal.recorded()
    answers = []

    def void(n):
        try:
            answers.append(portal.service.voiding.void(OFFICER, row.id, f"理由{n % 2}").reason)
        except ConflictError:
            answers.append(None)

    threads = [threading.Thread(target=void, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers, key=str) == [None] * 3 + [portal.office.row(row.id).reason] * 3
    assert portal.events(row.id).count("document.voided") == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\nb", "a\u202eb", "\ud800"])
def test_a_reason_is_one_readable_line(portal, reason):
    row = portal.recorded()
    with pytest.raises(UsageError):
        portal.service.voiding.void(OFFICER, row.id, reason)


def test_who_may_not(portal):
    row = portal.recorded()
    with pytest.raises(ForbiddenError):
        portal.service.voiding.void(Principal("user", "u", "x", None, frozenset()), row.id, "x")
    stranger = Principal("user", "u", "x", "demo-enforcement", frozenset({Permission.VOID}))
    with pytest.raises(NotFoundError):
        portal.service.voiding.void(stranger, row.id, "x")
    assert portal.state(row.id) is State.RECORDED
