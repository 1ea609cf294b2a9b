"""The bridge as a child process: started in a session of its own, spoken to in frames, killed by its own group."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

HEADER: Final = struct.Struct(">cQ")
BRIDGE: Final = Path(__file__).with_name("bridge.py")
ANSWER_LIMIT: Final = 512 * 1024 * 1024  # bytes; a length beyond it is no frame of ours
PARTING_S: Final = 5.0  # what a bridge that was asked to end may take before it is killed


class BridgeGoneError(Exception):
    """The bridge closed its output or took nothing more in."""


class BridgeProcess:
    """One bridge with its office. All waiting has a deadline; nothing here raises for a bridge that is dead."""

    def __init__(
        self, python: Path, config: Mapping[str, Any], environment: Mapping[str, str], log: Path, lock_fd: int
    ) -> None:
        with log.open("ab") as stderr:
            self._child = subprocess.Popen(  # noqa: S603  # our own argument list, no shell
                [python, "-I", "-B", BRIDGE, json.dumps({**config, "parent": os.getpid(), "lock_fd": lock_fd})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=dict(environment),
                cwd=log.parent,
                pass_fds=(lock_fd,),
                start_new_session=True,
            )
        assert self._child.stdin is not None  # noqa: S101  # for the type checker: both are PIPE
        assert self._child.stdout is not None  # noqa: S101
        self._in = self._child.stdin.fileno()
        self._out = self._child.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    @property
    def pid(self) -> int:
        """Process id of the bridge, which is also the id of its process group."""
        return self._child.pid

    def ask(self, kind: bytes, payload: bytes, timeout_s: float) -> tuple[bytes, bytes]:
        """Send a frame and await the answer. Raises BridgeGoneError, TimeoutError."""
        limit = time.monotonic() + timeout_s
        try:
            self._send(HEADER.pack(kind, len(payload)) + payload, limit)
        except BridgeGoneError:
            # It may have said why before it went.
            return self.hear(max(0.1, limit - time.monotonic()))
        return self.hear(limit - time.monotonic())

    def hear(self, timeout_s: float) -> tuple[bytes, bytes]:
        """Await one frame: its kind and its payload. Raises BridgeGoneError, TimeoutError."""
        limit = time.monotonic() + timeout_s
        kind, length = HEADER.unpack(self._receive(HEADER.size, limit))
        if length > ANSWER_LIMIT:
            raise BridgeGoneError(f"a frame of {length} bytes was announced")
        return kind, self._receive(length, limit)

    def quiet(self) -> bool:
        """Whether the bridge is there and has nothing to say: between two documents, anything else is its end."""
        return not self._ready(self._out, select.POLLIN, time.monotonic())

    def end(self) -> None:
        """Let the bridge end its office and itself; kill the whole group where it does not. Safe to repeat."""
        if self._child.returncode is not None:
            return
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        # WNOWAIT leaves the bridge a zombie: until it is reaped, its group's id belongs to nobody else.
        limit = time.monotonic() + PARTING_S
        while time.monotonic() < limit and not _has_ended(self._child.pid):
            time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def kill(self) -> None:
        """End bridge and office at once."""
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self.end()

    def forget(self) -> None:
        """In a forked child: close our ends without touching the bridge, which belongs to the parent."""
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._child.returncode = 0  # not ours to wait for

    def _send(self, data: bytes, limit: float) -> None:
        view = memoryview(data)
        while view:
            if not self._ready(self._in, select.POLLOUT, limit):
                raise TimeoutError
            try:
                view = view[os.write(self._in, view) :]
            except BlockingIOError:
                continue
            except OSError as e:
                raise BridgeGoneError(str(e)) from e

    def _receive(self, length: int, limit: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            if not self._ready(self._out, select.POLLIN, limit):
                raise TimeoutError
            try:
                chunk = os.read(self._out, length - len(data))
            except BlockingIOError:
                continue
            except OSError as e:
                raise BridgeGoneError(str(e)) from e
            if not chunk:
                raise BridgeGoneError("the bridge closed its output")
            data += chunk
        return bytes(data)

    def _ready(self, fd: int, event: int, limit: float) -> bool:
        poll = select.poll()
        poll.register(fd, event)
        return bool(poll.poll(max(0.0, limit - time.monotonic()) * 1000))


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
