"""`docsvc serve` and its processes: what dies is started again, what is cut off is finished, nothing stays."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time

import pytest

from tests.support.stack import PROCESSES, children, embedded
from tests.support.workspace import Workspace, write_case

pytestmark = [pytest.mark.office, pytest.mark.slow]

PATIENCE_S = 120


@pytest.fixture(scope="module")
def stack(development_keys, tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("serve"), development_keys) as stack:
        yield stack


def until(true, stack):
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, stack.logs()
        time.sleep(0.05)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_dies_is_started_again(stack, name):
    api = stack.api("demo-market")
    killed = stack.kill(name)
    until(lambda: stack.pid(name) != killed, stack)
    stack.until_ready()
    assert api.until_ends(api.post(stack.case("reminder")).json()["id"])["state"] == "recorded"


def test_a_document_that_is_cut_off_is_finished_by_another_process(stack):
    api = stack.api("demo-market")
    for _ in range(3):
        document_id = api.post(stack.case("advice")).json()["id"]
        held = f"SELECT holder FROM jobs WHERE document_id = '{document_id}' AND holder IS NOT NULL"
        until(lambda held=held: stack.rows(held), stack)
        ((holder,),) = stack.rows(held)
        pid = int(holder.split("/")[-2])
        assert pid in children(stack.pid("worker"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        document = api.until_ends(document_id)
        assert (document["state"], document["reason"]) == ("recorded", None)
    attempts = stack.rows("SELECT max(attempts) FROM documents")[0][0]
    assert attempts >= 2, "each of the three was quicker than its end"
    assert stack.run("log", "fsck").returncode == 0


def test_the_command_line_works_beside_it(stack, tmp_path):
    cases = [stack.case("no_penalty_decision") for _ in range(4)]
    paths = [write_case(tmp_path, str(n), data) for n, data in enumerate(cases)]
    done = stack.run("issue", *paths, "--out", tmp_path / "out", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["state"] for line in lines] == ["recorded"] * 4
    assert stack.run("verify", *sorted((tmp_path / "out").glob("*.pdf"))).returncode == 0
    # The same cases by the API are the same documents.
    api = stack.api("demo-market")
    assert [api.post(data).json()["id"] for data in cases] == [line["id"] for line in lines]


def test_what_a_killed_command_left_behind_is_finished(stack, tmp_path):
    path = write_case(tmp_path, "left", stack.case("interview_notice"))
    before = stack.rows("SELECT count(*) FROM documents")[0][0]
    run = stack.workspace.start("issue", path, "--out", tmp_path / "out")
    until(lambda: stack.rows("SELECT count(*) FROM documents")[0][0] > before, stack)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    ((document_id, due),) = stack.rows(
        "SELECT d.id, j.due_at FROM documents d JOIN jobs j ON d.id = j.document_id"
        " ORDER BY d.created_at DESC LIMIT 1"
    )
    assert due is None or stack.rows("SELECT datetime('now') < ?".replace("?", f"'{due}'")) == [(1,)]
    stack.alter(f"UPDATE jobs SET due_at = datetime('now') WHERE document_id = '{document_id}' AND due_at > ''")
    assert stack.api("demo-market").until_ends(document_id)["state"] == "recorded"


def test_the_end_of_serve_is_the_end_of_all(development_keys, tmp_path):
    with embedded(tmp_path, development_keys) as stack:
        api = stack.api("demo-market")
        posted = [api.post(stack.case("reminder")).json()["id"] for _ in range(3)]
        stack.kill("serve")
        until(lambda: not stack.processes(), stack)
        stack.start()
        assert {api.until_ends(document_id)["state"] for document_id in posted} == {"recorded"}


def test_a_port_in_use_is_one_sentence(development_keys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        workspace = Workspace(tmp_path / "data", development_keys, {"DOCSVC_LISTEN": address})
        for command in ("serve", "web"):
            done = workspace.run(command)
            (last,) = [line for line in done.stderr.splitlines() if "first use" not in line]
            assert done.returncode == 1
            assert address in last
            assert "DOCSVC_LISTEN" in last


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1:none", "127.0.0.1:99999", "no.such.host.invalid:80"])
def test_an_address_that_is_none_is_one_sentence(development_keys, tmp_path, listen):
    done = Workspace(tmp_path / "data", development_keys, {"DOCSVC_LISTEN": listen}).run("web")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "DOCSVC_LISTEN" in done.stderr


@pytest.mark.parametrize("name", ["worker", "sequencer"])
def test_a_process_without_keys_says_so_and_makes_none(tmp_path, name):
    workspace = Workspace(tmp_path / "data", tmp_path / "certs")
    run = workspace.start(name)
    try:
        said = run.stderr.readline()
    finally:
        run.terminate()
        run.communicate()
    assert "certs" in said
    assert not (tmp_path / "certs").exists()
