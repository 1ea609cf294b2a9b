"""Import a file of agencies: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.agency import Agency
from docsvc.domain.errors import RegistryRefusedError
from docsvc.domain.rules.registry import check_registry
from docsvc.ports import Database, SchemaCheck


def import_agencies(entries: Any, database: Database, schema_check: SchemaCheck, schema: Mapping[str, Any]) -> int:
    """Check `entries` (agencies.json as read) against `schema` and the registry's rules, then insert or replace
    them in one transaction. Returns how many agencies changed.

    Raises RegistryRefusedError with every finding; then the registry is as it was.
    """
    if faults := schema_check.check(schema, entries):
        raise RegistryRefusedError(faults)
    with database.begin() as tx:
        if faults := check_registry(entries, tx.agencies.list()):
            raise RegistryRefusedError(faults)
        return tx.agencies.save(Agency.from_json(entry) for entry in entries)
