"""The web application on a registry office of its own: real SQLite, store and log; no LibreOffice, no broker."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from docsvc.bootstrap import Service
from docsvc.domain.access import Permission, Role
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import NotFoundError, QueueError, SetupError
from docsvc.domain.validity import Held
from docsvc.domain.validity import Role as Use
from docsvc.settings import Settings
from docsvc.wsgi import build_app
from tests.support.cases import changed, registry, sample
from tests.support.registry_office import RegistryOffice

EVERYTHING = tuple(Permission)
PNG = b"\x89PNG of page "
PASSWORD = "correct horse battery staple 7"


class FewGlyphs:
    """Fonts that lack one character."""

    def undrawable(self, text: str) -> list[str]:
        return [c for c in dict.fromkeys(text) if c == "龘"]


@dataclass
class ListedQueue:
    """A broker that keeps what it is sent, or is away."""

    sent: list[str] = field(default_factory=list)
    away: bool = False

    def send(self, document_id: str) -> None:
        if self.away:
            raise QueueError("消息队列不可用；the broker is away")
        self.sent.append(document_id)

    def waiting(self) -> int:
        return len(self.sent)

    def answers(self) -> bool:
        return not self.away


class NoChains:
    """Seals whose certificates are valid for ten years, and of no interest; or until a test's own `ends`."""

    def __init__(self) -> None:
        self.ends: dict[str, dt.datetime | None] = {}  # by seal; None: there is none
        self.authorities: list[Held] = []
        self.of_development = True

    def of(self, _design: Any) -> tuple[bytes, ...]:
        return ()

    def development(self, _design: Any) -> bool:
        return self.of_development

    def held(self, design: Any) -> list[Held]:
        end = self.ends.get(design.id, dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
        if end is None:
            raise SetupError("none")
        return [valid(design.id, end)]

    def others(self) -> list[Held]:
        return self.authorities


def valid(name: str, ends: dt.datetime, role: Use = Use.SEAL, **fields: Any) -> Held:
    """A certificate that began long ago."""
    begun = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return Held(role=role, name=name, serial=1, ends=ends, **{"not_before": begun, "starts": begun, **fields})


class TwoPages:
    """Pictures of documents of two pages."""

    def png(self, _pdf: bytes, page: int, width_px: int) -> bytes:
        if page not in (1, 2):
            raise NotFoundError("没有这一页；no such page")
        return PNG + f"{page} at {width_px}".encode()

    def count(self, _pdf: bytes) -> int:
        return 2


class Portal:
    """One web process as systems see it."""

    def __init__(self, folder: Path, pattern: Path | None = None, **settings: Any) -> None:
        """`pattern`: a portal's folder to begin with a copy of; making tables anew is slow."""
        if pattern is not None:
            shutil.copytree(pattern, folder, dirs_exist_ok=True)
        self.office = RegistryOffice(folder / "office")
        certs = folder / "certs"
        certs.mkdir(parents=True, exist_ok=True)
        (certs / "log.vkey").write_text(self.office.notary.vkey + "\n")
        chosen = {"data_dir": folder / "data", "certs_dir": certs, "web_key": "k" * 40, "max_wait_s": 5} | settings
        self.closing = ExitStack()
        self.service = Service(Settings(**chosen), self.closing)
        self.queue, self.chains = ListedQueue(), NoChains()
        for name, part in {
            "database": self.office.database,
            "objects": self.office.objects,
            "publisher": self.office.publisher,
            "notary": self.office.notary,
            "fonts": FewGlyphs(),
            "queue": self.queue,
            "chains": self.chains,
            "images": TwoPages(),
        }.items():
            setattr(self.service, name, part)
        with self.office.database.begin() as tx:
            tx.agencies.save(registry().values())
        self.app: Flask = build_app(self.service)
        self.app.testing = False  # faults must be answered, not raised into the test

    def close(self) -> None:
        self.closing.close()
        self.office.close()

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def key(self, *scopes: Permission, agency: str | None = "demo-market", name: str | None = None) -> str:
        count = len(self.service.callers.list())
        _, key = self.service.callers.add(name or f"system {count}", agency, scopes or EVERYTHING)
        return key

    def user(self, role: Role, agency: str | None = "demo-market") -> str:
        name = f"{role}-{len(self.service.accounts.list())}"
        self.service.accounts.add(name, role, agency, PASSWORD)
        return name

    def call(self, method: str, path: str, key: str | None = None, **more: Any) -> TestResponse:
        """A call below /api/v1."""
        headers = dict(more.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.browser().open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path: str, key: str | None = None, **headers: str) -> TestResponse:
        return self.call("GET", path, key, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post_case(
        self, key: str, case: Any, idempotency: str | None = "key-1", *, query: str = "", **headers: str
    ) -> TestResponse:
        sent = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        if idempotency is not None:
            sent["Idempotency-Key"] = idempotency
        data = case if isinstance(case, bytes) else json.dumps(case, ensure_ascii=False).encode()
        return self.call("POST", f"/documents{query}", key, data=data, headers=sent)

    def make(self, document_id: str, *, record: bool = True) -> DocumentRow:
        """What worker and sequencer would do."""
        row = self.office.seal(self.office.row(document_id))
        with self.office.database.begin() as tx:
            token = tx.jobs.claim(document_id, "worker", self.office_now(), self.office_now())
            tx.jobs.release(document_id, token, None)
        if record:
            self.office.sequence()
        return self.office.row(row.id)

    @staticmethod
    def office_now() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def recorded(self, n: int = 1, doc_type: str = "advice", **changes: Any) -> DocumentRow:
        """A document, posted by the service itself and made."""
        case = changed(sample(doc_type, n), changes)
        return self.make(self.service.intake.accept(case).row.id)

    def state(self, document_id: str) -> State:
        return self.office.row(document_id).state

    def events(self, document_id: str) -> list[str]:
        with self.office.database.read() as tx:
            return [e.type for e in tx.events.of(document_id)]

    def change(self, document_id: str, **fields: Any) -> DocumentRow:
        with self.office.database.begin() as tx:
            tx.documents.update(document_id, **fields)
        return self.office.row(document_id)


def action_code(n: int) -> str:
    """Codes that tell variants of one case apart."""
    return f"133099926{n:05d}"


def numbered(n: int, doc_type: str = "advice") -> dict[str, Any]:
    return changed(sample(doc_type), {"action_code": action_code(n)})
