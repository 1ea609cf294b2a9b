"""Import a file of agencies: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.agency import Agency
from docsvc.domain.errors import RegistryRefusedError
from docsvc.domain.rules.registry import check_registry
from docsvc.ports import Database, SchemaCheck, Templates


def import_agencies(
    entries: Any, database: Database, schema_check: SchemaCheck, schema: Mapping[str, Any], templates: Templates
) -> int:
    """Check `entries` (agencies.json as read) against `schema`, the registry's rules and the layouts that there
    are in `templates`, then insert or replace them in one transaction. Returns how many agencies changed.

    Raises RegistryRefusedError with every finding; then the registry is as it was.
    """
    if faults := schema_check.check(schema, entries):
        raise RegistryRefusedError(faults)
    layouts = {name: templates.get(name).layouts for name in templates.names()}
    with database.begin() as tx:
        if faults := check_registry(entries, tx.agencies.list(), layouts):
            raise RegistryRefusedError(faults)
        return tx.agencies.save(Agency.from_json(entry) for entry in entries)
