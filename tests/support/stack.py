"""The whole service as operators run it, on either way: processes, keys and accounts; killed at will."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from tests.support.api import Api
from tests.support.broker import RabbitServer
from tests.support.daemons import dying_with_us, end, launch
from tests.support.servers import S3Server, free_port
from tests.support.workspace import CHECKOUT, Workspace, case

PROCESSES = ("web", "worker", "sequencer", "scheduler")
SCOPES = ("documents:create", "documents:read", "documents:void")
READY_S = 180
STOP_S = 180


@dataclass
class Stack:
    """`serve` alone on the embedded way, each process by itself on the distributed one."""

    way: str
    folder: Path
    workspace: Workspace  # the operator's command line
    certs: Mapping[str, Path]  # what each process may hold of the keys
    broker: RabbitServer | None = None
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _keys: dict[tuple[str | None, tuple[str, ...]], str] = field(default_factory=dict)
    _cases: int = 0
    _users: dict[tuple[str, str | None], tuple[str, str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.workspace.extra["DOCSVC_LISTEN"]

    @property
    def base_url(self) -> str:
        return f"http://{self.address}"

    @property
    def trust(self) -> Path:
        """Public certificates and the log's verifier key."""
        return self.certs["web"]

    def run(self, *words: Any, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.workspace.run(*words, check=check)

    # Keys and accounts

    def key(self, agency: str | None = None, scopes: Sequence[str] = SCOPES) -> str:
        """An API key; for every agency where none is named."""
        which = agency, tuple(scopes)
        if which not in self._keys:
            owner = ("--agency", agency) if agency else ("--all-agencies",)
            asked = [word for scope in scopes for word in ("--scope", scope)]
            made = self.run("clients", "add", f"client-{secrets.token_hex(4)}", *owner, *asked)
            (self._keys[which],) = re.findall(r"docsvc_[0-9a-f]+_[A-Za-z0-9_-]+", made.stdout)
        return self._keys[which]

    def api(self, agency: str | None = None, scopes: Sequence[str] = SCOPES) -> Api:
        return Api(self.base_url, self.key(agency, scopes))

    def user(self, role: str, agency: str | None = None) -> tuple[str, str]:
        """Name and password of somebody with this role; of every agency where none is named."""
        which = role, agency
        if which not in self._users:
            owner = ("--agency", agency) if agency else ("--all-agencies",)
            name = f"{role}-{secrets.token_hex(4)}"
            made = self.run("users", "add", name, "--role", role, *owner, "--generate")
            (password,) = re.findall(r"password: (\S+)", made.stdout)
            self._users[which] = name, password
        return self._users[which]

    # Processes

    def start(self, *names: str) -> None:
        """Start what does not run (embedded: serve, which minds the others), and wait until it is ready."""
        self.launch(*names)
        self.until_ready()

    def launch(self, *names: str) -> None:
        for name in self._roots(names):
            if name not in self.running or self.running[name].poll() is not None:
                environment = {**self.workspace.environment, "DOCSVC_CERTS_DIR": str(self.certs[name])}
                command = dying_with_us([sys.executable, "-m", "docsvc", name], signal.SIGTERM)
                self.running[name] = launch(command, self._log(name), environment)

    def until_ready(self, patience_s: float = READY_S) -> None:
        """/readyz says so; fails with what the processes said where one died."""
        finish = time.monotonic() + patience_s
        while True:
            answer = None
            with contextlib.suppress(requests.RequestException):
                answer = requests.get(f"{self.base_url}/readyz", timeout=20)
            if answer is not None and answer.status_code == 200:
                return
            dead = [name for name, process in self.running.items() if process.poll() is not None]
            if dead or time.monotonic() > finish:
                said = answer.text if answer is not None else "nothing"
                pytest.fail(f"{self.way}: not ready ({dead} ended; /readyz says {said})\n{self.logs()}")
            time.sleep(0.2)

    def answers(self) -> bool:
        """Do all processes run, and does /readyz say so?"""
        with contextlib.suppress(requests.RequestException):
            ready = requests.get(f"{self.base_url}/readyz", timeout=20).status_code == 200
            return ready and all(process.poll() is None for process in self.running.values())
        return False

    def supervised(self, patience_s: float = READY_S) -> None:
        """Start what ended again and again, as a supervisor does, until all is ready.

        What a process that was killed leaves behind may hold its port for a moment.
        """
        finish = time.monotonic() + patience_s
        while not self.answers():
            if time.monotonic() > finish:
                pytest.fail(f"{self.way}: not ready\n{self.logs()}")
            self.launch()
            time.sleep(0.5)

    def kill(self, name: str) -> int:
        """`kill -9` of one process, as the kernel does when memory runs out; its pid."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        if name in self.running:
            self.running[name].wait()
        return pid

    def stop(self, *names: str, how: signal.Signals = signal.SIGTERM) -> dict[str, int]:
        """Ask them to stop, in the order of an orderly shutdown; exit codes."""
        codes = {}
        for name in self._roots(names):
            if name in self.running:
                codes[name] = end(self.running.pop(name), how, STOP_S)
        return codes

    def pid(self, name: str) -> int:
        """Of one of the four processes, on either way."""
        if self.way == "distributed" or name == "serve":
            return self.running[name].pid
        serve = self.running["serve"].pid
        finish = time.monotonic() + 30
        while time.monotonic() < finish:
            for pid in children(serve):
                words = command_line(pid)
                if words[1:4] == ["-m", "docsvc", name]:
                    return pid
            time.sleep(0.1)
        pytest.fail(f"serve has no {name}\n{self.logs()}")

    def offices(self) -> list[int]:
        """Every office that works for this service."""
        return [pid for pid in self.processes() if "soffice.bin" in " ".join(command_line(pid))]

    def processes(self) -> list[int]:
        """Everything that runs on this service's data, whoever its parent is."""
        mark = f"DOCSVC_DATA_DIR={self.workspace.data}".encode()
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (each / "environ").read_bytes().split(b"\0"):
                    found.append(int(each.name))
        return found

    def _roots(self, names: Iterable[str]) -> list[str]:
        if self.way == "embedded":
            return ["serve"]
        return [name for name in PROCESSES if not names or name in names]

    # Cases, and what became of them

    def case(self, doc_type: str, agency: str = "demo-market") -> dict[str, Any]:
        """A case that this service has not seen."""
        self._cases += 1
        samples = (case(doc_type, n) for n in itertools.count(1))
        data = next(sample for sample in samples if sample["agency"] == agency)
        data["action_code"] = f"{data['action_code'][:9]}{self._cases:05d}"
        if doc_type == "interview_record":  # refers to a notice that this service will not issue
            data["body"]["notice"]["doc_no"] = "舟示市监约通〔2026〕9001号"
        return data

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database directly, as an operator would."""
        with self._database() as db:
            return db.execute(query).fetchall()

    def alter(self, statement: str) -> None:
        """Change the database behind the service's back."""
        with self._database() as db:
            db.execute(statement)
            db.commit()

    def _database(self) -> contextlib.closing[Any]:
        url = self.workspace.extra.get("DOCSVC_DATABASE_URL")
        if url is None:
            return contextlib.closing(sqlite3.connect(self.workspace.data / "docsvc.db", timeout=30))
        return contextlib.closing(psycopg.connect(url.replace("+psycopg", "")))

    def logs(self, count: int = 4000) -> str:
        """The last words of each process."""
        said = []
        for path in sorted(self.folder.glob("*.log")):
            text = path.read_text(errors="replace")
            said.append(f"--- {path.stem} ---\n{text[-count:]}")
        return "\n".join(said)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(word) for task in tasks for word in task.read_text().split()]
    return []


def descendants(pid: int) -> list[int]:
    """All that it started and what those started, nearest first."""
    found = children(pid)
    for each in found:
        found.extend(children(each))
    return found


def command_line(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return [w.decode(errors="replace") for w in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    return []


@contextlib.contextmanager
def embedded(folder: Path, keys: Path, **extra: str) -> Iterator[Stack]:
    """`docsvc serve` on a folder of its own."""
    workspace = Workspace(folder / "data", keys, _common() | extra)
    with _stopped(Stack("embedded", folder, workspace, dict.fromkeys(("serve", *PROCESSES), keys))) as stack:
        stack.start()
        yield stack


@contextlib.contextmanager
def distributed(
    folder: Path, database_url: str, broker: RabbitServer, s3: S3Server, **extra: str
) -> Iterator[Stack]:
    """A process for each task, on servers; each process holds no more keys than it needs."""
    settings = _common() | {
        "DOCSVC_DATABASE_URL": database_url,
        "DOCSVC_BROKER_URL": broker.create_vhost(),
        "DOCSVC_STORE": "s3",
        "DOCSVC_S3_ENDPOINT": s3.endpoint,
        "DOCSVC_S3_SECURE": "false",
        "DOCSVC_S3_BUCKET": f"docsvc-{secrets.token_hex(4)}",
        "DOCSVC_S3_ACCESS_KEY": s3.access_key,
        "DOCSVC_S3_SECRET_KEY": s3.secret_key,
        "DOCSVC_WEB_KEY": secrets.token_hex(32),
    }
    keys = folder / "keys"
    workspace = Workspace(folder / "data", keys / "all", settings | extra)
    workspace.run("db", "upgrade", check=True)
    certs = _hand_out_keys(workspace, keys)
    with _stopped(Stack("distributed", folder, workspace, certs, broker)) as stack:
        stack.start()
        yield stack


def _common() -> dict[str, str]:
    return {
        "DOCSVC_LISTEN": f"127.0.0.1:{free_port()}",
        "DOCSVC_LOG_LEVEL": "info",
        # All tests together are one caller from one address: limits have tests of their own.
        "DOCSVC_RATE_LIMIT": "1000000/minute",
        "DOCSVC_RATE_LIMIT_ANONYMOUS": "1000000/minute",
    }


def _hand_out_keys(workspace: Workspace, keys: Path) -> dict[str, Path]:
    """As the containers get theirs, by the same script."""
    keys.mkdir(parents=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", CHECKOUT / "docker" / "keys.sh"],
        env={**workspace.environment, "DOCSVC_CERTS_DIR": str(keys), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {
        "web": keys / "public",
        "worker": keys / "worker",
        "sequencer": keys / "log",
        "scheduler": keys / "scheduler",
    }


@contextlib.contextmanager
def _stopped(stack: Stack) -> Iterator[Stack]:
    """Whatever happened, nothing of it stays behind."""
    stack.folder.mkdir(parents=True, exist_ok=True)
    try:
        yield stack
    finally:
        stack.stop()
        for pid in stack.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(stack.workspace.data / "office", ignore_errors=True)


WAYS = (
    pytest.param("embedded", id="embedded"),
    pytest.param(
        "distributed", id="distributed", marks=[pytest.mark.database, pytest.mark.store, pytest.mark.broker]
    ),
)


@contextlib.contextmanager
def started(way: str, folder: Path, request: pytest.FixtureRequest, **extra: str) -> Iterator[Stack]:
    """The service on `way`, with the servers of this run."""
    if way == "embedded":
        with embedded(folder, request.getfixturevalue("development_keys"), **extra) as stack:
            yield stack
    else:
        servers = [request.getfixturevalue(name) for name in ("postgres_server", "rabbit_server", "s3_server")]
        with distributed(folder, servers[0].create_database(), *servers[1:], **extra) as stack:
            yield stack


@pytest.fixture(scope="session", params=WAYS)
def stack(request, tmp_path_factory):
    """One service for all tests of a way; who breaks something of it mends it."""
    with started(request.param, tmp_path_factory.mktemp(request.param), request) as running:
        yield running
