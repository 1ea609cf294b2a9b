"""Pages as pictures, drawn by a process of its own: PDFium knows no threads, and may crash."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
import weakref
from selectors import EVENT_READ, DefaultSelector
from typing import Final

from docsvc.domain.errors import ConversionError, NotFoundError, SetupError

REQUEST: Final = struct.Struct(">IIQ")  # page from 1 (0: how many?), width in pixels, octets of the PDF that follow
COUNT: Final = struct.Struct(">I")  # the answer to "how many?"
ANSWER: Final = struct.Struct(">BQ")  # OK, NO_PAGE or FAULT, octets of the picture that follow
OK, NO_PAGE, FAULT = range(3)
MIN_WIDTH: Final = 50
MAX_WIDTH: Final = 2400
RECYCLE_AFTER: Final = 500


class ProcessPageImages:
    """Draws one page at a time in a child process (fits ports.PageImages); safe to use from several threads.

    The child is started on first use, ended and replaced when it takes longer than `deadline_s` or has drawn
    RECYCLE_AFTER pages, and limits its own memory to `memory_mb`.
    """

    def __init__(self, deadline_s: float = 20, memory_mb: int = 1024) -> None:
        self._deadline_s = deadline_s
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def png(self, pdf: bytes, page: int, width_px: int) -> bytes:
        """Page `page` (from 1), `width_px` wide (50 to 2400; beyond that the nearest).

        Raises NotFoundError where there is no such page, ConversionError where it can't be drawn in time.
        """
        if not 1 <= page < 1 << 32:
            raise _no_page(page)
        return self._ask(pdf, page, min(max(width_px, MIN_WIDTH), MAX_WIDTH))

    def count(self, pdf: bytes) -> int:
        """How many pages. Raises ConversionError where it can't be told in time."""
        (pages,) = COUNT.unpack(self._ask(pdf, 0, 0))
        return int(pages)

    def _ask(self, pdf: bytes, page: int, width: int) -> bytes:
        with self._lock:
            child = self._running()
            try:
                status, picture = child.ask(REQUEST.pack(page, width, len(pdf)) + pdf, self._deadline_s)
            except (OSError, EOFError, TimeoutError) as e:
                self._end()
                raise ConversionError("页面图像无法生成；the picture of the page can't be drawn") from e
        if status == NO_PAGE:
            raise _no_page(page)
        if status != OK:
            raise ConversionError("页面图像无法生成；the picture of the page can't be drawn")
        return picture

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _running(self) -> _Child:
        if self._child is not None and (self._child.owner != os.getpid() or self._child.used_up()):
            self._end()
        if self._child is None:
            self._child = _Child(self._memory_mb)
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    def __init__(self, memory_mb: int) -> None:
        self.owner = os.getpid()
        self._drawn = 0
        try:
            # -P: a folder named docsvc where the caller happens to stand must not be run.
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "docsvc.adapters.pages.drawing", str(memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as e:
            raise SetupError("无法启动绘图进程；the process that draws pages can't be started") from e
        assert process.stdin is not None  # noqa: S101 - both were asked for
        assert process.stdout is not None  # noqa: S101 - likewise
        self._process, self._into, self._out = process, process.stdin, process.stdout
        self.end = weakref.finalize(self, _end, process, self.owner)

    def used_up(self) -> bool:
        return self._drawn >= RECYCLE_AFTER or self._process.poll() is not None

    def ask(self, request: bytes, deadline_s: float) -> tuple[int, bytes]:
        """Raises OSError or EOFError where the child is gone, TimeoutError where it takes too long."""
        self._drawn += 1
        self._into.write(request)  # it reads all of it before it does anything else
        self._into.flush()
        # It answers in one go when it is done: once the first octet is there, the rest does not wait.
        with DefaultSelector() as selector:
            selector.register(self._out, EVENT_READ)
            if not selector.select(deadline_s):
                raise TimeoutError
        status, length = ANSWER.unpack(self._read(ANSWER.size))
        return status, self._read(length)

    def _read(self, length: int) -> bytes:
        data = self._out.read(length)
        if len(data) < length:
            raise EOFError
        return data


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    if os.getpid() == owner:  # else a fork of the owner: not its child to end
        process.kill()
        process.wait()


def _no_page(page: int) -> NotFoundError:
    return NotFoundError(f"没有第{page}页；there is no page {page}")
