import concurrent.futures
import dataclasses
import datetime as dt
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from docsvc.adapters.db import tables
from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.document import Level, State
from docsvc.domain.errors import (
    DatabaseError,
    DocsvcError,
    DuplicateError,
    Finding,
    LogError,
    SetupError,
    UsageError,
)
from tests.support.rows import DOUBT, document_row, log_event
from tests.support.servers import free_port


def agency(id="a-1", **fields):
    seal = SealDesign("SEAL-1", "测试局", 42, "star")
    values = {f.name: f"{f.name} 值" for f in dataclasses.fields(Agency)}
    chosen = {"numbering": {"advice": "测建"}, "layouts": {"advice": "doc"}}
    return Agency(**values | {"id": id, "seal": seal} | chosen | fields)


class UndoneError(Exception):
    """What undoes a transaction from inside."""


def undo():
    raise UndoneError


# Agencies


def test_agencies_come_back_as_they_went_in(database):
    with database.begin() as tx:
        assert tx.agencies.save([agency("b"), agency("a")]) == 2
    with database.begin() as tx:
        assert tx.agencies.get("b") == agency("b")
        assert tx.agencies.get("c") is None
        assert list(tx.agencies.list()) == [agency("a"), agency("b")]


def test_only_changed_agencies_count(database):
    with database.begin() as tx:
        tx.agencies.save([agency("a"), agency("b")])
        assert tx.agencies.save([agency("a"), agency("b", phone="1"), agency("c")]) == 2
        assert tx.agencies.get("b") == agency("b", phone="1")


# Numbers


def test_each_counter_starts_at_one(database):
    with database.begin() as tx:
        assert [tx.numbers.take("a", "建", 2026) for _ in range(3)] == [1, 2, 3]
        assert tx.numbers.take("a", "建", 2027) == 1
        assert tx.numbers.take("a", "约", 2026) == 1
        assert tx.numbers.take("b", "建", 2026) == 1


def test_a_number_whose_transaction_fails_is_taken_by_the_next(database):
    with pytest.raises(UndoneError), database.begin() as tx:  # noqa: PT012 - the block is the transaction
        assert tx.numbers.take("a", "建", 2026) == 1
        undo()
    with database.begin() as tx:
        assert tx.numbers.take("a", "建", 2026) == 1


@pytest.mark.parametrize("shared", [True, False], ids=["one pool", "own connections"])
def test_fifty_writers_use_the_numbers_from_one_on_without_gap(url, shared):
    writers, each = 50, 5
    one = SqlDatabase(url)
    start = threading.Barrier(writers)

    def write(writer: int) -> int:
        database = one if shared else SqlDatabase(url)
        committed = 0
        start.wait()
        for turn in range(each):
            try:
                with database.begin() as tx:
                    # Read first, as intake does: a transaction that upgraded its lock would fail here.
                    assert tx.documents.find(number="无此〔2026〕1号") is None
                    number = tx.numbers.take("a", "测", 2026)
                    tx.documents.add(document_row(f"测〔2026〕{number}号"))
                    if (writer * 7 + turn * 3) % 4 == 0:
                        undo()
                    committed += 1
            except UndoneError:
                pass
        if not shared:
            database.close()
        return committed

    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        total = sum(pool.map(write, range(writers)))
    with one.begin() as tx:
        used = sorted(int(row.number.split("〕")[1].removesuffix("号")) for row in tx.documents.search())
        following = tx.numbers.take("a", "测", 2026)
    one.close()
    assert 0 < total < writers * each  # some were undone, some not
    assert used == list(range(1, total + 1))
    assert following == total + 1


WRITER = """
import sys
from docsvc.adapters.db.database import SqlDatabase
from tests.support.rows import document_row
database = SqlDatabase(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
database.upgrade()
for _ in range(int(sys.argv[2])):
    with database.begin() as tx:
        number = tx.numbers.take("a", "测", 2026)
        tx.documents.add(document_row(f"测〔2026〕{number}号"))
        if sys.argv[3] == "hang":
            print("taken", number, flush=True)
            sys.stdin.readline()
"""


def spawn(url: str, count: int, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, str(count), how]
    root = Path(__file__).parents[4]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


def test_processes_that_start_at_once_make_the_tables_once(empty_url):
    processes = [spawn(empty_url, 5, "go") for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    database = SqlDatabase(empty_url)
    with database.begin() as tx:
        assert sorted(row.number for row in tx.documents.search()) == sorted(
            f"测〔2026〕{n}号" for n in range(1, 21)
        )
    database.close()


def test_a_killed_writer_leaves_no_trace(database, url):
    with database.begin() as tx:
        assert tx.numbers.take("a", "测", 2026) == 1
    process = spawn(url, 1, "hang")
    process.stdin.write("\n")
    process.stdin.flush()
    assert [process.stdout.readline(), process.stdout.readline()] == ["ready\n", "taken 2\n"]
    process.kill()
    process.communicate()
    with database.begin() as tx:
        assert tx.documents.search() == []
        assert tx.numbers.take("a", "测", 2026) == 2


# Documents


def test_warnings_of_the_first_versions_are_a_sentence_alone(database):
    row = document_row()
    with database.begin() as tx:
        tx.documents.add(row)
        tx._connection.execute(sa.update(tables.documents).values(warnings='["慎"]'))
    with database.read() as tx:
        assert tx.documents.find(id=row.id).warnings == (Finding("", "", "慎", "慎", "warning"),)


def test_a_document_comes_back_as_it_went_in(database):
    row = document_row(
        warnings=(DOUBT,),
        achieved_level=Level.B_T,
        size=5,
        retryable=True,
    )
    with database.begin() as tx:
        tx.documents.add(row)
    with database.begin() as tx:
        found = tx.documents.find(id=row.id)
    assert found == row
    assert isinstance(found.state, State)
    assert isinstance(found.achieved_level, Level)


def test_instants_come_back_in_utc_whatever_zone_they_had(database):
    at = dt.datetime(2026, 1, 1, 7, 30, 0, 123456, dt.timezone(dt.timedelta(hours=8)))
    with database.begin() as tx:
        tx.documents.add(document_row(created_at=at))
        (row,) = tx.documents.search()
    assert row.created_at == at
    assert row.created_at.utcoffset() == dt.timedelta(0)
    assert row.created_at.day == 31


def test_an_instant_without_zone_is_refused(database):
    naive = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - the fault itself
    with pytest.raises(DocsvcError), database.begin() as tx:
        tx.documents.add(document_row(created_at=naive))


def test_find_by_each_unique_field(database):
    row, other = document_row("甲〔2026〕1号", signed_sha256="1" * 64), document_row("甲〔2026〕2号")
    with database.begin() as tx:
        tx.documents.add(row)
        tx.documents.add(other)
        assert tx.documents.find(id=row.id) == row
        assert tx.documents.find(number=row.number) == row
        assert tx.documents.find(case_sha256=row.case_sha256) == row
        assert tx.documents.find(signed_sha256="1" * 64) == row
        assert tx.documents.find(signed_sha256="2" * 64) is None
        assert tx.documents.find(number=row.number, id=other.id) is None
        with pytest.raises(UsageError):
            tx.documents.find()


@pytest.mark.parametrize("field", ["id", "number", "case_sha256"])
def test_a_taken_value_is_named_and_the_transaction_stands(database, field):
    row = document_row("甲〔2026〕1号")
    second = dataclasses.replace(document_row("甲〔2026〕2号"), **{field: getattr(row, field)})
    with database.begin() as tx:
        tx.documents.add(row)
    with database.begin() as tx:
        with pytest.raises(DuplicateError) as raised:
            tx.documents.add(second)
        assert (raised.value.field, raised.value.document_id) == (field, row.id)
        assert tx.documents.search() == [row]


def test_the_same_facts_at_once_become_one_document_and_one_number(url):
    start = threading.Barrier(8)
    database = SqlDatabase(url)

    def accept(writer: int) -> str:
        start.wait()
        try:
            with database.begin() as tx:
                number = tx.numbers.take("a", "测", 2026)
                tx.documents.add(document_row(f"测〔2026〕{number}号", id=f"doc-{writer}", case_sha256="c" * 64))
                return f"doc-{writer}"
        except DuplicateError as e:
            fields.append(e.field)
            return e.document_id

    fields = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        winners = set(pool.map(accept, range(8)))
    assert fields == ["case_sha256"] * 7
    with database.begin() as tx:
        (row,) = tx.documents.search()
        assert winners == {row.id}
        assert tx.numbers.take("a", "测", 2026) == 2
    database.close()


def test_search_by_value_by_any_of_some_and_by_none(database):
    rows = [
        document_row(
            f"甲〔2026〕{n}号",
            state=state,
            reason=reason,
            created_at=dt.datetime(2026, 1, 9 - n, tzinfo=dt.UTC),
        )
        for n, state, reason in [(1, State.ACCEPTED, None), (2, State.FAILED, "x"), (3, State.SEALED, None)]
    ]
    with database.begin() as tx:
        for row in rows:
            tx.documents.add(row)
        first, second, third = rows
        assert tx.documents.search() == [third, second, first]  # by creation
        assert tx.documents.search(state=State.FAILED) == [second]
        assert tx.documents.search(state="failed") == [second]
        assert tx.documents.search(state=[State.SEALED, State.ACCEPTED]) == [third, first]
        assert tx.documents.search(state=(State.SEALED,), reason=None) == [third]
        assert tx.documents.search(state=[]) == []
        assert tx.documents.search(issue_date=dt.date(2026, 7, 1), retryable=False) == [third, second, first]
        with pytest.raises(ValueError, match="no field 'updated'"):
            tx.documents.search(updated=1)


def test_update_sets_fields_and_when(database):
    row = document_row()
    with database.begin() as tx:
        tx.documents.add(row)
    before = dt.datetime.now(dt.UTC)
    with database.begin() as tx:
        tx.documents.update(row.id, state=State.SEALED, achieved_level=Level.B_LT, warnings=(DOUBT,), size=7)
        assert tx.documents.find(id=row.id) == dataclasses.replace(
            row, state=State.SEALED, achieved_level=Level.B_LT, warnings=(DOUBT,), size=7
        )
        updated_at = tx._connection.scalar(sa.select(tables.documents.c.updated_at))
    assert before <= updated_at <= dt.datetime.now(dt.UTC)


def test_update_refuses_what_intake_promised_what_is_unknown_and_who_is_not_there(database):
    row = document_row()
    with database.begin() as tx:
        tx.documents.add(row)
        for fields in ({"number": "乙〔2026〕1号"}, {"case_json": "{}"}, {"id": "x"}, {"nonsense": 1}):
            with pytest.raises(ValueError, match=next(iter(fields))):
                tx.documents.update(row.id, **fields)
        with pytest.raises(UsageError):
            tx.documents.update("nobody", state=State.FAILED)
        assert tx.documents.search() == [row]


# Events


def test_events_come_back_in_order_and_once(database):
    row = document_row()
    first, second = log_event(row.id, "accepted"), log_event(row.id, "sealed")
    with database.begin() as tx:
        tx.documents.add(row)
        for event in (first, second, first):
            tx.events.add(event)
    with database.begin() as tx:
        assert tx.events.of(row.id) == [first, second]
        assert tx.events.of("nobody") == []
        assert tx.events.unsequenced(10) == [first, second]
        assert tx.events.unsequenced(1) == [first]


def test_an_event_id_with_other_content_is_a_fault(database):
    row = document_row()
    with database.begin() as tx:
        tx.documents.add(row)
        tx.events.add(log_event(row.id))
        with pytest.raises(LogError):
            tx.events.add(log_event(row.id, entry=b"something else"))
        assert tx.events.of(row.id) == [log_event(row.id)]


def test_an_event_that_has_its_leaf_is_sequenced_no_more(database):
    row = document_row()
    first, second = log_event(row.id, "accepted"), log_event(row.id, "sealed")
    with database.begin() as tx:
        tx.documents.add(row)
        tx.events.add(first)
        tx.events.add(second)
        tx.lock_log()
        tx.log.append([(first.id, first.entry)])
        tx.events.add(first)  # known, with its leaf: still the same event
        assert tx.events.unsequenced(10) == [second]
        assert [event.leaf_index for event in tx.events.of(row.id)] == [0, None]


def test_events_that_wait_are_counted_with_the_oldest_s_time(database):
    row = document_row()
    first, second = log_event(row.id, "accepted"), log_event(row.id, "sealed")
    with database.begin() as tx:
        assert tx.events.waiting() == (0, None)
        tx.documents.add(row)
        tx.events.add(first)
        tx.events.add(dataclasses.replace(second, at=second.at + dt.timedelta(hours=1)))
        assert tx.events.waiting() == (2, first.at)
        tx.log.append([(first.id, first.entry)])
        assert tx.events.waiting() == (1, second.at + dt.timedelta(hours=1))


def test_an_event_needs_its_document(database):
    with pytest.raises(DocsvcError) as raised, database.begin() as tx:
        tx.events.add(log_event("nobody"))
    assert not raised.value.retryable


# Transactions


def test_nothing_of_a_failed_transaction_stays(database):
    with pytest.raises(UndoneError), database.begin() as tx:  # noqa: PT012 - the block is the transaction
        tx.agencies.save([agency()])
        tx.documents.add(document_row())
        tx.events.add(log_event(document_row().id))
        undo()
    with database.begin() as tx:
        assert (tx.agencies.list(), tx.documents.search(), tx.events.unsequenced(9)) == ([], [], [])


def test_only_one_transaction_holds_the_log(url):
    database = SqlDatabase(url)
    order = []

    def sequence() -> None:
        with database.begin() as tx:
            tx.lock_log()
            order.append("second")

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.begin() as tx:
            tx.lock_log()
            waiting = pool.submit(sequence)
            if url.startswith("postgresql"):
                blocked = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                deadline = time.monotonic() + 30
                while tx._connection.scalar(blocked) == 0:
                    assert time.monotonic() < deadline, "the other transaction did not wait"
                    time.sleep(0.01)
            order.append("first")
        waiting.result()
    database.close()
    assert order == ["first", "second"]


def test_a_forked_child_opens_connections_of_its_own(url):
    code = """
import os, sys
from docsvc.adapters.db.database import SqlDatabase
database = SqlDatabase(sys.argv[1])
with database.begin() as tx:
    tx.numbers.take("a", "测", 2026)
with database.read() as tx:
    tx.agencies.list()
children = []
for _ in range(3):
    if (child := os.fork()) == 0:
        for _ in range(10):
            with database.begin() as tx:
                tx.numbers.take("a", "测", 2026)
            with database.read() as tx:
                tx.agencies.list()
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
with database.begin() as tx:
    print(tx.numbers.take("a", "测", 2026))
"""
    run = subprocess.run([sys.executable, "-c", code, url], check=True, capture_output=True, text=True)
    assert run.stdout == "32\n"


# Faults


@pytest.mark.database
def test_a_server_that_ends_the_session_costs_one_transaction(tables_on_postgres):
    database = SqlDatabase(tables_on_postgres)
    with pytest.raises(DatabaseError) as raised, database.begin() as tx:  # noqa: PT012 - the block is the transaction
        tx.agencies.save([agency()])
        killer = SqlDatabase(tables_on_postgres)
        with killer.begin() as other:
            end = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            other._connection.execute(sa.text(end))
        killer.close()
        tx.agencies.list()
    assert raised.value.retryable
    with database.begin() as tx:
        assert tx.agencies.list() == []
    database.close()


@pytest.mark.database
def test_both_ends_find_out_that_the_other_s_machine_is_gone(tables_on_postgres):
    """A machine that lost its power closes nothing: its transaction would hold a counter's row for two hours."""
    engine = SqlDatabase(tables_on_postgres)._engine
    with engine.connect() as connection:
        parameters = connection.connection.driver_connection.info.get_parameters()
        assert int(parameters["keepalives_idle"]) <= 30
        assert int(parameters["tcp_user_timeout"]) <= 60_000
        asked = connection.execute(
            sa.text("SELECT name, reset_val FROM pg_settings WHERE name LIKE 'tcp_keepalives_%'")
        )
        assert {name: int(value) for name, value in asked} == {
            "tcp_keepalives_idle": 30,
            "tcp_keepalives_interval": 10,
            "tcp_keepalives_count": 3,
        }
    engine.dispose()


@pytest.mark.database
def test_a_reader_s_connection_serves_a_writer_as_every_other(tables_on_postgres):
    database = SqlDatabase(tables_on_postgres)
    ask = sa.text("SELECT pg_backend_pid(), current_setting('transaction_isolation')")
    with database.read() as tx:
        pid, level = tx._connection.execute(ask).one()
    assert level == "repeatable read"
    with database.begin() as tx:
        assert tx._connection.execute(ask).one() == (pid, "read committed")
        assert tx.numbers.take("a", "测", 2026) == 1
    database.close()


@pytest.mark.database
def test_no_message_holds_the_password(postgres_server, postgres_url):
    wrong = postgres_url.replace(postgres_server.password, "wr0ng-s3cret")
    unreachable = f"postgresql://u:wr0ng-s3cret@127.0.0.1:{free_port()}/d"
    in_query = f"postgresql://127.0.0.1:{free_port()}/d?user=u&password=wr0ng-s3cret"
    for address in (wrong, unreachable, in_query):
        database = SqlDatabase(address)
        with pytest.raises(SetupError) as raised, database.begin():
            pass
        database.close()
        assert "wr0ng-s3cret" not in str(raised.value)
        assert "wr0ng-s3cret" not in str(raised.value.__cause__)


@pytest.mark.database
def test_what_the_engine_refuses_is_told_without_the_values(tables_on_postgres):
    database = SqlDatabase(tables_on_postgres)
    with pytest.raises(DocsvcError) as raised, database.begin() as tx:
        tx.documents.add(document_row(party_name="张三" * 200))
    database.close()
    assert "张三" not in str(raised.value)
    assert "张三" not in str(raised.value.__cause__)
    assert not raised.value.retryable


def test_the_columns_are_the_fields_of_a_document():
    fields = {f.name for f in dataclasses.fields(document_row())}
    assert {column.name for column in tables.documents.columns} == fields | {"updated_at"}
