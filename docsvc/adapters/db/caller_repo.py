"""Rows of those who call: systems with keys, people with passwords, their sessions, over one open connection."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from docsvc.adapters.db.repos import insert, storable
from docsvc.adapters.db.tables import clients, sessions, users
from docsvc.domain.access import Client, Permission, Role, Session, User
from docsvc.domain.errors import ConflictError, NotFoundError, UsageError

CLIENT_FIELDS: Final = [clients.c[f.name] for f in dataclasses.fields(Client)]
USER_FIELDS: Final = [users.c[f.name] for f in dataclasses.fields(User)]
SESSION_FIELDS: Final = [sessions.c[f.name] for f in dataclasses.fields(Session)]
CHANGEABLE: Final = frozenset({"password_hash", "role", "agency_id", "failures", "locked_until", "disabled_at"})


class SqlClientRepo:
    """Systems that call the API."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, client: Client) -> None:
        """Raises ConflictError where the name is taken by one that is not revoked."""
        values = _fields_of(client) | {"scopes": " ".join(sorted(client.scopes))}
        statement = insert(self._connection, clients).values(**values).on_conflict_do_nothing()
        if self._connection.execute(statement.returning(clients.c.id)).first() is None:
            raise ConflictError(f"已有名为“{client.name}”的客户端；there is a client named {client.name!r} already")

    def find(self, *, id: str | None = None, name: str | None = None) -> Client | None:
        """By its id; or by its name: the one in use, else the latest that was revoked."""
        query = _one(sa.select(*CLIENT_FIELDS), clients, id, name)
        if query is None:
            return None
        query = query.order_by(clients.c.revoked_at.is_not(None), clients.c.created_at.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _client(row)

    def list(self) -> Sequence[Client]:
        """By name, revoked ones too."""
        query = sa.select(*CLIENT_FIELDS).order_by(clients.c.name, clients.c.created_at, clients.c.id)
        return [_client(row) for row in self._connection.execute(query).mappings()]

    def revoke(self, client_id: str, at: dt.datetime) -> None:
        """For good; a second time changes nothing. Raises NotFoundError."""
        first = sa.func.coalesce(clients.c.revoked_at, sa.literal(at, clients.c.revoked_at.type))
        statement = sa.update(clients).where(clients.c.id == client_id).values(revoked_at=first)
        if self._connection.execute(statement).rowcount == 0:
            raise NotFoundError(f"没有这个客户端；no such client: {client_id}")


class SqlUserRepo:
    """People who sign in."""

    def __init__(self, connection: sa.Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def add(self, user: User) -> None:
        """Raises ConflictError where the name is taken."""
        statement = insert(self._connection, users).values(**_plain(_fields_of(user))).on_conflict_do_nothing()
        if self._connection.execute(statement.returning(users.c.id)).first() is None:
            raise ConflictError(f"用户名“{user.name}”已被占用；the user name {user.name!r} is taken")

    def find(self, *, id: str | None = None, name: str | None = None) -> User | None:
        """In a transaction that may write, nobody else changes the user before its end: tries of a password that
        come at once can't all see the same count.
        """
        query = _one(sa.select(*USER_FIELDS), users, id, name)
        if query is not None and self._writing:
            query = query.with_for_update(key_share=True)
        row = None if query is None else self._connection.execute(query).mappings().first()
        return None if row is None else _user(row)

    def list(self) -> Sequence[User]:
        """By name."""
        query = sa.select(*USER_FIELDS).order_by(users.c.name)
        return [_user(row) for row in self._connection.execute(query).mappings()]

    def update(self, user_id: str, **fields: Any) -> None:
        """Set fields of User. Raises NotFoundError, or ValueError for a field that stands once and for all."""
        if fixed := sorted(fields.keys() - CHANGEABLE):
            raise ValueError(f"no field of a user that can be changed: {', '.join(fixed)}")
        statement = sa.update(users).where(users.c.id == user_id).values(**_plain(fields))
        if self._connection.execute(statement).rowcount == 0:
            raise NotFoundError(f"没有这个用户；no such user: {user_id}")


class SqlSessionRepo:
    """Signed-in browsers."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        self._connection.execute(sa.insert(sessions).values(**_fields_of(session)))

    def find(self, token_sha256: str) -> Session | None:
        query = sa.select(*SESSION_FIELDS).where(sessions.c.token_sha256 == token_sha256)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else Session(**row)

    def touch(self, token_sha256: str, at: dt.datetime) -> None:
        """Seen at `at`; no effect where the session has ended, or was seen later already."""
        self._connection.execute(
            sa.update(sessions)
            .where(sessions.c.token_sha256 == token_sha256, sessions.c.seen_at < at)
            .values(seen_at=at)
        )

    def remove(self, *, token_sha256: str | None = None, user_id: str | None = None) -> None:
        """One session, or all of a user. Raises UsageError for neither: that would be everyone's."""
        given = {"token_sha256": token_sha256, "user_id": user_id}
        wanted = [sessions.c[name] == value for name, value in given.items() if value is not None]
        if not wanted:
            raise UsageError("须指明会话或用户；remove needs a session or a user")
        self._connection.execute(sa.delete(sessions).where(*wanted))

    def expire(self, created_before: dt.datetime, seen_before: dt.datetime) -> int:
        """Remove those that are too old or idle for too long; how many."""
        old = sa.or_(sessions.c.created_at < created_before, sessions.c.seen_at < seen_before)
        return self._connection.execute(sa.delete(sessions).where(old)).rowcount


def _one(query: sa.Select[Any], table: sa.Table, id: str | None, name: str | None) -> sa.Select[Any] | None:
    """`query` for what was given; None where no row can hold it. Raises UsageError where nothing was given."""
    given = {"id": id, "name": name}
    equal = {field: value for field, value in given.items() if value is not None}
    if not equal:
        raise UsageError("查找须给出编号或名称；find needs an id or a name")
    if not storable(*equal.values()):
        return None
    return query.where(*(table.c[field] == value for field, value in equal.items()))


def _fields_of(row: Client | User | Session) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in dataclasses.fields(row)}


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Enumerations as their text: psycopg would not know the class."""
    return {name: value.value if isinstance(value, Role) else value for name, value in fields.items()}


def _client(row: Mapping[Any, Any]) -> Client:
    return Client(**{**row, "scopes": frozenset(Permission(scope) for scope in row["scopes"].split())})


def _user(row: Mapping[Any, Any]) -> User:
    return User(**{**row, "role": Role(row["role"])})
