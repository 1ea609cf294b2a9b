"""The press: takes drafts of templates up, and works on each in a process of its own, which may be ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from docsvc.bootstrap import open_press, open_press_room, open_template_desk
from docsvc.usecases.work_on_drafts import Request, work
from docsvc.worker.loops import Duty, stop_on_signals

EVERY_S: Final = 0.5


def run_press() -> None:
    """Work on drafts as they come, until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    room = open_press_room()

    def take() -> None:
        while not stop.is_set() and room.step():
            pass

    Duty("press", EVERY_S, take).run(stop)


def run_request(folder: Path) -> None:
    """Do what the request in `folder` asks for, and write its result there: all that such a process does."""
    draft, made_there = folder / "draft", folder / "made"
    paths = [path for path in draft.rglob("*") if path.is_file()]
    files = {path.relative_to(draft).as_posix(): path.read_bytes() for path in paths}
    request = Request(**json.loads((folder / "request.json").read_text("utf-8")))
    with open_press() as press:
        result, made = work(open_template_desk(), press, request, files)
    made_there.mkdir()
    for name, data in made.items():
        (made_there / name).write_bytes(data)
    (folder / "result.json").write_text(json.dumps(result, ensure_ascii=False), "utf-8")
