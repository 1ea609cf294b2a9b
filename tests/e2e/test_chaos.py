"""Clients post while `kill -9` falls on worker, office, broker and web: every document once, every answer true.

`CHAOS_DOCUMENTS=1000 uv run pytest -q -s tests/e2e/test_chaos.py` is the long run.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import os
import queue
import random
import secrets
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.support.api import Api
from tests.support.stack import WAYS, Stack, children, descendants, started

pytestmark = [pytest.mark.office, pytest.mark.slow]

DOCUMENTS = int(os.environ.get("CHAOS_DOCUMENTS", "40"))
CLIENTS = 20
PATIENCE_S = 120 + 3 * DOCUMENTS


@pytest.fixture(params=WAYS)
def own_stack(request, tmp_path):
    """A service whose numbers begin at 1."""
    with started(request.param, tmp_path / "service", request) as running:
        yield running


@dataclass
class Callers:
    """Twenty programs that post cases; each repeats a call, under the same key, until it has an answer."""

    stack: Stack
    cases: list[dict[str, Any]]
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    repeated: collections.Counter[str] = field(default_factory=collections.Counter)
    longest_s: float = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        work: queue.Queue[dict[str, Any]] = queue.Queue()
        for each in self.cases:
            work.put(each)
        key = self.stack.key("demo-market")
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for done in [pool.submit(self._caller, n, key, work) for n in range(CLIENTS)]:
                done.result()

    def _caller(self, n: int, key: str, work: queue.Queue[dict[str, Any]]) -> None:
        api = Api(self.stack.base_url, key)
        moment = random.Random(n)
        while not self.stop.is_set():
            try:
                posted = work.get_nowait()
            except queue.Empty:
                return
            began = time.monotonic()
            wait = None if n % 3 == 0 else 20
            document = self._until_answered(api, posted, wait, moment)
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            if document is not None and document["state"] != "recorded":
                self._until_made(api, document["id"])

    def _until_answered(
        self, api: Api, posted: dict[str, Any], wait: int | None, moment: random.Random
    ) -> dict[str, Any] | None:
        key, give_up = secrets.token_hex(16), time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and not self.stop.is_set():
            try:
                answer = api.post(posted, key, wait=wait)
            except requests.RequestException as e:
                self.repeated[type(e).__name__] += 1
            else:
                if answer.status_code in (201, 202):
                    document: dict[str, Any] = answer.json()
                    self.answers.append((answer.status_code, document))
                    return document
                self.repeated[str(answer.status_code)] += 1
                if answer.status_code not in (409, 429, 500, 502, 503):
                    self.refusals.append(f"{answer.status_code} {answer.text}")
                    return None
            time.sleep(moment.uniform(0.05, 0.5))
        self.refusals.append(f"no answer in {PATIENCE_S} s")
        return None

    def _until_made(self, api: Api, document_id: str) -> None:
        """As whoever did not wait, or was not let wait: asks now and then what became of it."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and not self.stop.is_set():
            with contextlib.suppress(requests.RequestException):
                answer = api.get(f"/documents/{document_id}")
                if answer.status_code == 200 and answer.json()["state"] == "recorded":
                    return
                if answer.status_code not in (200, 429, 500, 502, 503):
                    break
            time.sleep(0.5)
        self.refusals.append(f"{document_id} was accepted, and then not seen recorded")


def made(stack: Stack) -> int:
    return stack.rows("SELECT count(*) FROM documents WHERE state IN ('sealed', 'recorded')")[0][0]


@dataclass
class Blows:
    """Each `kill -9`, and a new start where nobody minds the process."""

    stack: Stack

    def all(self) -> dict[str, Callable[[], None]]:
        return {
            "a process of the worker": self.forked,
            "the worker": lambda: self.process("worker"),
            "the offices": lambda: self.hit(self.stack.offices()),
            "the broker": self.broker,
            "the web process and its children": self.container,
            "the web process": lambda: self.process("web"),
            "the sequencer": lambda: self.process("sequencer"),
            "the scheduler": lambda: self.process("scheduler"),
        }

    def process(self, name: str) -> None:
        self.stack.kill(name)
        self.stack.launch(name)

    def forked(self) -> None:
        """One of those that Celery forked, most likely in the middle of a document."""
        self.hit([p for p in children(self.stack.pid("worker")) if children(p)][:1])

    def broker(self) -> None:
        if self.stack.broker is None:  # what the folder holds is lost
            for message in (self.stack.workspace.data / "queue").rglob("*"):
                if message.is_file():
                    message.unlink(missing_ok=True)
        else:
            self.stack.broker.kill()
            self.stack.broker.start()

    def container(self) -> None:
        """As when a container is killed: nothing of it is left to hold the port."""
        web = self.stack.pid("web")
        self.hit([web, *descendants(web)])
        if self.stack.way == "distributed":
            self.stack.running["web"].wait()
        self.stack.launch("web")

    @staticmethod
    def hit(pids: list[int]) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_nothing_is_lost_doubled_or_untrue(own_stack, tmp_path):
    stack = own_stack
    api = stack.api("demo-market")
    callers = Callers(stack, [stack.case("reminder") for _ in range(DOCUMENTS)])
    began = time.monotonic()
    posting = threading.Thread(target=callers.run)
    posting.start()
    try:
        strikes = Blows(stack).all()
        for n, (what, blow) in enumerate(strikes.items()):
            enough = DOCUMENTS * (n + 1) // (len(strikes) + 2)
            mind(stack, lambda: len(callers.answers) >= enough)  # noqa: B023 - asked before the next turn
            assert posting.is_alive()
            blow()
            answered = len(callers.answers)
            say(f"{time.monotonic() - began:6.1f} s  {answered} answers, {made(stack)} made; killed: {what}")
        mind(stack, lambda: not posting.is_alive())
    finally:
        callers.stop.set()
        posting.join()
    say(
        f"{time.monotonic() - began:6.1f} s  answers: {len(callers.answers)}; repeated: {dict(callers.repeated)};"
        f" longest {callers.longest_s:.1f} s"
    )
    assert callers.refusals == []
    assert len(callers.answers) == DOCUMENTS
    assert callers.repeated  # somebody was hit

    ids = check_the_books(stack, callers)
    say(f"{time.monotonic() - began:6.1f} s  all recorded")
    mind(stack, stack.answers)
    verify_all(stack, api, ids, tmp_path)
    codes = stack.stop()
    assert set(codes.values()) == {0}, stack.logs()
    assert stack.processes() == []


def mind(stack: Stack, enough: Callable[[], bool]) -> None:
    """As whatever an operator lets mind the processes: one that ended is started again, until it stays."""
    end = time.monotonic() + PATIENCE_S
    while not enough() and time.monotonic() < end:
        stack.launch()
        time.sleep(0.2)


def check_the_books(stack: Stack, callers: Callers) -> list[str]:
    """Every document is recorded, once, as its caller was told; their ids."""
    end = time.monotonic() + PATIENCE_S
    unfinished = "SELECT count(*) FROM documents WHERE state <> 'recorded'"
    while stack.rows(unfinished) != [(0,)] and time.monotonic() < end:
        time.sleep(0.2)
    rows = stack.rows("SELECT id, number, state, signed_sha256, attempts, reason FROM documents")
    say(f"          attempts: {dict(collections.Counter(row[4] for row in rows))}")
    assert collections.Counter(row[2] for row in rows) == {"recorded": DOCUMENTS}, (rows, stack.logs())
    numbers = sorted(int(row[1].split("〕")[1].removesuffix("号")) for row in rows)
    assert numbers == list(range(1, DOCUMENTS + 1))
    now = {row[0]: row for row in rows}
    assert {answer["id"] for _, answer in callers.answers} == set(now)
    for status, answer in callers.answers:
        row = now[answer["id"]]
        assert answer["number"] == row[1]
        if status == 201:
            assert (answer["state"], answer["sha256"]) == ("recorded", row[3])
        else:
            assert answer["state"] != "failed"
    events = collections.Counter(stack.rows("SELECT document_id, type FROM events"))
    # A seal may be used again by whoever takes over from a killed process; all else happens once.
    assert {count for (_, kind), count in events.items() if kind != "seal.used"} == {1}
    assert len(events) == 3 * DOCUMENTS
    assert stack.rows("SELECT count(*) FROM log_entries") == [(events.total(),)]
    assert stack.rows("SELECT count(*) FROM jobs WHERE due_at IS NOT NULL OR holder IS NOT NULL") == [(0,)]
    audit = stack.run("log", "fsck", check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    return list(now)


def verify_all(stack: Stack, api: Api, ids: list[str], folder) -> None:
    pdfs = []
    for document_id in ids:
        pdf = api.get(f"/documents/{document_id}/content")
        assert pdf.status_code == 200, pdf.text
        pdfs.append(folder / f"{document_id}.pdf")
        pdfs[-1].write_bytes(pdf.content)
    for n in range(0, len(pdfs), 100):
        verified = stack.run("verify", *pdfs[n : n + 100], "--trust", stack.trust, "--json", check=False)
        assert verified.returncode == 0, verified.stdout
        verdicts = [json.loads(line)["indication"] for line in verified.stdout.splitlines()]
        assert verdicts == ["TOTAL-PASSED"] * len(pdfs[n : n + 100])


def say(line: str) -> None:
    """The course of the long run; seen with `-s`, or when it fails."""
    print(line, flush=True)  # noqa: T201 - for whoever runs the long one
