"""Which documents are due for another time-stamp, on both engines."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.document import Level, State
from tests.support.rows import document_row

NOON = dt.datetime(2034, 7, 1, 4, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def rows(database):
    kept = {
        "late": (State.RECORDED, Level.B_LTA, NOON + 9 * DAY),
        "soon": (State.SEALED, Level.B_LTA, NOON + DAY),
        "now": (State.RECORDED, Level.B_LTA, NOON),
        "lost": (State.RECORDED, Level.B_LTA, NOON - DAY),
        "unread": (State.RECORDED, Level.B_LTA, None),
        "lower": (State.RECORDED, Level.B_LT, None),
        "void": (State.VOIDED, Level.B_LTA, NOON + DAY),
        "waits": (State.ACCEPTED, None, None),
    }
    with database.begin() as tx:
        for n, (name, (state, level, until)) in enumerate(kept.items(), 1):
            row = document_row(f"测〔2034〕{n}号", id=name, state=state, achieved_level=level, renew_before=until)
            tx.documents.add(row)


@pytest.mark.usefixtures("rows")
def test_those_whose_time_stamp_weakens_within_the_span_the_first_first(database):
    with database.read() as tx:
        assert [r.id for r in tx.documents.renewable(NOON - 2 * DAY, NOON, 9)] == ["lost", "now"]
        found = tx.documents.renewable(NOON, NOON + 9 * DAY, 9)
        assert [(r.id, r.renew_before) for r in found] == [("soon", NOON + DAY), ("late", NOON + 9 * DAY)]
        assert [r.id for r in tx.documents.renewable(NOON, NOON + 9 * DAY, 1)] == ["soon"]


@pytest.mark.usefixtures("rows")
def test_those_nobody_has_looked_into_yet(database):
    with database.read() as tx:
        assert [r.id for r in tx.documents.unread_renewals(9)] == ["unread"]
    with database.begin() as tx:
        tx.documents.update("unread", renew_before=NOON)
        assert tx.documents.unread_renewals(9) == []
