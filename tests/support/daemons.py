"""Starting and stopping other people's servers: free loopback ports, a folder each, no process left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

START_S = 60


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def fresh_folder(name: str) -> Iterator[Path]:
    """Not below pytest's own folder: that is closed to the user whom PostgreSQL runs as."""
    where = Path(tempfile.mkdtemp(prefix=f"docsvc-{name}-"))
    try:
        yield where
    finally:
        shutil.rmtree(where, ignore_errors=True)


def launch(
    command: Sequence[object], output: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """The command in the folder of `output`, which takes what it says."""
    with output.open("ab") as sink:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=output.parent,
            env={**os.environ, **(environment or {})},
            stdout=sink,
            stderr=sink,
            stdin=subprocess.DEVNULL,
        )


def end(process: subprocess.Popen[bytes], stop: signal.Signals, patience_s: float = 20) -> int:
    """Ask with `stop`, then insist; the exit code."""
    if process.poll() is None:
        process.send_signal(stop)
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextlib.contextmanager
def running(
    command: Sequence[object], where: Path, stop: signal.Signals, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in the folder `where` to the end of the block."""
    process = launch(command, where / "output", environment)
    try:
        yield process
    finally:
        end(process, stop)


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], output: Path) -> None:
    """Wait for `ready`; the test fails with the server's last words where it dies or takes too long."""
    deadline = time.monotonic() + START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"server did not start:\n{output.read_text(errors='replace')[-4000:]}")
        time.sleep(0.1)


def dying_with_us(command: Sequence[object], stop: signal.Signals) -> list[object]:
    """The server is told to stop when the tests are killed and can't stop it themselves."""
    if shutil.which("setpriv") is None:
        return list(command)
    return ["setpriv", f"--pdeathsig={stop.name.removeprefix('SIG')}", *command]
