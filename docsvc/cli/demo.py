"""`docsvc serve --demo`: demonstration accounts, an API key and the sample documents, for a first look."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docsvc.bootstrap import Service
from docsvc.domain.access import Permission, Role
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import State
from docsvc.domain.errors import ConflictError, SetupError, UnauthorizedError

ACCOUNTS: Final = (
    ("officer", Role.OFFICER, "demo-market"),
    ("officer2", Role.OFFICER, "demo-enforcement"),
    ("auditor", Role.AUDITOR, None),
    ("admin", Role.ADMINISTRATOR, None),
)
NOTE: Final = "demo.json"
KEY: Final = "demo.key"
UNDER_WAY: Final = frozenset({State.ACCEPTED, State.RENDERING, State.SEALED})


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What was prepared: the words for the person at the terminal, and whether the samples are done."""

    text: str
    ready: Callable[[], bool]


def prepare(service: Service) -> Demonstration:
    """Accounts and key where missing, and the samples posted as a client would post them.

    Raises SetupError where the keys are not the development ones: known passwords have no place there.
    """
    if not service.own_pki:
        raise SetupError("演示账户只用于开发密钥；--demo goes with development keys only")
    known = _Known(service.settings.data)
    passwords = {name: _account(service, known, name, role, agency) for name, role, agency in ACCOUNTS}
    key = _key(service, known)
    documents = _samples(service, key)
    return Demonstration(_words(service, passwords, known), lambda: _done(service, documents))


class _Known:
    """What an earlier run made up, kept for the next one where only the owner can read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / NOTE
        self._values: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def keep(self, name: str, value: str) -> None:
        self._values[name] = value
        write_private(self.folder / NOTE, json.dumps(self._values, indent=1))


def _account(service: Service, known: _Known, name: str, role: Role, agency: str | None) -> str:
    from docsvc.usecases.accounts import make_password

    password = known.get(name) or make_password()
    known.keep(name, password)  # before the account: cut off in between, the next run makes it
    with contextlib.suppress(ConflictError):  # it is there; its owner may have changed the password since
        service.accounts.add(name, role, agency, password)
    return password


def _key(service: Service, known: _Known) -> str:
    key = known.get("api-key")
    if key is None or not _valid(service, key):
        for client in service.callers.list():
            if client.name == "demo" and client.revoked_at is None:  # its key is lost
                service.callers.revoke(client.id)
        _, key = service.callers.add("demo", None, Permission)
        known.keep("api-key", key)
    write_private(known.folder / KEY, key + "\n")
    return key


def _valid(service: Service, key: str) -> bool:
    try:
        service.callers.authenticate(key)
    except UnauthorizedError:
        return False
    return True


def _samples(service: Service, key: str) -> Sequence[str]:
    client = service.callers.authenticate(key)
    cases = sorted(service.templates_dir.glob("*/cases/valid-1.json"))
    posted = []
    for path in cases:
        raw = path.read_bytes()
        posted.append(service.reception.post(client, f"demo-{sha256_hex(raw)}", raw).row.id)
    return posted


def _done(service: Service, documents: Sequence[str]) -> bool:
    with service.database.read() as tx:
        rows = [tx.documents.find(id=document_id) for document_id in documents]
    return not any(row is not None and row.state in UNDER_WAY for row in rows)


def _words(service: Service, passwords: dict[str, Any], known: _Known) -> str:
    lines = [
        f"docsvc: {service.settings.public}  (Ctrl-C to stop)",
        "",
        "  演示账户 demonstration accounts (development keys: no legal effect)",
    ]
    for name, role, agency in ACCOUNTS:
        lines.append(f"    {name:9} {passwords[name]}   {role}, {agency or 'all agencies'}")
    lines += [
        "",
        f"  API key: {known.get('api-key')}",
        f"           (also in {known.folder / KEY}; the README's curl lines read it there)",
    ]
    return "\n".join(lines)


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, for the owner alone."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
