"""What differs from place to place and changes with time: schemes of public service, publicity terms, files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from docsvc.domain.errors import SetupError


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that holds from one day on, until another; a date that is None is not known."""

    effective: dt.date | None = None
    repealed: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether it holds on `day`, as far as its dates are known."""
        return (self.effective is None or self.effective <= day) and (self.repealed is None or day < self.repealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetScheme(Dated):
    """A law that lets service for the public stand for a fine. `first` … `last` are the articles whose fines it
    covers, `regions` the codes (GB/T 2260, or their beginnings) where it holds; a figure that is None is not fixed.
    """

    law: str
    article: int
    first: int
    last: int
    regions: tuple[str, ...] = ()
    rate_yuan_per_hour: int | None = None
    fine_at_most_yuan: int | None = None

    def binds(self, region_code: str) -> bool:
        return not self.regions or region_code.startswith(self.regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicityTerm(Dated):
    """How long a penalty is shown, by severity: months at least and at most. Where `shorter` is true a notice may
    name fewer months than the most.
    """

    severity: str
    min_months: int
    max_months: int
    shorter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContents(Dated):
    """What a file must hold where its result has one of these words: of each entry one of its titles (`|`)."""

    result: tuple[str, ...]
    documents: tuple[str, ...]


_Entry = TypeVar("_Entry", bound=Dated)
SECTIONS: Final = ("offset", "publicity", "file")


@dataclass(frozen=True, slots=True)
class Measures:
    """The register of all three."""

    offsets: tuple[OffsetScheme, ...] = ()
    publicity: tuple[PublicityTerm, ...] = ()
    files: tuple[FileContents, ...] = ()

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Measures:
        """Build from measures.toml as read. Raises SetupError for a broken register."""
        if unknown := set(data) - set(SECTIONS):
            raise SetupError(f"柔性执法登记表中有无法识别的部分：{'、'.join(sorted(unknown))}")
        return cls(
            _read(OffsetScheme, data.get("offset", ())),
            _read(PublicityTerm, data.get("publicity", ())),
            _read(FileContents, data.get("file", ())),
        )


def _read(kind: type[_Entry], entries: Sequence[Mapping[str, Any]]) -> tuple[_Entry, ...]:
    return tuple(_entry(kind, entry) for entry in entries)


def _entry(kind: type[_Entry], entry: Mapping[str, Any]) -> _Entry:
    try:
        members: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
        read = kind(**members)
    except (AttributeError, TypeError) as e:
        raise SetupError(f"柔性执法登记表中有无法识别的条目：{entry!r}") from e
    for f in fields(kind):
        if not _fits(getattr(read, f.name), str(f.type)):
            raise SetupError(f"柔性执法登记表中的“{f.name}”有误：{entry!r}")
    return read


def _fits(value: Any, kind: str) -> bool:
    """Whether a value of TOML has the type that the field names."""
    if value is None:
        return kind.endswith("None")
    match kind.removesuffix(" | None"):
        case "int":
            return type(value) is int and value >= 0
        case "bool":
            return isinstance(value, bool)
        case "dt.date":
            return type(value) is dt.date
        case "str":
            return isinstance(value, str) and bool(value)
        case _:
            return isinstance(value, tuple) and all(isinstance(v, str) and v for v in value)
