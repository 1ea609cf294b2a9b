"""An embedded docsvc in a folder of its own, driven as its users drive it: by the command line."""

from __future__ import annotations

import copy
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
STANDARD = (
    "advice",
    "reminder",
    "interview_notice",
    "interview_record",
    "no_penalty_decision",
    "termination_notice",
)


def make_keys(folder: Path) -> Path:
    """Development keys as `docsvc pki init` makes them."""
    Workspace(folder.parent / "data", folder).run("pki", "init", check=True)
    return folder


@dataclass
class Workspace:
    """Paths and commands of one embedded docsvc."""

    data: Path
    certs: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("DOCSVC_")}
        return {**own, "DOCSVC_DATA_DIR": str(self.data), "DOCSVC_CERTS_DIR": str(self.certs), **self.extra}

    def run(self, *words: Any, check: bool = False) -> subprocess.CompletedProcess[str]:
        r = subprocess.run(self.command(*words), capture_output=True, text=True, env=self.environment, check=False)
        assert not check or r.returncode == 0, f"exit {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r

    def start(self, *words: Any) -> subprocess.Popen[str]:
        """A command in the background, in a process group of its own."""
        return subprocess.Popen(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            start_new_session=True,
        )

    @staticmethod
    def command(*words: Any) -> list[str]:
        return [sys.executable, "-m", "docsvc", *map(str, words)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database directly, as an operator would."""
        with sqlite3.connect(self.data / "docsvc.db") as db:
            found = db.execute(query).fetchall()
        db.close()
        return found

    def objects(self) -> list[Path]:
        """Files in the object store."""
        return sorted(p for p in (self.data / "objects").rglob("*") if p.is_file())


def case(doc_type: str, n: int = 1) -> dict[str, Any]:
    """A valid case that ships with the project, free to change."""
    return json.loads((CHECKOUT / "templates" / doc_type / "cases" / f"valid-{n}.json").read_text())


def variants(doc_type: str, count: int) -> Iterator[dict[str, Any]]:
    """Different cases of one type: the action code tells them apart."""
    base = case(doc_type)
    for n in range(count):
        one = copy.deepcopy(base)
        one["action_code"] = f"133099926{n:05d}"
        yield one


def write_case(folder: Path, name: str, data: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(data, ensure_ascii=False))
    return path
