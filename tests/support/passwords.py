"""Hashing that is quick, for tests whose subject is another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any


class QuickPasswords:
    """Fits the port Passwords. Counts its checks; `meanwhile` happens once, while a password is checked."""

    def __init__(self) -> None:
        self.version = 1
        self.checked = 0
        self.seen: list[str] = []
        self.meanwhile: Callable[[], Any] | None = None

    def hash(self, password: str) -> str:
        return f"{self.version}:{hashlib.sha256(password.encode()).hexdigest()}"

    def matches(self, password: str, password_hash: str) -> bool:
        self.checked += 1
        self.seen.append(password_hash)
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            happens()
        return password_hash.partition(":")[2] == hashlib.sha256(password.encode()).hexdigest()

    def outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith(f"{self.version}:")
