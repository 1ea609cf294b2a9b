"""The child behind `apart`: limits itself, reads one table from standard input, writes a JSON line a row."""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import Any, Final

from docsvc.adapters.sheets import Sheets
from docsvc.adapters.sheets.apart import encoded
from docsvc.domain.cells import says_something
from docsvc.domain.errors import TableRefusedError, TableTooLargeError

MEGABYTE: Final = 1 << 20


def main(suffix: str, deadline_s: int, memory_mb: int) -> None:
    """Ends without its last line where a limit is met: the kernel kills it, or memory is refused."""
    limit(deadline_s, memory_mb)
    raw = sys.stdin.buffer.read()
    try:
        for number, cells in Sheets().lines(suffix, raw):
            if any(map(says_something, cells)):
                say([number, [encoded(cell) for cell in cells]])
    except TableRefusedError as e:
        if not isinstance(e.__cause__, MemoryError):
            say({"refused": str(e), "large": isinstance(e, TableTooLargeError)})
    else:
        say({"end": True})


def limit(deadline_s: int, memory_mb: int) -> None:
    """Time of the clock and of the processor, memory, and no core file of somebody's data."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(deadline_s)
    resource.setrlimit(resource.RLIMIT_CPU, (deadline_s, deadline_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * MEGABYTE, memory_mb * MEGABYTE))


def say(what: Any) -> None:
    """One line."""
    sys.stdout.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
