"""Import a file of agencies and the pictures of seals beside it: all of it, or nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docsvc.domain.agency import Agency
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import Finding, RegistryRefusedError
from docsvc.domain.rules.registry import check_registry
from docsvc.pipeline.store import store
from docsvc.ports import Database, ObjectStore, SchemaCheck


@dataclass(frozen=True, slots=True)
class SealImages:
    """Pictures of seals: how a file is read by its name, what is wrong with one (Chinese and English) for a seal of
    some diameter, and where they are kept by their digests.
    """

    read: Callable[[str], bytes]
    fault: Callable[[bytes, float], tuple[str, str] | None]
    objects: ObjectStore


def import_agencies(
    entries: Any,
    database: Database,
    schema_check: SchemaCheck,
    schema: Mapping[str, Any],
    images: SealImages | None = None,
) -> int:
    """Check `entries` (agencies.json as read) against `schema` and the registry's rules, then insert or replace
    them in one transaction. Returns how many agencies changed.

    Raises RegistryRefusedError with every finding; then the registry is as it was.
    """
    if faults := schema_check.check(schema, entries):
        raise RegistryRefusedError(faults)
    entries = copy.deepcopy(entries)
    faults = [finding for i, entry in enumerate(entries) for finding in _keep(i, entry["seal"], images)]
    with database.begin() as tx:
        if faults := [*faults, *check_registry(entries, tx.agencies.list())]:
            raise RegistryRefusedError(faults)
        return tx.agencies.save(Agency.from_json(entry) for entry in entries)


def _keep(i: int, seal: dict[str, Any], images: SealImages | None) -> Iterator[Finding]:
    """Keep the picture that a seal names and put its digest in the name's place, or say what is wrong with it."""
    name = seal.get("image")
    if name is None:
        return
    if images is None:
        fault: tuple[str, str] | None = "此处不能导入图片", "pictures can't be imported here"
    else:
        try:
            picture = images.read(name)
        except OSError:
            fault = "读不到这个文件", "there is no such file to be read"
        else:
            fault = images.fault(picture, seal["diameter_mm"])
            if fault is None:
                store(picture, images.objects)
                seal["image"] = sha256_hex(picture)
    if fault:
        yield Finding("REGISTRY", f"/{i}/seal/image", f"印章图片 {name}：{fault[0]}", f"{name}: {fault[1]}")
