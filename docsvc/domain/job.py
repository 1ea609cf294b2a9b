"""The work on a document as the database holds it: who holds its lease, and when it is due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

MAX_ATTEMPTS: Final = 6
BACKOFF_S: Final = (2, 10, 30, 120, 600)
"""Pause after the first, second … attempt that failed for a reason that may pass."""

KEY_AWAY_S: Final = 15
"""How soon a document whose seal's key was away is tried again, as often as it takes."""


@dataclass(frozen=True, slots=True)
class Job:
    """One a document. `token` (fencing) grows with each claim: who holds an older one writes nothing."""

    document_id: str
    due_at: dt.datetime | None  # when to send it (again); None: nothing to do
    token: int
    holder: str | None
    held_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Work that is not done: `waiting` with nobody at it, `held` by somebody; since when the oldest one waits that
    nobody ever began.
    """

    waiting: int
    held: int
    unbegun_since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Posting:
    """An Idempotency-Key of a client: the digest of its body, and the document once there is one.

    Without a document it is still being taken in, until `running_until`: then whoever began it is dead.
    """

    client_id: str
    key: str
    body_sha256: str
    document_id: str | None
    running_until: dt.datetime
    created_at: dt.datetime


def retry_at(attempts: int, now: dt.datetime) -> dt.datetime | None:
    """When a job that failed for a passing reason is due again after `attempts` attempts; None: give it up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return now + dt.timedelta(seconds=BACKOFF_S[min(attempts, len(BACKOFF_S)) - 1])
