"""Agencies and their seals, as the registry holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class SealDesign:
    """What a seal looks like: 国发〔1999〕25号. `diameter_mm` is the outer edge of the ring; `image` the SHA-256 of
    the picture (PNG) that the operator supplied, where it is not drawn from name and emblem.
    """

    id: str
    name: str
    diameter_mm: float
    emblem: Literal["star", "national"]
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency of the registry. `numbering` maps a document type to its numbering word."""

    id: str
    name: str
    short: str
    uscc: str
    region_code: str
    address: str
    postcode: str
    phone: str
    reconsideration_body: str
    court: str
    seal: SealDesign
    numbering: Mapping[str, str]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Agency:
        """Build from one checked entry of agencies.json."""
        return cls(**{**data, "seal": SealDesign(**data["seal"]), "numbering": dict(data["numbering"])})
