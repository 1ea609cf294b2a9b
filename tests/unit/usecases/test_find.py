"""What anyone may see of a document, and where the log has it; the rest is tried through the API."""

from __future__ import annotations

import dataclasses

import pytest

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import DocumentFilter, State
from docsvc.domain.errors import ForbiddenError, LogError, NotFoundError, UsageError
from docsvc.usecases.find import LogPlace
from tests.support.cases import changed, sample
from tests.support.portal import Portal


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    yield portal
    portal.close()


def reader(agency="demo-market", *permissions):
    return Principal("client", "c", "reader", agency, frozenset(permissions or {Permission.READ}))


def test_the_public_sees_the_document_and_no_name(portal):
    row = portal.recorded()
    seen = portal.service.search.public(row.id)
    assert (seen.title, seen.number, seen.state) == ("行政建议书", row.number, State.RECORDED)
    assert seen.agency_name == "舟山市示例区市场监督管理局"
    assert (seen.issue_date, seen.sha256) == (row.issue_date, row.signed_sha256)
    assert row.party_name not in str(dataclasses.astuple(seen))
    assert "＊" in seen.party_name


def test_the_public_learns_nothing_of_ids_that_are_none(portal):
    for document_id in ("", "x", "\0", "8c6bf94d-6527-41c1-88bb-5b73c6ec2e6c"):
        with pytest.raises(NotFoundError):
            portal.service.search.public(document_id)


def test_limits_hold_for_every_caller(portal):
    for limit in (0, 201, -1):
        with pytest.raises(UsageError):
            portal.service.search.page(reader(), DocumentFilter(), limit=limit)
    with pytest.raises(ForbiddenError):
        portal.service.search.page(reader("demo-market", Permission.CREATE), DocumentFilter())


def test_the_place_is_that_of_the_newest_file(portal):
    row = portal.recorded()
    assert portal.service.search.place(row) == LogPlace(1, 2)
    portal.office.upgrade(row)
    waiting = portal.office.row(row.id)
    assert portal.service.search.place(waiting) is None, "the new revision waits for its checkpoint"
    portal.office.sequence()
    assert portal.service.search.place(portal.office.row(row.id)) == LogPlace(2, 3)


def test_a_document_voided_before_it_was_recorded_has_no_place(portal):
    row = portal.service.intake.accept(sample("advice")).row
    portal.office.sequence()
    portal.office.void(row)
    assert portal.service.search.place(portal.office.row(row.id)) is None


def test_a_damaged_record_is_told_as_such(portal):
    row = portal.recorded()
    portal.office.tamper("UPDATE events SET opening = x'00' WHERE type = 'document.sealed'")
    with pytest.raises(LogError, match="damaged"):
        portal.service.search.history(reader(), row.id)


def test_a_cursor_of_another_service_is_not_followed(portal):
    for n in range(3):
        portal.service.intake.accept(changed(sample("advice"), {"action_code": f"1330999260000{n}"}))
    page = portal.service.search.page(reader(), DocumentFilter(), limit=2)
    other = dataclasses.replace(portal.service.search, cursor_key=b"another")
    with pytest.raises(UsageError):
        other.page(reader(), DocumentFilter(), page.next, 2)
    assert len(portal.service.search.page(reader(), DocumentFilter(), page.next, 2).rows) == 1


def test_the_public_sees_every_agency_that_sealed(portal):
    row = portal.recorded(3, "interview_notice")
    seen = portal.service.search.public(row.id)
    assert seen.agency_name == "舟山市示例区市场监督管理局、舟山市示例区综合行政执法局"
