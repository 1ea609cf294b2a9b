"""Who may do what: permissions, the roles of people, and the caller as every use case sees them."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Literal

from docsvc.domain.errors import ForbiddenError, NotFoundError


class Permission(enum.StrEnum):
    """What can be permitted; the scopes of API keys bear the same names."""

    CREATE = "documents:create"
    READ = "documents:read"
    VOID = "documents:void"
    SIGN = "documents:sign"  # see to the signatures of an envelope
    KEEP = "templates:keep"


class Role(enum.StrEnum):
    """Of people."""

    OFFICER = "officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


MAY: dict[Role, frozenset[Permission]] = {
    Role.OFFICER: frozenset({Permission.CREATE, Permission.READ, Permission.VOID, Permission.SIGN}),
    Role.AUDITOR: frozenset({Permission.READ}),
    Role.ADMINISTRATOR: frozenset({Permission.READ, Permission.VOID, Permission.KEEP}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who has shown who they are. `agency_id` None: every agency."""

    kind: Literal["client", "user"]
    id: str
    name: str
    agency_id: str | None
    permissions: frozenset[Permission]

    def require(self, permission: Permission) -> None:
        """Raises ForbiddenError."""
        if permission not in self.permissions:
            raise ForbiddenError(f"没有此项权限：{permission}；not permitted: {permission} is needed")

    def owns(self, agency_id: str) -> bool:
        return self.agency_id is None or self.agency_id == agency_id

    def require_agency(self, agency_id: str, what: str) -> None:
        """Raises NotFoundError: another agency's document is, for this caller, not there."""
        if not self.owns(agency_id):
            raise NotFoundError(f"没有这份文书；no such document: {what}")


@dataclass(frozen=True, slots=True)
class Client:
    """A system that calls the API. Of its key only the SHA-256 is kept: the key has 256 random bits."""

    id: str
    name: str
    key_sha256: str
    agency_id: str | None
    scopes: frozenset[Permission]
    created_at: dt.datetime
    revoked_at: dt.datetime | None = None

    @property
    def principal(self) -> Principal:
        return Principal("client", self.id, self.name, self.agency_id, self.scopes)


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in. `password_hash` is argon2id's encoded form."""

    id: str
    name: str  # what they sign in with
    password_hash: str
    role: Role
    agency_id: str | None
    created_at: dt.datetime
    failures: int = 0  # wrong passwords since the last right one
    locked_until: dt.datetime | None = None
    disabled_at: dt.datetime | None = None

    @property
    def principal(self) -> Principal:
        return Principal("user", self.id, self.name, self.agency_id, MAY[self.role])


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. Of its token only the SHA-256 is kept."""

    token_sha256: str
    user_id: str
    created_at: dt.datetime
    seen_at: dt.datetime
