"""Messages as files of a folder, for the way that has no broker: kombu's transport, made safe between processes."""

from __future__ import annotations

import contextlib
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):  # type: ignore[misc]  # kombu has too few types
    """A message appears whole and is taken by exactly one reader.

    kombu's own channel writes under the final name, so that a reader may meet half a message and fail, and takes
    messages by way of the machine's folder for temporary files, which need not be on the same disk.
    """

    def _put(self, queue: str, message: Any, **_: Any) -> None:
        # By the clock of the day: kombu's counts from when the machine started, and would put old messages last.
        name = f"{time.time_ns():020}-{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f".{name}"
        part.write_text(dumps(message), "utf-8")
        part.rename(folder / name)

    def _get(self, queue: str, timeout: Any = None) -> Any:  # noqa: ARG002 - kombu's signature
        folder = Path(self.data_folder_in)
        names = (path.name for path in folder.iterdir())
        for name in sorted(n for n in names if n.endswith(f".{queue}.msg") and not n.startswith(".")):
            mine = folder / f".{name}.{uuid.uuid4()}"
            try:
                (folder / name).rename(mine)
            except FileNotFoundError:
                continue  # another reader was quicker
            text = mine.read_text("utf-8", "replace")
            mine.unlink()
            try:
                return loads(text)
            except ValueError:
                continue  # a disk that was full, or a stranger's file: the sweeper sends the id again
        raise Empty


class Transport(filesystem.Transport):  # type: ignore[misc]  # the same
    """kombu's, with our channel, for a worker with an event loop.

    With an event loop Celery has a pipe to each of its processes. Without one they share a pipe and its lock, and
    one that is killed while it waits for work takes that lock with it: no other ever gets any work again.
    """

    Channel = Channel
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:  # noqa: ARG002 - kombu's signature
        """Look into the folder again and again, as often as the option `polling_interval` says."""
        loop.call_repeatedly(self.polling_interval, self._take)

    def _take(self) -> None:
        """Hand out what lies there, as far as the worker takes any."""
        with contextlib.suppress(Empty):
            while True:
                self.cycle.get(self._deliver)
