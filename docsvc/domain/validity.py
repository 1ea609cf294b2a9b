"""How long certificates last: which of a seal's several is to be used, until when it can go on, when to warn."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

SETTLES: Final = dt.timedelta(minutes=5)
"""So long a new certificate waits while there is another: a lagging authority would stamp before its start."""
LAST_MINUTES: Final = dt.timedelta(minutes=10)
"""A seal so near its end is not used: the time-stamp has to come before the end, and an authority may be slow."""


class Role(enum.StrEnum):
    """What a certificate is for."""

    SEAL = "seal"
    AUTHORITY = "authority"  # time-stamps, OCSP
    CA = "ca"
    ROOT = "root"


class Standing(enum.StrEnum):
    """How a certificate stands at a moment."""

    GOOD = "good"
    ENDING = "ending"  # within the days of the warning
    NOT_YET = "not_yet"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A certificate that the service relies on. `name` is that of its file: a seal's id, or id@label.

    `starts` is its notBefore or, where the operator said so, later; `ends` when the first of its chain expires;
    `withdrawn` when the operator took it out of use. `chain` is DER, its own first, the root last.
    """

    role: Role
    name: str
    serial: int
    not_before: dt.datetime
    starts: dt.datetime
    ends: dt.datetime
    withdrawn: dt.datetime | None = None
    chain: tuple[bytes, ...] = field(default=(), repr=False)

    def usable(self, at: dt.datetime) -> bool:
        return self.withdrawn is None and self.starts <= at < self.ends - LAST_MINUTES

    def standing(self, now: dt.datetime, warn: dt.timedelta) -> Standing:
        """`warn` before its end it is ENDING."""
        if self.withdrawn:
            return Standing.WITHDRAWN
        if now >= self.ends:
            return Standing.ENDED
        if now < self.starts:
            return Standing.NOT_YET
        return Standing.ENDING if self.ends - now < warn else Standing.GOOD


def in_order(held: Iterable[Held], now: dt.datetime) -> list[Held]:
    """The one to be used first: the newest usable one that is settled; those that can't be used come last."""

    def rank(one: Held) -> tuple[int, dt.datetime, dt.datetime, int, str]:
        settled = one.usable(now) + (one.usable(now) and one.not_before + SETTLES <= now)
        # Made within one second they differ by name alone: the longer is the later (SEAL, SEAL@2, SEAL@10).
        return settled, one.starts, one.ends, len(one.name), one.name

    return sorted(held, key=rank, reverse=True)


def lasts_until(held: Sequence[Held], now: dt.datetime) -> dt.datetime | None:
    """Until when there is always one to use, successors counted; None where there is none now."""
    until: dt.datetime | None = None
    reached = now
    while True:
        ends = [h.ends for h in held if h.usable(reached)]
        if not ends or (until is not None and max(ends) <= until):
            return until
        until = max(ends)
        # The next one must have begun before this one is too near its end.
        reached = max(now, until - LAST_MINUTES)
