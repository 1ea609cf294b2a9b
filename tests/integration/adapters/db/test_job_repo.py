from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa

from docsvc.adapters.db import tables
from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.document import State
from docsvc.domain.errors import BusyError, ConflictError, DocsvcError, LeaseLostError, NotFoundError
from docsvc.domain.job import Backlog, Job, Posting
from tests.support.rows import document_row

NOON = dt.datetime(2026, 7, 1, 4, 0, 0, 250, dt.UTC)


def after(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


@pytest.fixture
def document(database):
    """An accepted document's id, its job due at noon."""
    row = document_row()
    with database.begin() as tx:
        tx.documents.add(row)
        tx.jobs.add(row.id, NOON)
    return row.id


def claim(database, document, holder="m:1:1", at=0, seconds=60):
    with database.begin() as tx:
        return tx.jobs.claim(document, holder, after(at), after(at + seconds))


def fill(database, count):
    """Documents with jobs due at one second each."""
    rows = [document_row(f"测〔2026〕{n}号", id=f"doc-{n}", created_at=after(n)) for n in range(count)]
    with database.begin() as tx:
        for n, row in enumerate(rows):
            tx.documents.add(row)
            tx.jobs.add(row.id, after(n))
    return [row.id for row in rows]


# Jobs


def test_a_job_is_claimed_held_and_let_go(database, document):
    with database.begin() as tx:
        assert tx.jobs.held() == []
    assert claim(database, document) == 1
    with database.read() as tx:
        assert tx.jobs.held() == [Job(document, NOON, 1, "m:1:1", after(60))]
    with database.begin() as tx:
        tx.jobs.fence(document, 1)
        tx.jobs.release(document, 1, None)
    with database.read() as tx:
        assert tx.jobs.held() == []
        assert tx.jobs.due(after(1000), 9) == []


def test_a_job_of_an_unknown_document_can_not_be(database):
    with pytest.raises(NotFoundError):
        claim(database, "nobody")
    with pytest.raises(DocsvcError), database.begin() as tx:
        tx.jobs.add("nobody", NOON)


def test_a_running_lease_is_respected_and_one_that_ran_out_is_taken_over(database, document):
    assert claim(database, document, seconds=60) == 1
    with pytest.raises(BusyError):
        claim(database, document, "m:2:2", at=59)
    assert claim(database, document, "m:2:2", at=60) == 2
    with database.read() as tx:
        assert tx.jobs.held() == [Job(document, NOON, 2, "m:2:2", after(120))]


def test_what_is_not_due_can_be_claimed_and_so_can_what_never_had_a_job(database, document):
    claim(database, document)
    with database.begin() as tx:
        tx.jobs.release(document, 1, None)
    assert claim(database, document) == 2
    other = document_row("测〔2026〕9号", id="no-job")
    with database.begin() as tx:
        tx.documents.add(other)
        assert tx.jobs.claim(other.id, "m:1:1", NOON, after(60)) == 1
        assert Job(other.id, None, 1, "m:1:1", after(60)) in tx.jobs.held()


def test_busy_is_no_end_of_the_transaction(database, document):
    claim(database, document)
    with database.begin() as tx:
        with pytest.raises(BusyError):
            tx.jobs.claim(document, "m:2:2", NOON, after(60))
        tx.jobs.release(document, 1, NOON)
        assert tx.jobs.claim(document, "m:2:2", NOON, after(60)) == 2


def test_of_many_claims_at_once_one_is_granted(url, document):
    workers = 20
    databases = [SqlDatabase(url) for _ in range(4)]
    start = threading.Barrier(workers)

    def race(worker):
        start.wait()
        try:
            return claim(databases[worker % 4], document, f"m:{worker}:0")
        except BusyError:
            return None

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        tokens = list(pool.map(race, range(workers)))
    assert sorted(token for token in tokens if token is not None) == [1]
    with databases[0].read() as tx:
        (job,) = tx.jobs.held()
    assert job.holder == f"m:{tokens.index(1)}:0"
    for each in databases:
        each.close()


def test_who_was_overtaken_writes_nothing(database, document):
    old = claim(database, document)
    new = claim(database, document, "m:2:2", at=61)
    with pytest.raises(LeaseLostError), database.begin() as tx:  # noqa: PT012 - the block is the transaction
        tx.jobs.fence(document, old)
        tx.documents.update(document, state=State.SEALED)
    with pytest.raises(LeaseLostError), database.begin() as tx:
        tx.jobs.release(document, old, None)
    with database.begin() as tx:
        assert tx.documents.find(id=document).state is State.ACCEPTED
        tx.jobs.fence(document, new)
        tx.documents.update(document, state=State.SEALED)


def test_a_token_that_was_given_back_fences_no_more(database, document):
    token = claim(database, document)
    with database.begin() as tx:
        tx.jobs.release(document, token, after(5))
    for attempt in (lambda tx: tx.jobs.fence(document, token), lambda tx: tx.jobs.release(document, token, None)):
        with pytest.raises(LeaseLostError), database.begin() as tx:
            attempt(tx)
    with database.read() as tx:
        assert tx.jobs.due(after(5), 9) == [document]


def test_nobody_takes_over_between_the_fence_and_the_end_of_the_transaction(url, document):
    """The overtaker waits for the holder's transaction, and what that wrote stands."""
    database = SqlDatabase(url)
    token = claim(database, document)
    order = []

    def overtake():
        with database.begin() as tx:
            tx.jobs.claim(document, "m:2:2", after(61), after(120))
            order.append(tx.documents.find(id=document).state)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.begin() as tx:
            tx.jobs.fence(document, token)
            waiting = pool.submit(overtake)
            if url.startswith("postgresql"):
                blocked = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                deadline = time.monotonic() + 30
                while tx._connection.scalar(blocked) == 0:
                    assert time.monotonic() < deadline, "the other transaction did not wait"
                    time.sleep(0.01)
            order.append("holder")
            tx.documents.update(document, state=State.SEALED)
        waiting.result()
    database.close()
    assert order == ["holder", State.SEALED]


def test_a_rolled_back_claim_leaves_the_job_free(database, document):
    with pytest.raises(LeaseLostError), database.begin() as tx:
        tx.jobs.fence(document, tx.jobs.claim(document, "m:1:1", NOON, after(60)) + 1)
    assert claim(database, document, "m:2:2") == 1


def test_due_is_what_nobody_works_on_longest_due_first(database):
    ids = fill(database, 5)
    with database.read() as tx:
        assert tx.jobs.due(after(-1), 9) == []
        assert tx.jobs.due(after(2), 9) == ids[:3]
        assert tx.jobs.due(after(9), 2) == ids[:2]
    claim(database, ids[0], at=0, seconds=5)
    claim(database, ids[1], at=0, seconds=60)
    with database.read() as tx:
        assert tx.jobs.due(after(4), 9) == ids[2:]
        assert tx.jobs.due(after(5), 9) == [ids[0], *ids[2:]]  # its holder is late


def test_schedule_defers_what_nobody_holds(database):
    ids = fill(database, 4)
    claim(database, ids[0], seconds=600)
    claim(database, ids[1], seconds=5)  # and died
    claim(database, ids[2])
    with database.begin() as tx:
        tx.jobs.release(ids[2], 1, None)
        tx.jobs.schedule(ids, after(100))
        tx.jobs.schedule([], after(100))
    with database.read() as tx:
        assert tx.jobs.due(after(99), 9) == []
        assert tx.jobs.due(after(100), 9) == ids[1:]
        assert tx.jobs.due(after(600), 9) == ids  # still due when it was, once its lease has run out


# Postings


def posting(key="k1", at=0, **fields):
    values = {"body_sha256": "a" * 64, "document_id": None, "client_id": "c1"}
    return Posting(key=key, created_at=after(at), running_until=after(at + 30), **values | fields)


def open_(database, wanted):
    with database.begin() as tx:
        return tx.postings.open(wanted)


def test_a_key_is_opened_once_and_then_shown(database, document):
    assert open_(database, posting()) is None
    assert open_(database, posting(at=29)) == posting()
    assert open_(database, posting(at=29, body_sha256="b" * 64)) == posting()
    assert open_(database, posting(client_id="c2")) is None
    assert open_(database, posting("k2")) is None
    with database.begin() as tx:
        tx.postings.settle("c1", "k1", document)
    assert open_(database, posting(at=29)) == posting(document_id=document)
    assert open_(database, posting(at=9999)) == posting(document_id=document)


def test_a_key_whose_owner_died_is_taken_over_by_the_same_body_alone(database):
    open_(database, posting())
    assert open_(database, posting(at=30, body_sha256="b" * 64)) == posting()
    assert open_(database, posting(at=30)) is None
    assert open_(database, posting(at=59)) == posting(at=30)


def test_a_dropped_key_is_free_and_a_settled_one_is_not_dropped(database, document):
    open_(database, posting())
    with database.begin() as tx:
        tx.postings.drop("c1", "k1")
        tx.postings.drop("c1", "nothing")
    assert open_(database, posting(body_sha256="b" * 64)) is None
    with database.begin() as tx:
        tx.postings.settle("c1", "k1", document)
        tx.postings.drop("c1", "k1")
    assert open_(database, posting()).document_id == document


def test_a_key_that_is_gone_can_not_be_settled(database, document):
    with pytest.raises(ConflictError), database.begin() as tx:
        tx.postings.settle("c1", "k1", document)


def test_old_keys_are_forgotten(database):
    for n in range(3):
        open_(database, posting(f"k{n}", at=n))
    with database.begin() as tx:
        assert tx.postings.expire(after(2)) == 2
        assert tx.postings.expire(after(2)) == 0
    assert open_(database, posting("k0", at=5)) is None
    assert open_(database, posting("k2", at=5)) == posting("k2", at=2)


@pytest.mark.parametrize("taken_over", [False, True], ids=["new", "taken over"])
def test_of_twenty_callers_with_one_key_one_may_go_on(url, taken_over):
    callers = 20
    databases = [SqlDatabase(url) for _ in range(4)]
    at = 0
    if taken_over:
        open_(databases[0], posting())
        at = 31
    start = threading.Barrier(callers)

    def race(caller):
        start.wait()
        return open_(databases[caller % 4], posting(at=at))

    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(race, range(callers)))
    assert answers.count(None) == 1
    assert [a for a in answers if a is not None] == [posting(at=at)] * (callers - 1)
    for each in databases:
        each.close()


def test_who_comes_while_a_key_is_dropped_gets_it_or_sees_it_but_no_fault(url):
    """Openers and droppers of one key all at once: every opener that got it drops it, none of them is lost."""
    callers = 12
    database = SqlDatabase(url)
    start = threading.Barrier(callers)

    def race(_):
        start.wait()
        granted = 0
        for _ in range(5):
            if open_(database, posting()) is None:
                granted += 1
                with database.begin() as tx:
                    tx.postings.drop("c1", "k1")
        return granted

    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        granted = sum(pool.map(race, range(callers)))
    assert granted >= 1
    assert open_(database, posting()) is None
    database.close()


def test_the_columns_are_the_fields():
    for table, kind in ((tables.jobs, Job), (tables.postings, Posting)):
        assert {c.name for c in table.columns} == {f.name for f in dataclasses.fields(kind)}


def test_the_backlog_counts_what_waits_what_is_held_and_since_when(database):
    with database.read() as tx:
        assert tx.jobs.backlog() == Backlog(0, 0, None)
    ids = fill(database, 4)
    claim(database, ids[0])
    claim(database, ids[1])
    with database.begin() as tx:
        tx.jobs.release(ids[1], 1, None)
        tx.documents.update(ids[2], attempts=1)
    with database.read() as tx:
        assert tx.jobs.backlog() == Backlog(2, 1, after(3))
