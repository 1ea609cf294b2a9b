import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from docsvc.adapters.lease import FileLease, PostgresLease
from docsvc.domain.errors import BusyError, DatabaseError, SetupError
from tests.support.servers import free_port

OPENERS = {
    "file": "lease = FileLease(pathlib.Path(sys.argv[1]))",
    "postgresql": "lease = PostgresLease(sys.argv[1])",
}


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.database)])
def kind(request):
    return request.param


@pytest.fixture
def place(kind, request, tmp_path):
    return str(tmp_path / "locks") if kind == "file" else request.getfixturevalue("postgres_url")


@pytest.fixture
def lease(kind, place, tmp_path):
    return FileLease(tmp_path / "locks") if kind == "file" else PostgresLease(place)


@contextlib.contextmanager
def other_process(kind, place, body):
    """Another process with `lease` open; ended by force."""
    imports = "import os, pathlib, sys, time\nfrom docsvc.adapters.lease import FileLease, PostgresLease"
    code = f"{imports}\n{OPENERS[kind]}\n{body}"
    command = [sys.executable, "-c", code, place]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def held_at_last(lease, document_id):
    """Once the holder is dead, its lease is free; the server may need a moment to see it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with lease.hold(document_id):
                return True
        except BusyError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)


def test_one_holder_at_a_time(lease):
    with lease.hold("doc-1"):
        with pytest.raises(BusyError, match="doc-1"), lease.hold("doc-1"):
            pass
        with lease.hold("doc-2"):
            pass
    with lease.hold("doc-1"):
        pass


def test_a_fault_inside_lets_go(lease):
    with pytest.raises(ZeroDivisionError), lease.hold("doc-1"):
        raise ZeroDivisionError
    with lease.hold("doc-1"):
        pass


@pytest.mark.parametrize("document_id", ["", "../up", "a/b", ".hidden", "a" * 81, "a\n"])
def test_what_is_no_document_id_is_refused(lease, document_id):
    with pytest.raises(ValueError, match="not a document id"), lease.hold(document_id):
        pass


def test_of_many_only_one_is_ever_inside(lease):
    inside, most, turns = [], [], []

    def work(_):
        for _ in range(10):
            with contextlib.suppress(BusyError), lease.hold("doc-1"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()
                turns.append(1)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert turns
    assert max(most) == 1


def test_another_process_is_kept_out_and_its_death_by_force_lets_go(kind, place, lease):
    body = "with lease.hold('doc-1'):\n    print('held', flush=True)\n    sys.stdin.readline()"
    with other_process(kind, place, body) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError), lease.hold("doc-1"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert held_at_last(lease, "doc-1")


def test_a_child_that_outlives_the_killed_holder_holds_nothing(kind, place, lease):
    body = """
with lease.hold('doc-1'):
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
"""
    with other_process(kind, place, body) as process:
        child = int(process.stdout.readline())
        try:
            with pytest.raises(BusyError), lease.hold("doc-1"):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert held_at_last(lease, "doc-1")
            os.kill(child, 0)  # it lives
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_child_that_leaves_the_block_does_not_let_its_parent_s_lease_go(kind, place, lease):
    # The parent says "held" from inside the block, after its child has left it.
    body = """
with lease.hold('doc-1'):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        print('held', flush=True)
        sys.stdin.readline()
"""
    with other_process(kind, place, body) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError), lease.hold("doc-1"):
            pass


# Files only


def test_no_lock_file_stays_behind(tmp_path):
    lease = FileLease(tmp_path)
    start = threading.Barrier(8)

    def work(_):
        start.wait()
        for _ in range(50):
            with contextlib.suppress(BusyError), lease.hold("doc-1"):
                pass

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert list(tmp_path.iterdir()) == []


def test_the_next_start_sweeps_what_the_killed_left_and_nothing_that_is_held(tmp_path):
    (tmp_path / "dead.lock").touch()
    first = FileLease(tmp_path)
    (tmp_path / "other-dead.lock").touch()
    with first.hold("alive"):
        second = FileLease(tmp_path)
        assert [path.name for path in tmp_path.glob("*.lock")] == ["alive.lock"]
        with pytest.raises(BusyError), second.hold("alive"):
            pass


def test_a_folder_that_can_not_be_is_a_fault_of_setup(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SetupError):
        FileLease(tmp_path / "file" / "locks")


# PostgreSQL only


def test_only_postgresql_keeps_leases():
    with pytest.raises(SetupError):
        PostgresLease("sqlite:///x.db")


def test_a_server_that_is_away_is_no_free_lease_and_tells_no_password():
    lease = PostgresLease(f"postgresql://u:wr0ng-s3cret@127.0.0.1:{free_port()}/d")
    with pytest.raises(DatabaseError) as raised, lease.hold("doc-1"):
        pass
    assert "wr0ng-s3cret" not in str(raised.value) + str(raised.value.__cause__)


@pytest.mark.database
def test_a_session_that_the_server_ended_ends_well_for_the_caller(postgres_server, postgres_url):
    import psycopg

    lease = PostgresLease(postgres_url)
    with lease.hold("doc-1"), psycopg.connect(postgres_server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'docsvc lease'"
        )
    with lease.hold("doc-1"):
        pass
