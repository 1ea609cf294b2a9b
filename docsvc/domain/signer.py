"""Officers whose signing key the service keeps for them: opened by their PIN, locked after wrong ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.errors import UsageError

WRONG_IN_A_ROW: Final = 5
WRONG_IN_ALL: Final = 20  # then enrolling anew alone helps: time would let somebody at a left session try for ever
LOCKED_FOR: Final = dt.timedelta(minutes=15)
SHORTEST_PIN, LONGEST_PIN, FEWEST_DIFFERENT = 6, 64, 3


@dataclass(frozen=True, slots=True)
class Person:
    """The subject of a person's certificate: common name and serial number."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Signer:
    """A user's own certificate: `chain` is DER, theirs first; `key` opens by their PIN alone."""

    user_id: str
    name: str  # of the person, as cases name officers
    cert_no: str
    chain: Sequence[bytes] = field(repr=False)
    key: bytes = field(repr=False)
    created_at: dt.datetime
    failures: int = 0  # wrong PINs since the last right one
    locked_until: dt.datetime | None = None

    def locked(self, now: dt.datetime) -> bool:
        """For a while, or after `WRONG_IN_ALL` wrong PINs for good."""
        return self.failures >= WRONG_IN_ALL or (self.locked_until is not None and now < self.locked_until)


def require_pin(pin: str) -> None:
    """Raises UsageError for a PIN that is short, very long, or of too few different characters."""
    if not SHORTEST_PIN <= len(pin) <= LONGEST_PIN or not pin.isprintable():
        raise UsageError(
            f"PIN须有{SHORTEST_PIN}至{LONGEST_PIN}个字符；a PIN has {SHORTEST_PIN} to {LONGEST_PIN} characters"
        )
    if len(set(pin)) < FEWEST_DIFFERENT:
        raise UsageError("PIN过于简单；the PIN is too simple")
