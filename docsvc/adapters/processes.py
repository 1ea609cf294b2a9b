"""Processes of this machine: which of them holds a lease and whether it still lives; ending with one's parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
HOST_LENGTH: Final = 40  # the whole text stays below 120 characters
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
GONE: Final = frozenset("ZX")  # a zombie does nothing any more
START: Final = 19  # place of starttime in /proc/PID/stat, counted behind the process's name (proc_pid_stat(5))


class LinuxProcesses:
    """`host/boot/namespace/pid/start`: a process id alone would be another process's tomorrow.

    Boot and namespace of process ids say whether we can see the holder at all: two containers of one machine can't
    see each other's processes, and after a restart of the machine every number means something else.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._known: tuple[int, str] | None = None

    @property
    def me(self) -> str:
        """This process; also right in a forked child."""
        pid = os.getpid()
        if self._known is None or self._known[0] != pid:
            now = self._stat(pid)
            self._known = (pid, f"{self._place()}/{pid}/{now.started if now else '-'}")
        return self._known[1]

    def dead(self, holder: str) -> bool:
        """True only where it is certain: a process that we would see if it still ran."""
        place, _, process = holder.rpartition("/")[0].rpartition("/")
        started = holder.rpartition("/")[2]
        if place.endswith("/") or place != self._place() or not process.isdecimal() or not started.isdecimal():
            return False
        now = self._stat(int(process))
        return now is not None and (now.state in GONE or now.started != started)

    def _place(self) -> str:
        host = socket.gethostname().replace("/", "-")[:HOST_LENGTH]
        try:
            boot = (self._proc / "sys/kernel/random/boot_id").read_text("ascii").strip()
            namespace = (self._proc / "self/ns/pid").stat().st_ino
        except OSError:
            return f"{host}//"  # no /proc: nobody here can be known to be dead
        return f"{host}/{boot}/{namespace}"

    def _stat(self, pid: int) -> _Stat | None:
        """None where we can't know."""
        try:
            text = (self._proc / str(pid) / "stat").read_text("ascii", "replace")
        except (FileNotFoundError, ProcessLookupError):
            return None if _hidden(pid) else _Stat("X", "")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        return _Stat(fields[0], fields[START])


def end_with(parent: int) -> None:
    """From now on this process gets SIGTERM when its parent ends, however that ends. Linux only.

    The parent is the process `parent`; where that ended already, SIGTERM comes at once.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def run_limited(words: Sequence[str], timeout_s: float, memory_mb: int) -> bool:
    """Run one of our own commands in a process group that is killed whole after so long; did it end well in time?

    Each of its processes may have so much memory and no more.
    """
    limited = ["sh", "-c", f'ulimit -v {memory_mb * 1024} && exec "$0" "$@"', *words]
    process = subprocess.Popen(limited, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own
    try:
        return process.wait(timeout_s) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Stat(NamedTuple):
    state: str
    started: str  # ticks since boot


def _hidden(pid: int) -> bool:
    """Does it run, of another user, where /proc is mounted to show only our own (hidepid)?"""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
