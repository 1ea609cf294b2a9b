"""The custody of seals: how often one may be used, and what is written down of each use (用印)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SM2_DOOR: Final = "sm2"  # that of the seal's other key, which makes SM2 copies: its uses are counted apart


@dataclass(frozen=True, slots=True)
class Quota:
    """How often a seal may be used in a calendar day and in an hour of the clock; None sets no limit."""

    daily: int | None = None
    hourly: int | None = None


class UseState(enum.StrEnum):
    """What became of a use."""

    BEGUN = "begun"  # the key may have been operated; nothing is known of what came of it
    SIGNED = "signed"  # the signed file's digest is known, the file not yet kept
    KEPT = "kept"  # the signed file is stored, and is the document
    FAILED = "failed"  # no file of it was kept, with the reason


@dataclass(frozen=True, slots=True)
class SealUse:
    """One use of a seal, counted when it begins. `asked_by` is who asked for the document, as its event says it."""

    id: str
    seal_id: str
    agency_id: str
    document_id: str
    certificate_sha256: str
    door: str
    asked_by: Mapping[str, Any]
    unsigned_sha256: str
    begun_at: dt.datetime
    state: UseState = UseState.BEGUN
    signed_sha256: str | None = None
    settled_at: dt.datetime | None = None
    reason: str | None = None


def day_of(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """When the day of `now` began, where the service stands."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def hour_of(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """When the hour of `now` began."""
    return now.astimezone(zone).replace(minute=0, second=0, microsecond=0)


def opens_at(quota: Quota, today: int, this_hour: int, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """None: one more use is within the quota, after so many today and in this hour. Else when the next one is."""
    if quota.daily is not None and today >= quota.daily:
        tomorrow = day_of(now, zone).date() + dt.timedelta(days=1)
        return dt.datetime.combine(tomorrow, dt.time(), zone)
    if quota.hourly is not None and this_hour >= quota.hourly:
        return hour_of(now, zone) + dt.timedelta(hours=1)
    return None
