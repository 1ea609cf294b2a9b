"""Batches on both databases: rows kept in order, each settled once, forgotten when they are old."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from docsvc.adapters.db import tables
from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.batch import Batch, BatchRow, Counts, Outcome, RowFault
from docsvc.domain.document import State
from docsvc.domain.errors import ConflictError, Finding
from docsvc.domain.table import Place, Row
from tests.support.rows import document_row

NOON = dt.datetime(2026, 7, 1, 4, 0, 0, 250, dt.UTC)
FAULT = RowFault("G02", "/party/uscc", "校验位不符", "wrong", "F", "party.uscc")


def batch(n=1, **fields):
    values = {"owner_kind": "client", "owner_id": "c1", "owner_name": "系统", "agency_id": None, "key": f"k{n}"}
    values |= {"sha256": "a" * 64, "format": ".csv", "total": 3, "created_at": NOON + dt.timedelta(minutes=n)}
    return Batch(id=f"b{n}", **values | fields)


ROWS = [
    Row(4, {"n": 4, "name": "䶮\ud800\0"}, places={"/name": Place("B", "name")}),
    Row(5, None, (Finding("SCHEMA", "/n", "不是数", "no number"),), {"/n": Place("A", "n")}),
    Row(7, {"n": 7}),
]


@pytest.fixture
def kept(database):
    with database.begin() as tx:
        assert tx.batches.add(batch(), ROWS)
        tx.documents.add(document_row())
    return batch()


def test_rows_wait_in_order_as_they_were_read_and_bad_ones_are_refused_at_once(database, kept):
    with database.read() as tx:
        assert tx.batches.open() == [kept]
        assert tx.batches.waiting(kept.id, 9) == [ROWS[0], ROWS[2]]
        assert tx.batches.waiting(kept.id, 1) == [ROWS[0]]
        assert tx.batches.counts(kept.id) == Counts(2, 0, 1)
        (refused,) = tx.batches.rows(kept.id, -1, 9, Outcome.REFUSED)
    assert refused == BatchRow(
        5, Outcome.REFUSED, faults=(RowFault("SCHEMA", "/n", "不是数", "no number", "A", "n"),)
    )


def test_a_row_that_is_nested_too_deeply_to_be_kept_is_refused(database):
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with database.begin() as tx:
        assert tx.batches.add(batch(), [Row(1, deep)])
        assert tx.batches.counts("b1").refused == 1


def test_a_row_is_settled_once_and_keeps_no_case(database, kept):
    document = document_row()
    with database.begin() as tx:
        tx.batches.accept(kept.id, 4, document.id, new=True)
        tx.batches.refuse(kept.id, 7, [FAULT])
    for again in (
        lambda tx: tx.batches.accept(kept.id, 4, document.id, new=True),
        lambda tx: tx.batches.refuse(kept.id, 7, [FAULT]),
        lambda tx: tx.batches.refuse(kept.id, 99, [FAULT]),
    ):
        with pytest.raises(ConflictError), database.begin() as tx:
            again(tx)
    with database.begin() as tx:
        assert tx.batches.waiting(kept.id, 9) == []
        assert tx.batches.counts(kept.id) == Counts(0, 1, 2, {State.ACCEPTED: 1})
        first, _, last = tx.batches.rows(kept.id, -1, 9, None)
        assert first == BatchRow(
            4, Outcome.ACCEPTED, new=True, document=(document.id, document.number, State.ACCEPTED)
        )
        assert last == BatchRow(7, Outcome.REFUSED, faults=(FAULT,))
        assert tx.batches.rows(kept.id, 5, 9, None) == [last]
        left = tx._connection.execute(sa.select(tables.batch_rows.c.case_json, tables.batch_rows.c.places))
        assert {tuple(row) for row in left} == {(None, None)}
        tx.batches.close(kept.id, NOON)
        assert tx.batches.open() == []


def test_a_key_is_an_owners_and_has_one_batch(database, kept):
    with database.begin() as tx:
        assert not tx.batches.add(batch(2, key="k1"), ROWS)
        assert tx.batches.add(batch(3, key="k1", owner_id="c2"), [])
        assert tx.batches.find(id="b2") is None
        assert tx.batches.find(key=("c1", "k1")) == kept == tx.batches.find(id="b1")
        assert tx.batches.find(key=("c3", "k1")) is None
        assert tx.batches.find(id="b\0") is None


def test_of_many_posts_with_one_key_at_once_one_is_kept(url):
    callers = 10
    databases = [SqlDatabase(url) for _ in range(2)]
    start = threading.Barrier(callers)

    def race(n):
        start.wait()
        with databases[n % 2].begin() as tx:
            return tx.batches.add(batch(n, key="one"), ROWS)

    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        assert sorted(pool.map(race, range(callers))) == [False] * (callers - 1) + [True]
    with databases[0].read() as tx:
        assert len(tx.batches.open()) == 1
    for each in databases:
        each.close()


def test_an_owners_batches_page_by_page_newest_first(database):
    with database.begin() as tx:
        for n in range(5):
            tx.batches.add(batch(n), [])
        tx.batches.add(batch(9, owner_id="c2"), [])
    with database.read() as tx:
        assert [b.id for b in tx.batches.page("c1", None, 2)] == ["b4", "b3"]
        assert [b.id for b in tx.batches.page("c1", (batch(3).created_at, "b3"), 9)] == ["b2", "b1", "b0"]


def test_old_ones_are_forgotten_and_their_documents_stay(database, kept):
    with database.begin() as tx:
        tx.batches.accept(kept.id, 4, document_row().id, new=True)
        assert tx.batches.expire(NOON + dt.timedelta(days=999)) == 0, "rows of it wait"
        tx.batches.close(kept.id, NOON)
        assert tx.batches.expire(NOON) == 0
        assert tx.batches.expire(NOON + dt.timedelta(seconds=1)) == 1
        assert tx.batches.find(id=kept.id) is None
        assert tx.documents.find(id=document_row().id)


def test_the_columns_are_the_fields():
    assert {c.name for c in tables.batches.columns} == {f.name for f in dataclasses.fields(Batch)}
