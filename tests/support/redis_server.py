"""A real Redis for tests, that keeps what it was given when it is killed."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.daemons import dying_with_us, end, free_ports, fresh_folder, launch, until


@dataclass
class RedisServer:
    """One server with a password, on a folder of its own."""

    binary: str
    folder: Path
    port: int
    password: str = "tester"
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.password,
            "dir": self.folder,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = launch(dying_with_us([self.binary, *flags], signal.SIGKILL), self.folder / "output")
        until(self._answers, self._process, self.folder / "output")

    def kill(self) -> None:
        if self._process is not None:
            end(self._process, signal.SIGKILL)

    def _answers(self) -> bool:
        from redis import Redis, RedisError

        try:
            with Redis.from_url(self.url, socket_timeout=5) as client:
                return bool(client.ping())
        except RedisError:
            return False


@contextlib.contextmanager
def redis() -> Iterator[RedisServer]:
    """A running server; skips the test where Redis is not installed."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("Redis is not installed (no redis-server)")
    with fresh_folder("redis") as folder:
        server = RedisServer(binary, folder, *free_ports(1))
        try:
            server.start()
            yield server
        finally:
            server.kill()
