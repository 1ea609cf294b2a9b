"""The Merkle log: RFC 6962 hashing, stored subtree hashes, proofs, and the events that become leaves."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Something that happened to a document. `entry` is the leaf; `opening` opens its salted commitment."""

    id: str
    document_id: str
    type: str
    at: dt.datetime
    entry: bytes
    opening: bytes
    leaf_index: int | None = None
