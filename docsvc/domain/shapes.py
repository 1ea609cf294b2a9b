"""Reading a document type's JSON Schema: what a place of a case may hold, for forms and tables made from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def resolved(root: Schema, node: Schema) -> Schema:
    """With what its $ref says (its own keywords first), and the one of `anyOf` or `oneOf` that is not null."""
    while "$ref" in node:
        target: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    for keyword in ("anyOf", "oneOf"):
        if keyword in node:
            one = next(n for n in node[keyword] if n.get("type") != "null")
            return resolved(root, {**one, **{k: v for k, v in node.items() if k != keyword}})
    return node


def shape_of(node: Schema) -> str:
    """The JSON type that a value here has, beside null; "nothing" for a node that names none."""
    types = node.get("type", ())
    named = [t for t in ([types] if isinstance(types, str) else types) if t != "null"]
    if named:
        return str(named[0])
    values = [v for v in node.get("enum", ()) if v is not None]
    return "string" if values and all(isinstance(v, str) for v in values) else "nothing"


def may_be_null(node: Schema) -> bool:
    """May a value here be null?"""
    return "null" in node.get("type", ()) or None in node.get("enum", ())
