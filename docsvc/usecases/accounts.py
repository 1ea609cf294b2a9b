"""People who sign in: their accounts, their passwords, their sessions, and what guessing costs."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import secrets
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from docsvc.domain.access import Principal, Role, Session, User
from docsvc.domain.errors import NotFoundError, UnauthorizedError, UsageError
from docsvc.ports import Database, Passwords, Transaction

WRONG_IN_A_ROW: Final = 5
LOCKED_FOR: Final = dt.timedelta(minutes=15)
SEEN_EVERY: Final = dt.timedelta(minutes=1)  # a session's last sight is written no more often
SHORTEST, LONGEST, FEWEST_DIFFERENT = 12, 256, 5  # characters of a password
NAME: Final = re.compile(r"[\w.@-]{1,64}")
LETTERS: Final = "23456789abcdefghijkmnpqrstuvwxyz"  # 32, none that is read as another: 5 bits each

# One sentence for a wrong name, a wrong password, a lock and a disabled account. Whoever guesses learns neither
# that a name exists nor that a password tried during a lock was the right one.
REFUSED: Final = (
    "用户名或者密码不正确，或者账户已停用、已锁定（连续输错5次锁定15分钟）；"
    "wrong name or password, or the account is disabled or locked (15 minutes after 5 wrong passwords)"
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: its token (256 random bits, shown once) and who it is."""

    token: str
    principal: Principal


@dataclass(frozen=True, slots=True)
class Accounts:
    """Users, passwords, sessions, lock-out.

    `decoy` is the hash of a password that nobody knows: checking against it makes an unknown name cost what a known
    one costs. `note(level, event, **fields)` writes to the log; names of unknown users are never in it, they may be
    passwords typed into the wrong field.
    """

    database: Database
    passwords: Passwords
    clock: Callable[[], dt.datetime]
    longest: dt.timedelta  # a session since its sign-in
    idle: dt.timedelta  # a session since it was last used
    decoy: str
    note: Callable[..., Any]

    # ---- signing in

    def sign_in(self, name: str, password: str) -> SignedIn:
        """Raises UnauthorizedError, with the same words and at the same effort whatever is wrong."""
        now = self.clock()
        # The attempt is counted before the password is looked at: tries sent at once can't all see a low count.
        user, may = self._count_attempt(_normal(name), now)
        matches = self.passwords.matches(_normal(password), user.password_hash if user else self.decoy)
        if user is None:
            self.note(logging.WARNING, "sign_in_refused", why="unknown name")
            raise UnauthorizedError(REFUSED)
        if not may or not matches:
            self.note(
                logging.WARNING, "sign_in_refused", why="wrong" if may else "locked or disabled", user=user.name
            )
            raise UnauthorizedError(REFUSED)
        fresh = self.passwords.outdated(user.password_hash)
        password_hash = self.passwords.hash(_normal(password)) if fresh else user.password_hash
        with self.database.begin() as tx:
            still = tx.users.find(id=user.id)
            if still is None or still.disabled_at or still.password_hash != user.password_hash:
                raise UnauthorizedError(REFUSED)
            tx.users.update(user.id, failures=0, locked_until=None, password_hash=password_hash)
            tx.sessions.expire(now - self.longest, now - self.idle)
            token = self._open_session(tx, user, now)
        self.note(logging.INFO, "signed_in", user=user.name)
        return SignedIn(token, user.principal)

    def _count_attempt(self, name: str, now: dt.datetime) -> tuple[User | None, bool]:
        """The user as before this attempt, and whether a right password would do."""
        with self.database.begin() as tx:
            user = tx.users.find(name=name)
            if user is None:
                return None, False
            if user.disabled_at or (user.locked_until and now < user.locked_until):
                return user, False
            failures = user.failures + 1
            locks = failures % WRONG_IN_A_ROW == 0
            tx.users.update(user.id, failures=failures, locked_until=now + LOCKED_FOR if locks else None)
        if locks:
            self.note(logging.WARNING, "account_locked", user=user.name, failures=failures)
        return user, True

    def _open_session(self, tx: Transaction, user: User, now: dt.datetime) -> str:
        token = secrets.token_urlsafe(32)
        tx.sessions.add(Session(_digest(token), user.id, now, now))
        return token

    def who(self, token: str) -> Principal | None:
        """Who the session is; None where it is unknown, too old, idle too long, or its user is disabled."""
        now = self.clock()
        with self.database.read() as tx:
            session = tx.sessions.find(_digest(token))
            user = tx.users.find(id=session.user_id) if session else None
        if session is None or user is None or user.disabled_at:
            return None
        if now - session.created_at >= self.longest or now - session.seen_at >= self.idle:
            return None
        if now - session.seen_at >= SEEN_EVERY:
            with self.database.begin() as tx:
                tx.sessions.touch(session.token_sha256, now)
        return user.principal

    def sign_out(self, token: str) -> None:
        with self.database.begin() as tx:
            tx.sessions.remove(token_sha256=_digest(token))

    def change_password(self, principal: Principal, current: str, new: str) -> SignedIn:
        """Their own password; every session of theirs ends but the new one that comes back.

        Raises UnauthorizedError where `current` is wrong (it counts as a wrong sign-in does), UsageError for a weak
        `new`.
        """
        with self.database.read() as tx:
            user = tx.users.find(id=principal.id)
        if user is None or principal.kind != "user":
            raise NotFoundError("没有这个用户；no such user")
        require_strong(new, user.name)
        self.sign_in(user.name, current)
        return self._replace_password(user, new)

    def _replace_password(self, user: User, new: str) -> SignedIn:
        password_hash, now = self.passwords.hash(_normal(new)), self.clock()
        with self.database.begin() as tx:
            tx.users.update(user.id, password_hash=password_hash, failures=0, locked_until=None)
            tx.sessions.remove(user_id=user.id)
            token = self._open_session(tx, user, now)
        self.note(logging.INFO, "password_changed", user=user.name)
        return SignedIn(token, user.principal)

    # ---- the administrator's side

    def add(self, name: str, role: Role, agency_id: str | None, password: str) -> User:
        """A new account. Raises UsageError for a name or password that won't do or an agency that there is not,
        ConflictError for a name that is taken.
        """
        name = _normal(name)
        if not NAME.fullmatch(name):
            raise UsageError(
                "用户名须为1至64个字母、汉字、数字或者._-@；a name has 1 to 64 letters, digits or ._-@"
            )
        require_strong(password, name)
        user = User(str(uuid.uuid4()), name, self.passwords.hash(_normal(password)), role, agency_id, self.clock())
        with self.database.begin() as tx:
            if agency_id is not None and tx.agencies.get(agency_id) is None:
                raise UsageError(f"登记表中没有机关{agency_id}；no such agency in the registry: {agency_id}")
            tx.users.add(user)
        self.note(logging.INFO, "user_added", user=name, role=role.value, agency=agency_id)
        return user

    def list(self) -> Sequence[User]:
        with self.database.read() as tx:
            return tx.users.list()

    def set_password(self, name: str, password: str) -> None:
        """By an operator: lifts a lock, ends all sessions. Raises NotFoundError, UsageError for a weak one."""
        user = self._named(name)
        require_strong(password, user.name)
        password_hash = self.passwords.hash(_normal(password))
        with self.database.begin() as tx:
            tx.users.update(user.id, password_hash=password_hash, failures=0, locked_until=None)
            tx.sessions.remove(user_id=user.id)
        self.note(logging.INFO, "password_set", user=user.name)

    def disable(self, name: str) -> User:
        """The account stays, since history names it, but nobody signs in with it; its sessions end at once."""
        return self._set_disabled(name, self.clock())

    def enable(self, name: str) -> User:
        """Undo `disable`; the password is the one it had."""
        return self._set_disabled(name, None)

    def _set_disabled(self, name: str, at: dt.datetime | None) -> User:
        user = self._named(name)
        with self.database.begin() as tx:
            tx.users.update(user.id, disabled_at=at)
            if at:
                tx.sessions.remove(user_id=user.id)
        self.note(logging.INFO, "user_disabled" if at else "user_enabled", user=user.name)
        return replace(user, disabled_at=at)

    def _named(self, name: str) -> User:
        with self.database.read() as tx:
            user = tx.users.find(name=_normal(name))
        if user is None:
            raise NotFoundError("没有这个用户；no such user")
        return user


def require_strong(password: str, name: str) -> None:
    """Raises UsageError for a password that is short, very long, of few characters, or holds the user's name."""
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise UsageError(f"密码须有{SHORTEST}至{LONGEST}个字符；a password has {SHORTEST} to {LONGEST} characters")
    if len(set(text)) < FEWEST_DIFFERENT or name.casefold() in text.casefold():
        raise UsageError("密码过于简单，或者含有用户名；the password is too simple, or has the user's name in it")
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise UsageError("密码含有无法识别的字符；the password has characters that are no UTF-8") from e


def make_password() -> str:
    """Four groups of five letters and digits: 100 random bits, easy to read out."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))


def _normal(text: str) -> str:
    """NFC (RFC 8265, 4.2): the same letters, however a keyboard composes them."""
    return unicodedata.normalize("NFC", text)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
