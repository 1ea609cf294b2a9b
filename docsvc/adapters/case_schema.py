"""The door to jsonschema: JSON Schema 2020-12 with formats checked, faults told in words and under rule ids."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from docsvc.domain.errors import Finding

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

SCHEMA: Final = "SCHEMA"
DEEPEST: Final = 32  # no case nests deeper than eight; what does is an attack on whoever walks it
MOST_FINDINGS: Final = 100
LONGEST_SHOWN: Final = 60

DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOCAL_DATE_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")

TYPES: Final = {
    "object": "对象",
    "array": "数组",
    "string": "文本",
    "integer": "整数",
    "number": "数",
    "boolean": "true或者false",
    "null": "空值",
}

Words = tuple[str, str]
Describe = Callable[[Any], Words]  # from a keyword's value to Chinese and English words

WORDS: Final[Mapping[str, Describe]] = {
    "type": lambda v: (f"类型应为{'或者'.join(TYPES[t] for t in _list(v))}", f"must be {' or '.join(_list(v))}"),
    "const": lambda v: (f"应为“{v}”", f"must be {v!r}"),
    "enum": lambda v: (f"须为：{'、'.join(map(str, v))}", f"must be one of: {', '.join(map(str, v))}"),
    "pattern": lambda v: ("不能为空白", "must not be blank") if v == r"\S" else ("格式不符", f"must match {v}"),
    "format": lambda v: (
        ("不是真实存在的日期（YYYY-MM-DD）", "not a real date (YYYY-MM-DD)")
        if v == "date"
        else ("不是真实存在的日期和时刻（YYYY-MM-DDTHH:MM）", "not a real date and time (YYYY-MM-DDTHH:MM)")
    ),
    "maxLength": lambda v: (f"不得超过{v}个字", f"longer than {v} characters"),
    "minLength": lambda v: (f"不得少于{v}个字", f"shorter than {v} characters"),
    "maxItems": lambda v: (f"不得超过{v}项", f"more than {v} items"),
    "minItems": lambda v: (f"不得少于{v}项", f"fewer than {v} items"),
    "maxProperties": lambda v: (f"不得超过{v}项", f"more than {v} members"),
    "minimum": lambda v: (f"不得小于{v}", f"less than {v}"),
    "maximum": lambda v: (f"不得大于{v}", f"greater than {v}"),
    "propertyNames": lambda _: ("有不合格式的名称", "a member's name is not in form"),
    "uniqueItems": lambda _: ("各项不得重复", "items must differ"),
}


class JsonSchemaCheck:
    """Fits the port SchemaCheck. Keeps nothing but its format checker: schemas are data of the caller."""

    def __init__(self) -> None:
        self._formats = _formats()

    def check(self, schema: Mapping[str, Any], data: Any) -> list[Finding]:
        """All faults of `data`, at most 100, in the order of their places. A fault's rule is that of the nearest
        `x-rule` on the way to the keyword that found it, else "SCHEMA"; unknown and missing members are always
        "SCHEMA". `x-message` and `x-message-en` beside an `x-rule` replace the words. Never raises for what is in
        `data`.
        """
        if _deeper_than(data, DEEPEST):
            return [Finding(SCHEMA, "", f"嵌套超过{DEEPEST}层", f"nested deeper than {DEEPEST} levels")]
        validator = _validator_class()(schema, format_checker=self._formats)
        found: dict[tuple[str, str, str], Finding] = {}
        for error in validator.iter_errors(data):
            for finding in _findings(schema, error):
                found.setdefault((finding.rule, finding.pointer, finding.message), finding)
            if len(found) >= MOST_FINDINGS:
                break
        return sorted(found.values(), key=lambda f: f.pointer)[:MOST_FINDINGS]

    def unsound(self, schema: Mapping[str, Any]) -> str | None:
        """What makes `schema` no JSON Schema 2020-12; None where it is one."""
        from jsonschema.exceptions import SchemaError

        try:
            _validator_class().check_schema(dict(schema))
        except SchemaError as e:
            return f"{_pointer(e.absolute_path) or '/'}: {e.message[:LONGEST_SHOWN]}"
        return None


@functools.cache
def _validator_class() -> type[Validator]:
    """2020-12, but 2.0 is no integer: what case JSON counts is printed as it was read."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    checked: type[Validator] = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call] # its stub has no types
    return checked


def _formats() -> FormatChecker:
    """Only our own formats, strict: jsonschema's "date" would take 20260929 and week dates on newer Pythons."""
    from jsonschema import FormatChecker

    formats = FormatChecker(formats=())

    @formats.checks("date", raises=ValueError)
    def is_date(value: object) -> bool:
        return not isinstance(value, str) or (
            DATE.fullmatch(value) is not None and dt.date.fromisoformat(value) is not None
        )

    @formats.checks("local-date-time", raises=ValueError)
    def is_local_date_time(value: object) -> bool:
        return not isinstance(value, str) or (
            LOCAL_DATE_TIME.fullmatch(value) is not None and dt.datetime.fromisoformat(value) is not None
        )

    return formats


def _findings(schema: Mapping[str, Any], error: ValidationError) -> Iterator[Finding]:
    pointer = _pointer(error.absolute_path)
    keyword = str(error.validator)
    value: Any = error.validator_value
    instance: Any = error.instance
    within: Any = error.schema
    if keyword == "required":
        for name in value:
            if name not in instance:
                yield Finding(SCHEMA, f"{pointer}/{name}", f"缺少必填项“{name}”", f"{name!r} is missing")
    elif keyword == "additionalProperties":
        for name in _unknown(within, instance):
            shown = _short(name)
            yield Finding(
                SCHEMA, f"{pointer}/{_escaped(shown)}", f"不认识的字段“{shown}”", f"{shown!r} is not a field here"
            )
    else:
        marked = _nearest_mark(schema, error.absolute_schema_path)
        chinese, english = WORDS.get(keyword, lambda _: ("不应出现", "must not stand here"))(value)
        yield Finding(
            marked.get("x-rule", SCHEMA),
            pointer,
            marked.get("x-message", chinese),
            marked.get("x-message-en", english),
        )


def _unknown(schema: Mapping[str, Any], instance: Mapping[str, Any]) -> Iterator[str]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in instance:
        if name not in known and not any(re.search(p, name) for p in patterns):
            yield name


def _nearest_mark(schema: Mapping[str, Any], path: Iterable[str | int]) -> Mapping[str, Any]:
    """The innermost subschema with an x-rule on the way to a keyword.

    jsonschema leaves "$ref" out of its paths, so a step that a subschema lacks is looked for where its $ref points.
    """
    node: Any = schema
    marked: Mapping[str, Any] = {}
    for step in path:
        while isinstance(node, Mapping) and step not in node and "$ref" in node:
            node = _resolved(schema, node["$ref"])
            marked = node if _is_marked(node) else marked
        node = node[step]
        marked = node if _is_marked(node) else marked
    return marked


def _is_marked(node: Any) -> bool:
    return isinstance(node, Mapping) and isinstance(node.get("x-rule"), str)


def _resolved(schema: Mapping[str, Any], reference: str) -> Any:
    """The subschema of a local reference (`#/$defs/name`): schemas of ours have no others."""
    node: Any = schema
    for step in reference.removeprefix("#").split("/")[1:]:
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def _deeper_than(data: Any, depth: int) -> bool:
    """Whether objects and arrays nest deeper; without recursion, which such data would exhaust."""
    todo = deque([(data, 0)])
    while todo:
        value, level = todo.pop()
        items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        if items and level >= depth:
            return True
        todo.extend((item, level + 1) for item in items)
    return False


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{_escaped(_short(str(step)))}" for step in path)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
