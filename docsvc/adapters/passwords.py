"""The door to argon2-cffi: hashing passwords slowly, and checking them."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

AT_ONCE: Final = 4  # 64 MiB each: many sign-ins at once must not take the machine's memory


class Argon2Passwords:
    """Fits the port Passwords: argon2id with the second recommended parameters of RFC 9106, 4."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turn = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """The encoded hash, with its parameters and its own random salt."""
        with self._turn:
            return self._hasher.hash(password)

    def matches(self, password: str, password_hash: str) -> bool:
        """False also for a hash that can't be read: nobody signs in with it."""
        try:
            with self._turn:
                return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, password_hash: str) -> bool:
        """Was it made with other parameters than today's?"""
        return self._hasher.check_needs_rehash(password_hash)
