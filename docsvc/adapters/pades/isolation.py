"""Running one verification in a child process that can be killed: hostile files may loop or eat memory.

A small server process loads the heavy libraries once and forks for each request, so a request costs milliseconds
and the calling process with its threads is never forked. Sockets are passed over a control socket; when the caller
ends, the control socket closes and the server ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from docsvc.domain.errors import SetupError

LENGTH = struct.Struct(">Q")
START_UP_S = 60.0
CHUNK = 1 << 20


class ChildEndedError(Exception):
    """The child ended (time, memory or crash) without an answer."""


class Examiners:
    """Hands requests to child processes; safe to use from several threads."""

    def __init__(self, deadline_s: float, memory_mb: int) -> None:
        self._deadline_s = deadline_s
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def ask(self, request: dict[str, Any], blobs: Sequence[bytes]) -> dict[str, Any]:
        """The child's answer. Raises ChildEndedError, or SetupError where no child can be started."""
        header = {**request, "deadline_s": self._deadline_s, "memory_mb": self._memory_mb}
        for attempt in (1, 2):
            server = self._running()
            try:
                connection = server.connect()
            except OSError as e:
                # The server itself is gone (an operator killed it, the kernel was out of memory): start another.
                self._discard(server)
                if attempt == 2:  # noqa: PLR2004 - the second and last
                    raise SetupError("无法启动验证进程：the verification process can't be started") from e
                continue
            with connection:
                try:
                    answer = _exchange(connection, header, blobs, self._deadline_s + START_UP_S)
                except OSError:
                    answer = b""
            if answer:
                result: dict[str, Any] = json.loads(answer)
                return result
            if attempt == 1 and server.ended():
                self._discard(server)
                continue
            break
        if server.ended():
            raise SetupError("无法启动验证进程：the verification process can't be started")
        raise ChildEndedError

    def close(self) -> None:
        """End the server process."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _running(self) -> _Server:
        with self._lock:
            if self._server is not None and (self._server.owner != os.getpid() or self._server.ended()):
                if self._server.owner == os.getpid():
                    self._server.stop()
                self._server = None
            if self._server is None:
                self._server = _Server()
            return self._server

    def _discard(self, server: _Server) -> None:
        with self._lock:
            if self._server is server:
                self._server = None
        server.stop()


class _Server:
    def __init__(self) -> None:
        self.owner = os.getpid()
        self._control, theirs = socket.socketpair()
        with theirs:
            # -P: a folder named docsvc where the caller happens to stand must not be run.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "docsvc.adapters.pades.examiner", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._finalizer = weakref.finalize(self, _end, self._process, self._control, self.owner)

    def connect(self) -> socket.socket:
        """A connection to a fresh child. Raises OSError where the server is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        self._finalizer()


def _end(process: subprocess.Popen[bytes], control: socket.socket, owner: int) -> None:
    control.close()
    if os.getpid() != owner:  # a fork of the owner: not its child to wait for
        return
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _exchange(connection: socket.socket, header: dict[str, Any], blobs: Sequence[bytes], timeout: float) -> bytes:
    connection.settimeout(timeout)
    for part in (json.dumps({**header, "blobs": len(blobs)}).encode(), *blobs):
        connection.sendall(LENGTH.pack(len(part)))
        connection.sendall(part)
    chunks: list[bytes] = []
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(CHUNK):
            chunks.append(chunk)
    return b"".join(chunks)
