"""Reading a document type's JSON Schema: what a place of a case may hold, for forms and tables made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
Path = tuple[str, ...]
"""A place in a case, step by step; EACH stands for any item of a list: body.qa[].q."""
EACH: Final = "[]"
DEFS: Final = "#/$defs/"
REFERRING: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


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


def unsound(schema: Schema) -> str | None:
    """Why a schema from outside can't be read as ours are; None where it can.

    What it refers to must stand in its own `$defs`, and nothing may refer to itself: no fetching, no endless walk.
    """
    defs = schema.get("$defs", {})
    if not isinstance(defs, Mapping):
        return "$defs"
    met: dict[str, set[str]] = {}
    for name, node in (("", {k: v for k, v in schema.items() if k != "$defs"}), *defs.items()):
        met[name] = set()
        for keyword, target in _references(node):
            known = keyword == "$ref" and target.startswith(DEFS) and target.removeprefix(DEFS) in defs
            if not known:
                return f"{keyword}: {target}"
            met[name].add(target.removeprefix(DEFS))
    while met:
        ends = {name for name, targets in met.items() if not targets & met.keys()}
        if not ends:
            return f"$ref: {', '.join(sorted(met))}"
        met = {name: targets for name, targets in met.items() if name not in ends}
    return None


def _references(node: Any) -> Iterator[tuple[str, str]]:
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, Mapping):
            yield from ((k, v) for k, v in one.items() if k in REFERRING and isinstance(v, str))
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)
