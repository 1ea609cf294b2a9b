"""A form for any document type, out of its JSON Schema: what was typed, the case it makes, the fields to show.

Three shapes of the same case. *Values* are what a browser posts: text by JSON pointer. *Typed* is the tree of
these texts in the schema's shape, with every row that stands on the screen. *Case* is the JSON that intake reads:
what was left empty is left out of it.

The keywords of the schemas that the form understands beside the usual ones: `title` ("当事人 Party"),
`description`, `default`, `examples`, `x-labels` (words for codes) and `x-rows` (rows at first).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from docsvc.domain.errors import Finding
from docsvc.domain.shapes import Schema, may_be_null, resolved, shape_of
from docsvc.web.words import Words, split_title

Typed = Any  # dict by member, list of rows, or text
Kind = Literal["group", "rows", "line", "area", "date", "moment", "number", "choice"]

ABSENT: Final = object()
LONG_TEXT: Final = 400  # characters from which a field has several lines
MOST_ROWS: Final = 1000
ROW: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
INTEGER: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
NAME: Final = re.compile(r"[a-z][a-z0-9_]+", re.ASCII)
YES_NO: Final = {"true": "是 Yes", "false": "否 No"}


@dataclass(frozen=True, slots=True)
class Option:
    """A choice: the code that is posted, and its words."""

    value: str
    words: Words


@dataclass(frozen=True, slots=True)
class Field:
    """What stands at one place of the form; a group and rows have parts."""

    kind: Kind
    pointer: str
    words: Words
    hint: str = ""
    required: bool = False
    value: str = ""
    options: tuple[Option, ...] = ()
    suggestions: tuple[str, ...] = ()
    parts: tuple[Field, ...] = ()
    errors: tuple[Finding, ...] = ()
    first_wrong: bool = False

    @property
    def id(self) -> str:
        """Of the element, fit for a fragment."""
        return name_of(self.pointer)

    def walk(self) -> Iterator[Field]:
        """This one and all below it, as they stand on the page."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def told(self, finding: Finding) -> Words:
        """The finding with members' names and choices' codes in words; asked of the root."""
        beside = finding.pointer.rpartition("/")[0]
        near = [f for f in self.walk() if f.pointer.rpartition("/")[0] == beside and f.words.zh]
        words = {f.pointer.rpartition("/")[2]: f.words for f in near}
        words |= {o.value: o.words for f in near if f.pointer == finding.pointer for o in f.options}

        def chinese(name: re.Match[str]) -> str:
            return words[name[0]].zh if name[0] in words else name[0]

        def english(name: re.Match[str]) -> str:
            # A bare word may be an ordinary one: only what is quoted or can't be English is a name.
            known = words.get(name[0].strip("'"))
            return known.en if known and known.en and ("_" in name[0] or "'" in name[0]) else name[0]

        return Words(NAME.sub(chinese, finding.message), re.sub(r"'\w+'|\w+", english, finding.message_en))


def name_of(pointer: str) -> str:
    """The id of the element that shows the place."""
    return "f" + pointer.replace("/", "-")


@dataclass(frozen=True, slots=True)
class Form:
    """A document type's form. `choices` gives places a closed list of values, e.g. "/agency" the registry's ids."""

    schema: Schema
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    # ---- what was typed

    def blank(self) -> Typed:
        """Defaults filled in, as many empty rows as each list starts with."""
        return self._blank(self.schema, required=True)

    def _blank(self, node: Schema, *, required: bool) -> Typed:
        node = self._resolved(node)
        match shape_of(node):
            case "object":
                needs = node.get("required", ())
                return {n: self._blank(p, required=n in needs) for n, p in self._members(node)}
            case "array":
                rows = range(_first_rows(node, required=required))
                return [self._blank(node["items"], required=True) for _ in rows]
            case _:
                return _as_text(node.get("default"))

    def gather(self, values: Mapping[str, str]) -> Typed:
        """What a browser posted, in the schema's shape; names that are no place of the schema are passed over."""
        return self._gather(self.schema, "", values)

    def _gather(self, node: Schema, pointer: str, values: Mapping[str, str]) -> Typed:
        node = self._resolved(node)
        match shape_of(node):
            case "object":
                return {n: self._gather(p, f"{pointer}/{n}", values) for n, p in self._members(node)}
            case "array":
                here = f"{pointer}/"
                steps = {name[len(here) :].partition("/")[0] for name in values if name.startswith(here)}
                numbers = sorted(int(s) for s in steps if ROW.fullmatch(s))
                return [self._gather(node["items"], f"{here}{n}", values) for n in numbers[:MOST_ROWS]]
            case _:
                # Browsers end lines with CR LF; a case has LF alone.
                return values.get(pointer, "").replace("\r\n", "\n").replace("\r", "\n")

    def typed(self, case: Any) -> Typed:
        """A pasted case as if it had been typed; what the form has no place for is lost."""
        return self._typed(self.schema, case)

    def _typed(self, node: Schema, case: Any) -> Typed:
        node = self._resolved(node)
        match shape_of(node):
            case "object":
                given = case if isinstance(case, Mapping) else {}
                return {n: self._typed(p, given.get(n)) for n, p in self._members(node)}
            case "array":
                rows = case if isinstance(case, list) else []
                return [self._typed(node["items"], row) for row in rows[:MOST_ROWS]]
            case _:
                return _as_text(case)

    def with_row(self, typed: Typed, pointer: str) -> Typed:
        """One more empty row in the list at `pointer`; the same where there is no such list."""
        return self._changed(typed, pointer, lambda node, rows: [*rows, self._blank(node["items"], required=True)])

    def without_row(self, typed: Typed, pointer: str) -> Typed:
        """Without the row at `pointer`; the same where there is none."""
        rows_at, _, number = pointer.rpartition("/")
        if not number.isdecimal():
            return typed
        return self._changed(typed, rows_at, lambda _, rows: [r for n, r in enumerate(rows) if n != int(number)])

    def _changed(self, typed: Typed, pointer: str, change: Any) -> Typed:
        def walk(node: Schema, tree: Typed, steps: Sequence[str]) -> Typed:
            node = self._resolved(node)
            shape = shape_of(node)
            if not steps:
                return change(node, tree) if shape == "array" else tree
            step, rest = steps[0], steps[1:]
            if shape == "object":
                inner = dict(self._members(node)).get(step)
                return tree if inner is None else {**tree, step: walk(inner, tree[step], rest)}
            if shape == "array" and step.isdecimal() and int(step) < len(tree):
                return [walk(node["items"], row, rest) if n == int(step) else row for n, row in enumerate(tree)]
            return tree

        return walk(self.schema, typed, pointer.split("/")[1:])

    def compact(self, typed: Typed) -> Typed:
        """Without rows in which nothing stands: then pointers into the case point at rows of the form."""
        return self._compact(self.schema, typed)

    def _compact(self, node: Schema, typed: Typed) -> Typed:
        node = self._resolved(node)
        match shape_of(node):
            case "object":
                return {n: self._compact(p, typed[n]) for n, p in self._members(node)}
            case "array":
                rows = [self._compact(node["items"], row) for row in typed]
                return [row for row in rows if _says_something(row)]
            case _:
                return typed

    def padded(self, typed: Typed) -> Typed:
        """With empty rows at the end of lists that have fewer than they start with: the screen looks as before."""
        return self._padded(self.schema, typed, required=True)

    def _padded(self, node: Schema, typed: Typed, *, required: bool) -> Typed:
        node = self._resolved(node)
        match shape_of(node):
            case "object":
                needs = node.get("required", ())
                return {n: self._padded(p, typed[n], required=n in needs) for n, p in self._members(node)}
            case "array":
                rows = [self._padded(node["items"], row, required=True) for row in typed]
                more = _first_rows(node, required=required) - len(rows)
                return rows + [self._blank(node["items"], required=True) for _ in range(more)]
            case _:
                return typed

    # ---- the case

    def case(self, typed: Typed) -> Any:
        """The JSON of a compact `typed`. What can't be read as what the schema wants stays as it was typed: intake
        says at its place what is wrong with it.
        """
        return self._case(self.schema, typed, required=True)

    def _case(self, node: Schema, typed: Typed, *, required: bool) -> Any:
        node = self._resolved(node)
        match shape_of(node):
            case "object":
                needs = node.get("required", ())
                members = {n: self._case(p, typed[n], required=n in needs) for n, p in self._members(node)}
                said = {n: value for n, value in members.items() if value is not ABSENT}
                if not said and not required:
                    return ABSENT
                if not said and may_be_null(node):
                    return None
                fixed = {n: p["const"] for n, p in node.get("properties", {}).items() if "const" in p}
                return {**fixed, **said}
            case "array":
                rows = [self._case(node["items"], row, required=False) for row in typed]
                return rows if rows or required else ABSENT
            case shape:
                value = _value(shape, typed)
                # What must be named and may be nothing is named as nothing: the date of a filing that was none.
                return None if value is ABSENT and required and may_be_null(node) else value

    # ---- the fields

    def fields(self, typed: Typed, findings: Iterable[Finding] = ()) -> Field:
        """The whole form. Each finding stands at its place, or at the nearest place above it that the form has."""
        root = replace(self._field(self.schema, "", typed, required=True, item=False), words=Words("", ""))
        homes = {f.pointer for f in root.walk()}
        at: dict[str, list[Finding]] = {}
        for finding in findings:
            pointer = finding.pointer
            while pointer not in homes:
                pointer = pointer.rpartition("/")[0]
            at.setdefault(pointer, []).append(finding)
        first = next((f.pointer for f in root.walk() if f.pointer in at), None)
        return _with_errors(root, at, first)

    def _field(self, node: Schema, pointer: str, typed: Typed, *, required: bool, item: bool) -> Field:
        own, node = node, self._resolved(node)
        required = required and not may_be_null(node)
        words = split_title(own.get("title", "")) if own.get("title") else Words("" if item else pointer, "")
        hint = str(own.get("description", ""))
        if "x-labels" in node or pointer in self.choices or hint in (words.zh, self.schema.get("description")):
            hint = ""
        shape = shape_of(node)
        match shape:
            case "object":
                needs = node.get("required", ())
                parts = tuple(
                    self._field(p, f"{pointer}/{n}", typed[n], required=n in needs, item=False)
                    for n, p in self._members(node)
                )
                return Field("group", pointer, words, hint, required, parts=parts)
            case "array":
                parts = tuple(
                    self._field(node["items"], f"{pointer}/{n}", row, required=False, item=True)
                    for n, row in enumerate(typed)
                )
                return Field("rows", pointer, words, hint, required, parts=parts)
        options = self._options(node, shape, pointer, typed)
        suggestions = tuple(map(str, node.get("examples", ())))
        return Field(
            _kind(node, shape, options, typed), pointer, words, hint, required, typed, options, suggestions
        )

    def _options(self, node: Schema, shape: str, pointer: str, typed: str) -> tuple[Option, ...]:
        if pointer in self.choices:
            labels = dict(self.choices[pointer])
        elif "x-labels" in node:
            labels = dict(node["x-labels"])
        elif shape == "boolean":
            labels = dict(YES_NO)
        else:
            labels = {_as_text(v): str(v) for v in node.get("enum", ()) if v is not None}
        if labels and typed:
            labels.setdefault(typed, typed)  # what came with a pasted case is shown, right or wrong
        return tuple(Option(value, split_title(text)) for value, text in labels.items())

    # ---- reading the schema

    def _members(self, node: Schema) -> Iterator[tuple[str, Schema]]:
        """Those that a person fills in: neither constants nor places that stand for what must not be there."""
        for name, part in node.get("properties", {}).items():
            if "const" not in part and shape_of(self._resolved(part)) != "nothing":
                yield name, part

    def _resolved(self, node: Schema) -> Schema:
        return resolved(self.schema, node)


def _first_rows(node: Schema, *, required: bool) -> int:
    return int(node.get("x-rows", 1 if required else 0))


def _kind(node: Schema, shape: str, options: Sequence[Option], typed: str) -> Kind:
    if options:
        return "choice"
    if shape in ("integer", "number"):
        return "number"
    match node.get("format"):
        # A browser's date field shows nothing at all for a text that is no date: then it is a line.
        case "date":
            return "date" if not typed or _is_moment(DATE, typed) else "line"
        case "local-date-time":
            return "moment" if not typed or _is_moment(MOMENT, typed) else "line"
    return "area" if node.get("maxLength", 0) >= LONG_TEXT else "line"


def _is_moment(form: re.Pattern[str], text: str) -> bool:
    try:
        return form.fullmatch(text) is not None and dt.datetime.fromisoformat(text) is not None
    except ValueError:  # the thirtieth of February
        return False


def _value(shape: str, typed: str) -> Any:
    if not typed.strip():
        return ABSENT
    if shape == "boolean":
        return {"true": True, "false": False}.get(typed, typed)
    if shape == "integer" and INTEGER.fullmatch(typed.strip()):
        return int(typed)
    return typed


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, (list, dict)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _says_something(typed: Typed) -> bool:
    if isinstance(typed, str):
        return bool(typed.strip())
    return any(map(_says_something, typed.values() if isinstance(typed, dict) else typed))


def _with_errors(field: Field, at: Mapping[str, Sequence[Finding]], first: str | None) -> Field:
    return replace(
        field,
        parts=tuple(_with_errors(part, at, first) for part in field.parts),
        errors=tuple(at.get(field.pointer, ())),
        first_wrong=field.pointer == first,
    )
