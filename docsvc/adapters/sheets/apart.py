"""Reading a table in a child process that can be killed: hostile files may loop, eat memory or crash a parser."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from docsvc.adapters.sheets import Sheets
from docsvc.domain.cells import Cell, Unreadable
from docsvc.domain.errors import SetupError, TableRefusedError, TableTooLargeError
from docsvc.domain.table import Column, Line

MOST: Final = (
    "表格过于复杂，无法在限定的时间和内存内读取；the table can't be read within the limits of time and memory"
)


class SheetsApart:
    """Fits the port Tables; a child for each file, of which nothing is believed but its rows."""

    def __init__(self, deadline_s: int = 120, memory_mb: int = 1024) -> None:
        self._limits = str(deadline_s), str(memory_mb)

    def lines(self, suffix: str, raw: bytes) -> Iterator[Line]:
        """Rows with something in them. Raises TableRefusedError, also while it is read."""
        try:
            # -P: a folder named docsvc where the caller happens to stand must not be run.
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "docsvc.adapters.sheets.reader", suffix, *self._limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as e:
            raise SetupError("无法启动读表进程；the process that reads tables can't be started") from e
        assert child.stdin is not None  # noqa: S101 - both were asked for
        assert child.stdout is not None  # noqa: S101 - likewise
        try:
            with contextlib.suppress(OSError):  # it ended already: its answer says why
                child.stdin.write(raw)  # it reads all of it before it says anything
                child.stdin.close()
            for said in map(json.loads, child.stdout):
                match said:
                    case [int(number), list(cells)]:
                        yield number, [decoded(cell) for cell in cells]
                    case {"end": True}:
                        return
                    case {"refused": str(why), "large": large}:
                        raise TableTooLargeError(why) if large else TableRefusedError(why)
            raise TableRefusedError(MOST)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
            with contextlib.suppress(OSError):
                child.stdin.close()

    def blank(self, suffix: str, columns: Sequence[Column]) -> bytes:
        """A table to fill in."""
        return Sheets().blank(suffix, columns)


def encoded(cell: Cell) -> Any:
    """A cell as JSON."""
    match cell:
        case dt.datetime() | dt.date() | dt.time():
            return {type(cell).__name__: cell.isoformat()}
        case dt.timedelta():
            return {"timedelta": cell.total_seconds()}
        case Unreadable():
            return {"unreadable": [cell.why, cell.why_en]}
        case _:
            return cell


def decoded(value: Any) -> Cell:
    """What `encoded` made of a cell."""
    match value:
        case {"datetime": str(said)}:
            return dt.datetime.fromisoformat(said)
        case {"date": str(said)}:
            return dt.date.fromisoformat(said)
        case {"time": str(said)}:
            return dt.time.fromisoformat(said)
        case {"timedelta": seconds}:
            return dt.timedelta(seconds=seconds)
        case {"unreadable": [str(why), str(why_en)]}:
            return Unreadable(why, why_en)
        case None | str() | int() | float():
            return value
        case _:
            raise TableRefusedError(MOST)
