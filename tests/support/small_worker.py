"""A worker whose work is to write down what it was given: `python -m tests.support.small_worker FOLDER`.

FOLDER holds `config.json` (url, queue, processes, limit_s) and gets `diary`, a line a happening. An id that a file
`FOLDER/hold-ID` is named after is worked on until that file is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from docsvc.adapters.queue.celery_queue import CeleryQueue


def main(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text())

    def note(*words: object) -> None:
        with (folder / "diary").open("a") as diary:
            diary.write(" ".join(map(str, (*words, os.getpid()))) + "\n")

    @contextlib.contextmanager
    def opened() -> Iterator[Callable[[str], None]]:
        note("opened", "-")
        yield work
        note("closed", "-")

    def work(document_id: str) -> None:
        note("begun", document_id)
        while (folder / f"hold-{document_id}").exists():
            time.sleep(0.02)
        note("done", document_id)

    queue = CeleryQueue(config["url"], Path(config["queue"]), redeliver_s=600)
    return queue.consume(opened, config["processes"], config["limit_s"], lambda name: note("warned", name))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
