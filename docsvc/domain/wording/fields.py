"""Every field of a case under its own name, ready to print: what a schema names and no wording of ours knows.

A template reaches them as `fields.<path of the schema>`: dates, amounts, codes and yes or no are put in words. What
a case does not have is None, which can be asked for and never be printed; a list is empty then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.phrases import date, moment, money, paragraphs
from docsvc.domain.shapes import EACH, Path, Schema, may_be_null, resolved, shape_of

FIELDS: Final = "fields"  # their name in templates
MOST_FIELDS: Final = 2000
LABEL: Final = re.compile(r"(.*[^ -~]) [ -~’]+")  # 企业 Enterprise
CODE: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
MOST_YUAN: Final = 10**8


@dataclass(frozen=True, slots=True)
class Field:
    """What a schema says of a place.

    `always`: every case that it accepts has something there. `worded`: no code of it would be printed as it stands.
    `free`: it is neither a code nor a yes or no, which may stand there for the rules alone.
    """

    shape: Literal["group", "groups", "texts", "text"]
    always: bool
    worded: bool = True
    free: bool = False


def fields(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `data` at every place that `schema` names."""
    said: dict[str, Any] = _said(schema, "", schema, data)
    return said


def fields_of(schema: Schema) -> dict[Path, Field]:
    """Every place that `schema` names. Raises TemplateFaultError where there are too many to be true."""
    found: dict[Path, Field] = {}
    for path, one in _walk(schema, schema, (), always=True):
        found[path] = one
        if len(found) > MOST_FIELDS:
            raise TemplateFaultError(f"schema.json 的字段超过{MOST_FIELDS}个；the schema has too many fields")
    return found


def filled(schema: Schema, data: Mapping[str, Any]) -> set[Path]:
    """The places of `schema` at which `data` has something, groups left out."""
    texts = {path for path, one in fields_of(schema).items() if one.shape in ("text", "texts")}
    return {path for path in texts if any(_values(data, path))}


def _said(root: Schema, name: str, node: Schema, value: Any) -> Any:
    node = resolved(root, node)
    match shape_of(node):
        case "object":
            had = value if isinstance(value, Mapping) else {}
            return {key: _said(root, key, part, had.get(key)) for key, part in node.get("properties", {}).items()}
        case "array":
            items = value if isinstance(value, list | tuple) else ()
            return [_item(root, name, node.get("items", {}), item) for item in items if item is not None]
        case _:
            return _words(name, node, value)


def _item(root: Schema, name: str, node: Schema, value: Any) -> Any:
    said = _said(root, name, node, value)
    return YES_NO[said] if isinstance(said, bool) else said


YES_NO: Final = {True: "是", False: "否"}


def _words(name: str, node: Schema, value: Any) -> Any:
    """A yes or no stays one, so that a template can ask for it; a group without a schema of its own is nothing."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _worded_text(node, value)
    if name.endswith("_yuan") and isinstance(value, int):
        return money(value) if 0 <= value < MOST_YUAN else f"{value}元"
    return str(value) if isinstance(value, int | float) else None


def _worded_text(node: Schema, value: str) -> str:
    if label := node.get("x-labels", {}).get(value):
        return _chinese(label)
    by_format = {"date": date, "local-date-time": moment}.get(node.get("format", ""))
    return by_format(value) if by_format else "".join(paragraphs(value))


def _chinese(label: str) -> str:
    halves = LABEL.fullmatch(label)
    return halves[1] if halves else label


def _walk(root: Schema, node: Schema, at: Path, *, always: bool) -> Iterator[tuple[Path, Field]]:
    node = resolved(root, node)
    for name, part in node.get("properties", {}).items():
        path = (*at, name)
        inner = resolved(root, part)
        sure = always and name in node.get("required", ()) and not _may_be_null(root, part)
        match shape_of(inner):
            case "object":
                yield path, Field("group", sure)
                yield from _walk(root, inner, path, always=sure)
            case "array":
                item = resolved(root, inner.get("items", {}))
                if shape_of(item) == "object":
                    yield path, Field("groups", sure)
                    yield from _walk(root, item, (*path, EACH), always=True)
                elif shape_of(item) != "array":
                    yield path, Field("texts", always=False, worded=_has_words(item))  # it may be empty
                    yield (*path, EACH), _text(item, always=True)
            case _:
                yield path, _text(inner, always=sure)


def _text(node: Schema, *, always: bool) -> Field:
    coded = "enum" in node or "x-labels" in node or shape_of(node) == "boolean"
    return Field("text", always, _has_words(node), free=not coded)


def _has_words(node: Schema) -> bool:
    codes = [one for one in (*node.get("enum", ()), node.get("const")) if isinstance(one, str)]
    labels = node.get("x-labels", {})
    return all(code in labels or not CODE.fullmatch(code) for code in codes)


def _may_be_null(root: Schema, node: Schema) -> bool:
    ways = [way for keyword in ("anyOf", "oneOf") for way in node.get(keyword, ())]
    return may_be_null(resolved(root, node)) or any(way.get("type") == "null" for way in ways)


def _values(value: Any, path: Path) -> Iterator[bool]:
    if not path:
        yield value not in (None, [], "")
    elif path[0] == EACH:
        for item in value if isinstance(value, list | tuple) else ():
            yield from _values(item, path[1:])
    elif isinstance(value, Mapping):
        yield from _values(value.get(path[0]), path[1:])
