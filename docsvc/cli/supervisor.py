"""Keeping the processes of the embedded way alive, and stopping them in order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final

import click

LOOK_S: Final = 0.1
SETTLED_S: Final = 30  # one that lived so long is started again at once
LONGEST_PAUSE_S: Final = 10.0


@dataclass
class Child:
    """`docsvc NAME …` as a process in a session of its own, so that Ctrl-C in a terminal comes to us alone."""

    name: str
    words: Sequence[str] = ()
    patience_s: float = 30
    inherits: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "docsvc", self.name, "--parent", str(os.getpid()), *self.words],
            start_new_session=True,
            pass_fds=self.inherits,
            stdin=subprocess.DEVNULL,
        )

    def died(self) -> bool:
        """Has it ended since it was last started? Asked once, it is remembered when to start it again."""
        if self.process is None or self.process.poll() is None:
            return False
        lived = time.monotonic() - self.started_at
        self.deaths = 1 if lived > SETTLED_S else self.deaths + 1
        self.start_at = time.monotonic() + min(0.25 * 2 ** (self.deaths - 1), LONGEST_PAUSE_S)
        self.process = None
        return True

    def stop(self, hurry: Callable[[], bool]) -> None:
        """SIGTERM, and SIGKILL where that does not help in time."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        end = time.monotonic() + self.patience_s
        while self.process.poll() is None:
            if hurry() or time.monotonic() > end:
                self.process.kill()
                self.process.wait()
            time.sleep(LOOK_S)


def supervise(
    children: Sequence[Child], *, ready: Callable[[], bool], say: str, stopping: Callable[[], None]
) -> int:
    """Run `children` until SIGINT or SIGTERM; the exit code.

    Prints `say` when `ready()`. One that dies before that ends everything: what it lacks it has said itself, and
    would lack again. Later it is started again. At the end `stopping()` is called, then they are stopped in their
    order; a second signal ends them at once.
    """
    with _signals() as asked:
        said = False
        try:
            for child in reversed(children):
                child.start()
            while not asked:
                for child in children:
                    if child.died():
                        if not said:
                            return 1
                        click.echo(f"docsvc: {child.name} ended and is started again", err=True)
                    if child.process is None and time.monotonic() >= child.start_at:
                        child.start()
                if not said and ready():
                    click.echo(say)
                    said = True
                time.sleep(LOOK_S)
        finally:
            stopping()
            for child in children:
                child.stop(hurry=lambda: len(asked) > 1)
    return 0


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that asked to stop."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
