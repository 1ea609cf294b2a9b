"""One cell of a table: what spreadsheets put into it, and the JSON value that it is by its schema."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.shapes import Schema, shape_of

YES_NO: Final[Mapping[str, bool]] = {"是": True, "否": False, "true": True, "false": False}
INTEGER: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)
SCIENTIFIC: Final = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+[0-9]{2}", re.ASCII)
EXACT: Final = 10**15  # spreadsheets keep fifteen digits of a number and put zeros for the others
DAY: Final = r"([0-9]{4})(?:年|[-/.])([0-9]{1,2})(?:月|[-/.])([0-9]{1,2})日?"
DATE: Final = re.compile(DAY, re.ASCII)
MOMENT: Final = re.compile(DAY + r"[T ]?([0-9]{1,2})[:：时]([0-9]{2})(?:[:：]([0-9]{2}))?分?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that says nothing we take: a formula, an error value, too long a text."""

    why: str
    why_en: str


Cell = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | Unreadable | None


AS_TEXT: Final = Unreadable(
    "此处应为文本，单元格里是数或者日期；请把单元格设为“文本”后重新填写",
    "a text belongs here; set the cell's format to Text and fill it in again",
)
CUT: Final = Unreadable(
    "号码被表格软件改成了数，末几位已经丢失；请把单元格设为“文本”后重新填写",
    "the spreadsheet made a number of it and lost its last digits; set the cell's format to Text and fill it in",
)


def typed_value(node: Schema, cell: Cell) -> Any:
    """The value as the schema wants it; what can't be read so stays as it was, for the schema to refuse."""
    if isinstance(cell, Unreadable):
        return cell
    labels = node.get("x-labels", {})
    match shape_of(node), node.get("format"):
        case "boolean", _:
            return YES_NO.get(cell.strip().lower(), cell) if isinstance(cell, str) else _plain(cell)
        case "integer", _:
            return _integer(labels, cell)
        case _, "date":
            return _date(cell)
        case _, "local-date-time":
            return _moment(cell)
        case _:
            return _text(labels, cell)


def _integer(labels: Mapping[str, str], cell: Cell) -> Any:
    if isinstance(cell, str):
        said = _code(labels, cell).strip()
        return int(said) if INTEGER.fullmatch(said) else cell
    return int(cell) if isinstance(cell, float) and cell.is_integer() else _plain(cell)


def _text(labels: Mapping[str, str], cell: Cell) -> str | Unreadable:
    if isinstance(cell, str):
        if SCIENTIFIC.fullmatch(cell.strip()):
            return CUT
        return _code(labels, cell.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, int):
        return AS_TEXT
    return CUT if abs(cell) >= EXACT else _code(labels, str(cell))


def _date(cell: Cell) -> str:
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        cell = cell.date()
    if isinstance(cell, str) and (said := DATE.fullmatch(cell.strip())):
        return f"{said[1]}-{said[2]:0>2}-{said[3]:0>2}"
    return str(_plain(cell))


def _moment(cell: Cell) -> str:
    if isinstance(cell, dt.datetime):
        cell = (cell + dt.timedelta(milliseconds=500)).replace(microsecond=0)  # days as floats are never exact
        return cell.isoformat(timespec="seconds" if cell.second else "minutes")
    if isinstance(cell, str) and (said := MOMENT.fullmatch(cell.strip())):
        seconds = f":{said[6]}" if said[6] not in (None, "00") else ""
        return f"{said[1]}-{said[2]:0>2}-{said[3]:0>2}T{said[4]:0>2}:{said[5]}{seconds}"
    return str(_plain(cell))


def _plain(cell: Cell) -> Any:
    return cell.isoformat() if isinstance(cell, dt.date) else cell


def _code(labels: Mapping[str, str], said: str) -> str:
    """The code of a word: a person writes 企业 where the case has enterprise."""
    word = said.strip()
    return next((code for code, label in labels.items() if word in (code, label, chinese_of(label))), said)


def chinese_of(title: str) -> str:
    """The first half of a schema's title, "当事人 Party"."""
    return title.partition(" ")[0]


def says_something(cell: Cell) -> bool:
    """Is anything but space in it?"""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None
