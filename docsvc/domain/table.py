"""A case as a row of a table: the columns that a document type has, and the case JSON that a row's cells say.

A column is a path: members joined by dots, places in lists counted from one (`party.uscc`, `officers.1.name`).
A list of texts may stand in one cell, a line an item (`body.points`), or in columns of its own (`body.points.1`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.cells import Cell, Unreadable, chinese_of, says_something, typed_value
from docsvc.domain.errors import Finding, TableRefusedError, TableTooLargeError
from docsvc.domain.shapes import Schema, may_be_null, resolved, shape_of

MOST_ROWS: Final = 10_000
MOST_COLUMNS: Final = 1_000
LONGEST_CELL: Final = 32_767  # characters; Excel's own limit
HEADER_WITHIN: Final = 10  # rows from the top in which the paths must stand
REMARK: Final = "#"  # what begins with it is for people: a row by its first cell, a column by its path
DOC_TYPE: Final = "doc_type"
ROWS_OFFERED: Final = 3  # places of a list of objects that a generated table has, where the schema does not say

PLACE: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)  # in a list
NAMELESS: Final = "?"  # begins what stands for the path of a column that has none
UNKNOWN: Final = ("这种文书没有这一列", "documents of this type have no such column")
NO_PATH: Final = ("这一列没有列名", "the column has no path")
ABSENT: Final = object()

Line = tuple[int, Sequence[Cell]]  # number of the row as the spreadsheet counts it, and its cells


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a table something stands: the letter of the column, None where there is no such column."""

    column: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a file. `faults` are what can't be read; then there is no case to be checked."""

    number: int
    case: Any
    faults: tuple[Finding, ...] = ()
    places: Mapping[str, Place] | None = None

    def place(self, pointer: str) -> Place | None:
        """The column that a JSON pointer into the case means, or the nearest; None in a file without columns."""
        if self.places is None:
            return None
        if exact := self.places.get(pointer):
            return exact
        below = (place for there, place in self.places.items() if there.startswith(f"{pointer}/"))
        if pointer and (first := next(below, None)):
            return first
        above = pointer.rpartition("/")[0]
        while above:
            if above in self.places:  # the cell in which a whole list stands
                return self.places[above]
            above = above.rpartition("/")[0]
        return Place(None, ".".join(str(int(s) + 1) if s.isdecimal() else s for s in pointer.split("/")[1:]))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a generated table. `many` where one cell holds a list, a line an item."""

    path: str
    title: str
    node: Schema
    required: bool
    many: bool = False

    @property
    def choices(self) -> Sequence[str]:
        """What may stand here, in Chinese where there are words for it."""
        if shape_of(self.node) == "boolean":
            return ["是", "否"]
        labels = [chinese_of(label) for label in self.node.get("x-labels", {}).values()]
        return labels or [str(v) for v in self.node.get("enum", ()) if v is not None]

    @property
    def hint(self) -> str:
        """What to fill in."""
        says = ["必填 required"] if self.required else []
        if self.many:
            says.append("每行一项 one a line")
        if self.choices:
            says.append(" / ".join(self.choices))
        elif shape_of(self.node) == "integer":
            says.append("整数 whole number")
        elif self.node.get("format") == "date":
            says.append("日期，如 2026-09-28")
        elif self.node.get("format") == "local-date-time":
            says.append("日期和时刻，如 2026-09-28 14:30")
        elif self.node.get("description"):
            says.append(str(self.node["description"]))
        if examples := self.node.get("examples"):
            says.append("如 " + "、".join(map(str, examples)))
        if "default" in self.node:
            says.append(f"一般填：{self.node['default']}")
        return "；".join(says)


def columns_of(schema: Schema) -> list[Column]:
    """All columns of a document type, in the schema's order, its type first."""
    kind = schema["properties"][DOC_TYPE]["const"]
    first = Column(DOC_TYPE, "文书类型", {"enum": [kind]}, required=True)

    def walk(node: Schema, path: str, titles: tuple[str, ...], *, required: bool) -> Iterator[Column]:
        node = resolved(schema, node)
        required = required and not may_be_null(node)
        match shape_of(node):
            case "object":
                for name, part in node.get("properties", {}).items():
                    if "const" not in part:
                        title = chinese_of(str(resolved(schema, part).get("title", name)))
                        inner = f"{path}.{name}" if path else name
                        yield from walk(
                            part, inner, (*titles, title), required=required and name in node.get("required", ())
                        )
            case "array":
                items = resolved(schema, node["items"])
                if shape_of(items) != "object":
                    yield Column(path, "·".join(titles), items, required, many=True)
                    return
                for n in range(1, int(node.get("x-rows", ROWS_OFFERED)) + 1):
                    numbered = (*titles[:-1], f"{titles[-1]}{n}")
                    yield from walk(items, f"{path}.{n}", numbered, required=required and n == 1)
            case "nothing":
                return
            case _:
                yield Column(path, "·".join(titles), node, required)

    return [first, *walk(schema, "", (), required=True)]


def rows_of(lines: Iterator[Line], schema_of: Callable[[str], Schema | None]) -> list[Row]:
    """The cases of a table. The paths stand in the first row that has a cell `doc_type`; what is above them is for
    people. Raises TableRefusedError where the table as a whole can't be read.
    """
    header = _header(lines)
    readers: dict[str, _Layout | None] = {}
    rows: list[Row] = []
    for number, cells in lines:
        if not any(map(says_something, cells)) or str(cells[0]).lstrip().startswith(REMARK):
            continue
        if len(rows) == MOST_ROWS:
            raise TableTooLargeError(f"超过{MOST_ROWS}行，请分批提交；more than {MOST_ROWS} rows")
        said = cells[header[DOC_TYPE]] if header[DOC_TYPE] < len(cells) else None
        kind = said.strip() if isinstance(said, str) else ""
        if kind not in readers:
            schema = schema_of(kind)
            readers[kind] = None if schema is None else _Layout(schema, header)
        reader = readers[kind]
        if reader is None:  # intake says which types there are
            places = {f"/{DOC_TYPE}": Place(letter(header[DOC_TYPE]), DOC_TYPE)}
            rows.append(Row(number, {DOC_TYPE: said if isinstance(said, str) else None}, places=places))
        else:
            rows.append(reader.read(number, cells))
    return rows


def letter(index: int) -> str:
    """The spreadsheet's name of a column, counted from zero: A … Z, AA …"""
    name, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _header(lines: Iterator[Line]) -> dict[str, int]:
    """Index by path. Columns for people are left out, columns without a path as well: a cell in them is a fault."""
    for number, cells in lines:
        names = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        if DOC_TYPE in names:
            header: dict[str, int] = {}
            for index, name in enumerate(names):
                if name in header:
                    raise TableRefusedError(
                        f"{letter(header[name])}列与{letter(index)}列同名：{name}；two columns have the same path"
                    )
                header[name or f"{NAMELESS}{index}"] = index
            return header
        if number >= HEADER_WITHIN:
            break
    raise TableRefusedError(
        f"前{HEADER_WITHIN}行中没有列名行（须有一列名为{DOC_TYPE}）；"
        f"no row of paths, which has a cell {DOC_TYPE!r}; `docsvc templates sheet` makes a table to fill in"
    )


class _Layout:
    """What a header means for one document type."""

    def __init__(self, schema: Schema, header: Mapping[str, int]) -> None:
        self.schema = schema
        self.at: dict[tuple[str, ...], int] = {}
        self.below: dict[tuple[str, ...], list[str]] = {}
        self.unknown: dict[int, str] = {}
        self.paths = {index: path for path, index in header.items()}
        for path, index in header.items():
            if path in (DOC_TYPE, "schema") or path.startswith(REMARK):
                continue
            steps = tuple(path.split("."))
            if self._holds_value(steps):
                self.at[steps] = index
                for n, step in enumerate(steps):
                    if step not in (children := self.below.setdefault(steps[:n], [])):
                        children.append(step)
            else:
                self.unknown[index] = path
        for children in self.below.values():
            if all(map(str.isdecimal, children)):
                children.sort(key=int)

    def resolved(self, node: Schema) -> Schema:
        return resolved(self.schema, node)

    def read(self, number: int, cells: Sequence[Cell]) -> Row:
        """The case of one row."""
        reading = _Reading(self, cells)
        reading.refuse_unknown()
        case = reading.members(self.schema, (), "", required=True)
        fixed = {n: p["const"] for n, p in self.schema["properties"].items() if "const" in p}
        faults = tuple(reading.faults)
        return Row(number, None if faults else {**fixed, **case}, faults, reading.places)

    def _holds_value(self, steps: Sequence[str]) -> bool:
        """Is this a place for one value, or for a list that one cell can hold?"""
        node = self.resolved(self.schema)
        for step in steps:
            match shape_of(node):
                case "object" if step in node.get("properties", {}):
                    node = self.resolved(node["properties"][step])
                case "array" if PLACE.fullmatch(step):
                    node = self.resolved(node["items"])
                case _:
                    return False
        shape = shape_of(node)
        if shape == "array":
            return shape_of(self.resolved(node["items"])) not in ("object", "array", "nothing")
        return shape not in ("object", "nothing")


class _Reading:
    """One row on its way to a case: what is wrong with it, and where each value came from."""

    def __init__(self, layout: _Layout, cells: Sequence[Cell]) -> None:
        self._layout = layout
        self._cells = cells
        self.places: dict[str, Place] = {}
        self.faults: list[Finding] = []

    def refuse_unknown(self) -> None:
        """A cell under no column of this type is a fault: a fact that was written down must not be lost."""
        for index, path in self._layout.unknown.items():
            if says_something(self._cell(index)):
                pointer = "/" + path.replace("~", "~0").replace("/", "~1").replace(".", "/")
                nameless = path.startswith(NAMELESS)
                self.places[pointer] = Place(letter(index), "" if nameless else path)
                self.faults.append(Finding("SCHEMA", pointer, *(NO_PATH if nameless else UNKNOWN)))

    def members(self, node: Schema, at: tuple[str, ...], pointer: str, *, required: bool) -> Any:
        needs = node.get("required", ())
        said = {}
        for name in self._layout.below.get(at, ()):
            part = self._value(node["properties"][name], (*at, name), f"{pointer}/{name}", required=name in needs)
            if part is not ABSENT:
                said[name] = part
        if not required and all(part is None for part in said.values()):
            return ABSENT
        return said if said or not may_be_null(node) else None

    def _value(self, node: Schema, at: tuple[str, ...], pointer: str, *, required: bool) -> Any:
        node = self._layout.resolved(node)
        match shape_of(node):
            case "object":
                return self.members(node, at, pointer, required=required)
            case "array":
                return self._items(node, at, pointer, required=required)
        cell = self._placed(at, pointer)
        if says_something(cell):
            return self._typed(node, cell, pointer)
        # What must be named and may be nothing is named as nothing: the date of a filing that was none.
        return None if required and may_be_null(node) else ABSENT

    def _items(self, node: Schema, at: tuple[str, ...], pointer: str, *, required: bool) -> Any:
        said: list[Any] = []
        if at in self._layout.at:
            cell = self._placed(at, pointer)
            lines = [line.strip() for line in cell.splitlines()] if isinstance(cell, str) else [cell]
            inner = self._layout.resolved(node["items"])
            said += [self._typed(inner, line, pointer) for line in lines if says_something(line)]
        for step in self._layout.below.get(at, ()):
            # An empty place moves the next ones up: pointers are those of the case, not of the columns.
            one = self._value(node["items"], (*at, step), f"{pointer}/{len(said)}", required=False)
            if one is not ABSENT:
                said.append(one)
        return said if said or required else ABSENT

    def _placed(self, at: tuple[str, ...], pointer: str) -> Cell:
        index = self._layout.at[at]
        self.places[pointer] = Place(letter(index), self._layout.paths[index])
        return self._cell(index)

    def _cell(self, index: int) -> Cell:
        return self._cells[index] if index < len(self._cells) else None

    def _typed(self, node: Schema, cell: Cell, pointer: str) -> Any:
        said = typed_value(node, cell)
        if isinstance(said, Unreadable):
            self.faults.append(Finding("SCHEMA", pointer, said.why, said.why_en))
        return said
