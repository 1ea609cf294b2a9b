"""Rules of the registry of agencies: codes, seals, and words that number no two series (G02, G09, REGISTRY)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from docsvc.domain.agency import Agency
from docsvc.domain.errors import Finding
from docsvc.domain.identity import is_uscc

# 国发〔1999〕25号: from 4.2 cm (towns) to 6 cm (State Council); special seals may be somewhat smaller.
SMALLEST_MM: Final = 30
LARGEST_MM: Final = 60


def check_registry(
    entries: Sequence[Mapping[str, Any]],
    registered: Iterable[Agency] = (),
    layouts: Mapping[str, Collection[str]] | None = None,
) -> list[Finding]:
    """What is wrong with a file of agencies whose shape the schema has accepted, beside those already registered
    (an entry with a registered id replaces that agency). `layouts` are those of each document type.
    """
    return [*_each(entries), *_ids(entries), *_words(entries, registered), *_layouts(entries, layouts or {})]


def _each(entries: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for i, entry in enumerate(entries):
        seal = entry["seal"]
        if not is_uscc(entry["uscc"]):
            yield Finding(
                "G02",
                f"/{i}/uscc",
                "统一社会信用代码的格式或者校验码有误（GB 32100）",
                "not a unified social credit code (GB 32100)",
            )
        if seal["name"] != entry["name"]:
            yield Finding(
                "G09", f"/{i}/seal/name", "印章名称与机关名称不一致", "the seal's name is not the agency's name"
            )
        if not SMALLEST_MM <= seal["diameter_mm"] <= LARGEST_MM:
            yield Finding(
                "REGISTRY",
                f"/{i}/seal/diameter_mm",
                f"印章外径应为{SMALLEST_MM}至{LARGEST_MM}毫米",
                f"a seal measures {SMALLEST_MM} to {LARGEST_MM} mm",
            )


def _ids(entries: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    agencies: set[str] = set()
    seals: dict[str, str] = {}
    for i, entry in enumerate(entries):
        if entry["id"] in agencies:
            yield Finding("REGISTRY", f"/{i}/id", "机关编号重复", "this agency id stands twice")
        elif seals.setdefault(entry["seal"]["id"], entry["id"]) != entry["id"]:
            yield Finding("REGISTRY", f"/{i}/seal/id", "印章编号重复", "this seal id stands twice")
        agencies.add(entry["id"])


def _words(entries: Sequence[Mapping[str, Any]], registered: Iterable[Agency]) -> Iterator[Finding]:
    """A word counts one series: used twice, two documents would bear one number."""
    replaced = {entry["id"] for entry in entries}
    owners = {w: (a.id, t) for a in registered if a.id not in replaced for t, w in a.numbering.items()}
    for i, entry in enumerate(entries):
        for doc_type, word in entry["numbering"].items():
            owner = owners.setdefault(word, (entry["id"], doc_type))
            if owner != (entry["id"], doc_type):
                yield Finding(
                    "REGISTRY",
                    f"/{i}/numbering/{doc_type}",
                    f"文号字头“{word}”已由{owner[0]}的{owner[1]}使用",
                    f"this numbering word is used by {owner[0]} for {owner[1]}",
                )


def _layouts(entries: Sequence[Mapping[str, Any]], known: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Found here, or the agency's next document of that type would be refused."""
    for i, entry in enumerate(entries):
        for doc_type, layout in entry.get("layouts", {}).items():
            if layout not in known.get(doc_type, ()):
                yield Finding(
                    "REGISTRY",
                    f"/{i}/layouts/{doc_type}",
                    f"{doc_type}没有版式 {layout}",
                    f"{doc_type} has no layout {layout}",
                )
