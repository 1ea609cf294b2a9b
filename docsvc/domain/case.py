"""The case: the facts that a caller sends, as checked JSON, and how its fields are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docsvc.domain.canonical import canonical_json, sha256_hex


@dataclass(frozen=True, slots=True)
class Case:
    """Case JSON ("docsvc.case/1") whose shape the schema has accepted.

    `sha256` is the digest of its canonical form: the same facts have the same digest, whatever their spacing.
    """

    data: Mapping[str, Any]
    sha256: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Case:
        """Raises ValueError where the JSON has no canonical form."""
        return cls(data, sha256_hex(canonical_json(data)))

    @property
    def canonical(self) -> bytes:
        """The RFC 8785 bytes that `sha256` is taken over."""
        return canonical_json(self.data)

    @property
    def doc_type(self) -> str:
        return str(self.data["doc_type"])

    @property
    def agency_id(self) -> str:
        return str(self.data["agency"])

    @property
    def issue_date(self) -> dt.date:
        return dt.date.fromisoformat(self.data["issue_date"])

    @property
    def action_code(self) -> str:
        return str(self.data["action_code"])

    @property
    def party_name(self) -> str:
        return str(self.data["party"]["name"])

    @property
    def is_test(self) -> bool:
        return bool(self.data["test_data"])

    @property
    def body(self) -> Mapping[str, Any]:
        body: Mapping[str, Any] = self.data["body"]
        return body


def strings_of(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a JSON value with its RFC 6901 pointer, depth first."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings_of(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from strings_of(item, f"{pointer}/{i}")
