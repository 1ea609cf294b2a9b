"""The clerks' letter box: a folder that web processes and presses share, where drafts wait and results lie."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from docsvc.domain.errors import NotFoundError, OverloadedError, SetupError

REQUEST: Final = "request.json"
RESULT: Final = "result.json"
DRAFT: Final = "draft"
MADE: Final = "made"
ID: Final = re.compile(r"[0-9a-f]{32}")
MOST_WAITING: Final = 20
NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}", re.ASCII)


class DraftBox:
    """Requests by a random id. Each is a folder: `waiting/<id>`, then `taken/<id>`; with its result `done/<id>`.

    Each step is one rename, so that of several presses one takes a request, and nobody sees half of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, request: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
        """The id of a new request. `files` are those of the draft, by name.

        Raises OverloadedError where too many wait, SetupError where the folder can't be written.
        """
        name = secrets.token_hex(16)
        try:
            for place in ("waiting", "taken", "done", "new"):
                (self._folder / place).mkdir(parents=True, exist_ok=True)
            if len(list((self._folder / "waiting").iterdir())) >= MOST_WAITING:
                raise OverloadedError("等待处理的草稿过多；too many drafts are waiting")
            new = self._folder / "new" / name
            for file, data in files.items():
                path = new / DRAFT / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            new.mkdir(exist_ok=True)
            (new / REQUEST).write_text(json.dumps(request, ensure_ascii=False), "utf-8")
            new.rename(self._folder / "waiting" / name)
        except OSError as e:
            raise SetupError(
                f"发布目录无法写入（{e.strerror}）；DOCSVC_PUBLISHED_DIR can't be written ({e.strerror})"
            ) from e
        return name

    def take(self) -> Path | None:
        """The folder of the request that has waited longest, ours from now on; None where none waits."""
        waiting = self._folder / "waiting"
        try:
            oldest = sorted(waiting.iterdir(), key=lambda path: path.stat().st_mtime)
        except FileNotFoundError:  # nobody has ever asked, or one was taken meanwhile
            return None
        for path in oldest:
            taken = self._folder / "taken" / path.name
            try:
                path.rename(taken)
            except FileNotFoundError:  # another press was first
                continue
            os.utime(taken)
            return taken
        return None

    def abandoned(self, before: dt.datetime) -> Sequence[Path]:
        """Folders of requests that were taken before then, and never finished."""
        taken = (self._folder / "taken").glob("*")
        return [path for path in taken if path.stat().st_mtime < before.timestamp()]

    def finish(self, taken: Path, result: Mapping[str, Any] | None = None) -> None:
        """It is done: with the result that its folder holds, or with `result`."""
        if result is not None:
            (taken / RESULT).write_text(json.dumps(result, ensure_ascii=False), "utf-8")
        shutil.rmtree(taken / DRAFT, ignore_errors=True)
        taken.rename(self._folder / "done" / taken.name)

    def look(self, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        """Request and result of an id; None while it is worked on. Raises NotFoundError."""
        for place in ("done", "taken", "waiting", "done"):  # it may move on while we look
            folder = self._folder / place / name
            if not ID.fullmatch(name) or not (folder / REQUEST).is_file():
                continue
            request = json.loads((folder / REQUEST).read_text("utf-8"))
            return request, json.loads((folder / RESULT).read_text("utf-8")) if place == "done" else None
        raise NotFoundError("没有这份草稿；no such draft")

    def made(self, name: str, file: str) -> bytes:
        """A file that was made of it. Raises NotFoundError."""
        if ID.fullmatch(name) and NAME.fullmatch(file):
            path = self._folder / "done" / name / MADE / file
            if path.is_file():
                return path.read_bytes()
        raise NotFoundError("没有这个文件；no such file")

    def forget(self, before: dt.datetime) -> None:
        """Remove what was asked for before then, whatever became of it."""
        for path in self._folder.glob("*/*"):
            if path.stat().st_mtime < before.timestamp():
                shutil.rmtree(path, ignore_errors=True)
