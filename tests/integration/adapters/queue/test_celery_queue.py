"""Sending ids and taking them up, the same over folders, RabbitMQ and Redis: killed, frozen, fed with nonsense."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path

import pytest

from docsvc.adapters.queue.celery_queue import QUEUE, TASK, CeleryQueue
from docsvc.domain.errors import QueueError
from tests.support.broker import rabbit
from tests.support.daemons import end, launch
from tests.support.redis_server import redis
from tests.support.stack import children

PATIENCE_S = 180
SETTLED_S = 6  # RabbitMQ 3.10 loses a quorum queue that was made within the last three seconds before kill -9
CHECKOUT = Path(__file__).resolve().parents[4]

BROKERS = (
    pytest.param("folder", id="folder"),
    pytest.param("rabbit", id="rabbit", marks=pytest.mark.broker),
    pytest.param("redis", id="redis", marks=pytest.mark.broker),
)


class Worker:
    """A worker process with its pool, and the diary of what they did."""

    def __init__(self, folder, url, queue, *, processes=2, limit_s=60):
        self.folder, self.running = folder, []
        config = {"url": url, "queue": str(queue), "processes": processes, "limit_s": limit_s}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "diary").touch()

    def start(self):
        command = [sys.executable, "-m", "tests.support.small_worker", self.folder]
        self.running.append(launch(command, self.folder / "output", {"PYTHONPATH": str(CHECKOUT)}))
        return self.running[-1]

    def diary(self, what):
        """(word, pid) of the happenings of a kind."""
        lines = (line.split() for line in (self.folder / "diary").read_text().splitlines())
        return [(word, int(pid)) for kind, word, pid in lines if kind == what]

    def words(self, what):
        return [word for word, _ in self.diary(what)]

    def until(self, true):
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > deadline:
                pytest.fail(f"{(self.folder / 'diary').read_text()}\n{(self.folder / 'output').read_text()}")
            time.sleep(0.05)

    def hold(self, document_id):
        (self.folder / f"hold-{document_id}").touch()

    def let_go(self, document_id):
        (self.folder / f"hold-{document_id}").unlink()


@pytest.fixture
def url(request):
    """Of a broker of its own, with nothing in it; None: folders."""
    match request.param:
        case "folder":
            yield None
        case "rabbit":
            yield request.getfixturevalue("rabbit_server").create_vhost()
        case _:
            with redis() as server:
                yield server.url


@pytest.fixture
def queue(url, tmp_path):
    queue = CeleryQueue(url, tmp_path / "queue", redeliver_s=600)
    yield queue
    queue.close()


@pytest.fixture
def worker(url, tmp_path):
    folder = tmp_path / "worker"
    folder.mkdir()
    worker = Worker(folder, url, tmp_path / "queue")
    yield worker
    for process in worker.running:
        end(process, signal.SIGKILL)


def new_id():
    return str(uuid.uuid4())


def taken(queue, document_id):
    try:
        queue.send(document_id)
    except QueueError:
        return False
    return queue.answers()


@pytest.mark.parametrize("url", BROKERS, indirect=True)
def test_every_id_is_taken_up_once_and_the_end_waits_for_what_runs(queue, worker):
    ids = [new_id() for _ in range(20)]
    assert queue.waiting() == 0
    for document_id in ids:
        queue.send(document_id)  # before there is any worker
    worker.until(lambda: queue.waiting() == len(ids))
    process = worker.start()
    worker.until(lambda: len(worker.words("done")) == len(ids))
    assert sorted(worker.words("done")) == sorted(ids)
    assert len({pid for _, pid in worker.diary("opened")}) == 2
    worker.until(lambda: queue.waiting() == 0)

    worker.hold(last := new_id())
    queue.send(last)
    worker.until(lambda: last in worker.words("begun"))
    process.send_signal(signal.SIGTERM)
    worker.let_go(last)
    assert process.wait(PATIENCE_S) == 0
    assert worker.words("done")[-1] == last
    assert len(worker.words("closed")) == 2, "each process has put away what it opened"
    assert queue.answers()


@pytest.mark.parametrize("url", BROKERS, indirect=True)
def test_what_is_no_id_is_dropped_and_said(queue, worker):
    for nonsense in (("no id",), (7,), (), ("../../etc/passwd",), (new_id().upper(),), ([],)):
        queue._app.send_task(TASK, nonsense, queue=QUEUE, ignore_result=True)
    queue._app.send_task("another.task", (new_id(),), queue=QUEUE, ignore_result=True)
    queue.send(good := new_id())
    worker.start()
    worker.until(lambda: good in worker.words("done"))
    worker.until(lambda: len(worker.words("warned")) == 6)
    assert worker.words("begun") == [good]


@pytest.mark.parametrize("url", BROKERS, indirect=True)
def test_a_process_killed_at_work_is_replaced(queue, worker):
    worker.start()
    worker.hold(stuck := new_id())
    queue.send(stuck)
    worker.until(lambda: stuck in worker.words("begun"))
    ((_, pid),) = worker.diary("begun")
    os.kill(pid, signal.SIGKILL)
    worker.let_go(stuck)
    worker.until(lambda: len(worker.words("opened")) == 3)
    more = [new_id() for _ in range(6)]
    for document_id in more:
        queue.send(document_id)
    worker.until(lambda: set(more) <= set(worker.words("done")))


@pytest.mark.parametrize("url", BROKERS, indirect=True)
def test_a_process_killed_while_it_waits_is_replaced(queue, worker):
    worker.start()
    worker.until(lambda: len(worker.words("opened")) == 2)
    queue.send(first := new_id())
    worker.until(lambda: first in worker.words("done"))
    for _, pid in worker.diary("opened"):
        os.kill(pid, signal.SIGKILL)
    worker.until(lambda: len(worker.words("opened")) == 4)
    more = [new_id() for _ in range(6)]
    for document_id in more:
        queue.send(document_id)
    worker.until(lambda: set(more) <= set(worker.words("done")))


@pytest.mark.parametrize("url", BROKERS, indirect=True)
def test_a_process_over_its_time_is_ended(queue, worker, tmp_path):
    worker = Worker(worker.folder, queue._url, tmp_path / "queue", processes=1, limit_s=2)
    process = worker.start()
    try:
        worker.hold(stuck := new_id())
        queue.send(stuck)
        worker.until(lambda: stuck in worker.words("begun"))
        queue.send(good := new_id())
        worker.until(lambda: good in worker.words("done"))
        assert stuck not in worker.words("done")
    finally:
        end(process, signal.SIGKILL)


@pytest.mark.parametrize("url", BROKERS, indirect=True)
def test_a_killed_worker_leaves_no_process_and_another_one_goes_on(queue, worker):
    first = worker.start()
    worker.hold(stuck := new_id())
    queue.send(stuck)
    worker.until(lambda: stuck in worker.words("begun"))
    pool = children(first.pid)
    assert pool
    end(first, signal.SIGKILL)
    worker.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pool))
    worker.let_go(stuck)
    queue.send(good := new_id())
    worker.start()
    worker.until(lambda: good in worker.words("done"))


@pytest.mark.parametrize("url", [pytest.param("folder", id="folder")], indirect=True)
def test_files_that_are_no_message_do_not_stop_a_worker(queue, worker, tmp_path):
    folder = tmp_path / "queue"
    (folder / f"00000000000000000001-x.{QUEUE}.msg").write_text('{"body": "half a mess')
    (folder / f"00000000000000000002-x.{QUEUE}.msg").write_bytes(b"\xff\xfe\x00")
    (folder / f".00000000000000000003-x.{QUEUE}.msg").write_text("being written")
    (folder / "README").write_text("a stranger's")
    queue.send(good := new_id())
    worker.start()
    worker.until(lambda: good in worker.words("done"))
    assert sorted(p.name for p in folder.iterdir() if not p.name.endswith("x.documents.msg")) == ["README"]


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("server", [rabbit, redis])
def test_a_broker_that_dies_is_waited_for(server, tmp_path):
    with server() as broker:
        url = broker.create_vhost() if server is rabbit else broker.url
        queue = CeleryQueue(url, tmp_path / "queue", redeliver_s=600)
        worker = Worker(tmp_path, url, tmp_path / "queue")
        process = worker.start()
        try:
            queue.send(before := new_id())
            worker.until(lambda: before in worker.words("done"))
            time.sleep(SETTLED_S)
            broker.kill()
            with pytest.raises(QueueError):
                queue.send(new_id())
            assert not queue.answers()
            with pytest.raises(QueueError):
                queue.waiting()
            broker.start()
            after = new_id()
            worker.until(lambda: taken(queue, after))  # it answers before it can keep anything
            worker.until(lambda: after in worker.words("done"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            end(process, signal.SIGKILL)
            queue.close()


@pytest.mark.broker
def test_a_worker_stops_also_where_there_is_no_broker(tmp_path):
    worker = Worker(tmp_path, "amqp://nobody:nothing@127.0.0.1:1/", tmp_path / "queue")
    process = worker.start()
    try:
        worker.until(lambda: len(worker.words("opened")) == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        end(process, signal.SIGKILL)


@pytest.mark.broker
def test_rabbitmq_gets_one_quorum_queue_and_nothing_else(rabbit_server, tmp_path):
    url = rabbit_server.create_vhost()
    vhost = url.rpartition("/")[2]
    queue = CeleryQueue(url, tmp_path / "queue", redeliver_s=600)
    worker = Worker(tmp_path, url, tmp_path / "queue")
    process = worker.start()
    try:
        queue.send(one := new_id())
        worker.until(lambda: one in worker.words("done"))
        listed = rabbit_server.ctl("-q", "list_queues", "-p", vhost, "name", "type", "--no-table-headers")
        assert [line.split() for line in listed.splitlines() if line] == [[QUEUE, "quorum"]]
        exchanges = rabbit_server.ctl("-q", "list_exchanges", "-p", vhost, "name", "--no-table-headers")
        assert not [name for name in exchanges.split() if not name.startswith("amq.")]
    finally:
        end(process, signal.SIGTERM)
        queue.close()
