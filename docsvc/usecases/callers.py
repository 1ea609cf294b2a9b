"""Systems that call: their API keys, made once, kept as digests, looked up, revoked."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.access import Client, Permission, Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import UnauthorizedError, UsageError
from docsvc.ports import Database

PREFIX: Final = "docsvc"
ID_BYTES: Final = 8
SECRET_BYTES: Final = 32
MAX_NAME: Final = 100
MAX_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class Callers:
    """API keys of the form `docsvc_<id>_<secret>`."""

    database: Database
    clock: Callable[[], dt.datetime]

    def add(self, name: str, agency_id: str | None, scopes: Iterable[Permission]) -> tuple[Client, str]:
        """The client and its key, which nobody can show again. `agency_id` None: for every agency.

        Raises UsageError for an unknown agency, no name or no scope; ConflictError for a name that is taken.
        """
        name = name.strip()
        permissions = frozenset(scopes)
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
            raise UsageError(f"名称须为1至{MAX_NAME}个可见字符；a name has 1 to {MAX_NAME} printable characters")
        if not permissions:
            raise UsageError("至少须有一项权限；a client without a scope can do nothing")
        client_id = secrets.token_hex(ID_BYTES)
        secret = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        key = f"{PREFIX}_{client_id}_{secret}"
        client = Client(client_id, name, sha256_hex(key.encode()), agency_id, permissions, self.clock())
        with self.database.begin() as tx:
            if agency_id is not None and tx.agencies.get(agency_id) is None:
                raise UsageError(f"登记表中没有机关{agency_id}；no agency {agency_id} in the registry")
            tx.clients.add(client)
        return client, key

    def authenticate(self, key: str) -> Principal:
        """Whose key it is. Raises UnauthorizedError, which never says what was wrong."""
        prefix, _, rest = key.partition("_")
        client_id, _, secret = rest.partition("_")
        client = None
        if prefix == PREFIX and client_id and secret and len(key) <= MAX_KEY and key.isascii():
            with self.database.read() as tx:
                client = tx.clients.find(id=client_id)
        known = client.key_sha256 if client else sha256_hex(b"")
        same = hmac.compare_digest(known, sha256_hex(key.encode(errors="surrogatepass")))
        if client is None or not same or client.revoked_at is not None:
            raise UnauthorizedError("API密钥无效；the API key is not valid")
        return client.principal

    def list(self) -> Sequence[Client]:
        """Every client, revoked ones too."""
        with self.database.read() as tx:
            return tx.clients.list()

    def revoke(self, name_or_id: str) -> Client:
        """Its key stops working at once; said again, nothing changes. Raises UsageError where there is none."""
        with self.database.begin() as tx:
            client = tx.clients.find(id=name_or_id) or tx.clients.find(name=name_or_id)
            if client is None:
                raise UsageError(f"没有这个调用方：{name_or_id}；no such client")
            if client.revoked_at is None:
                tx.clients.revoke(client.id, self.clock())
            return tx.clients.find(id=client.id) or client
