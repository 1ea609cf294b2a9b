"""Documents of several agencies: who seals and in which order, and where their names stand in the sign-off.

GB/T 9704-2012, 7.3.5.1: names in the order of the agencies, in rows, each under its own seal; seals neither touch
nor cross, a row keeps within the type area, the first row's top is within one line of the text, and the last seal
presses name and date.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.agency import Agency

MOST_SEALS: Final = 6  # in three rows: more leave no room on the page for the text that has to stand over them
LINE_MM: Final = 28.95 * 25.4 / 72
APART_MM: Final = 2.0  # least distance between seals
THIRD_MM: Final = 48.0  # the largest seal that keeps its distance in a third of the type area
# How far the middle of a name's last line lies below the seal's centre, by the number of its lines (居中下压).
BELOW_MM: Final = {1: 2.5, 2: 4.0}
# Characters of a line that fit half and a third of the type area: as they are, and drawn narrower.
HALF: Final = ((13, "half"), (16, "half_narrow"), (20, "half_tight"))
THIRD: Final = ((8, "third"), (10, "third_narrow"))
BREAK_AFTER: Final = (
    "省市州盟县区旗府和与及"  # where a long name is broken best, if that leaves neither line too long
)


@dataclass(frozen=True, slots=True)
class Row:
    """Agencies that stand side by side: of each, the lines of its name; empty cells lead an incomplete last row."""

    cells: tuple[tuple[str, ...], ...]

    @property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """Lines from top to bottom, a text a cell: names end on the same line."""
        height = max(map(len, self.cells))
        padded = [("",) * (height - len(cell)) + cell for cell in self.cells]
        return tuple(zip(*padded, strict=True))


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The sign-off of several agencies. `before` are blank lines before each row, `after` those behind the date."""

    rows: tuple[Row, ...]
    before: tuple[int, ...]
    after: int

    def printed(self, date: str) -> list[tuple[str, tuple[str, ...]]]:
        """Line by line what the template prints: its kind ("blank", or a key of HALF or THIRD) and its cells."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for blank, row in zip(self.before, self.rows, strict=True):
            found += [("blank", ())] * blank
            found += [(_kind(row), line) for line in row.lines]
        columns = len(self.rows[0].cells)
        found.append((_kinds(columns)[0][1], ("",) * (columns - 1) + (date,)))
        return found + [("blank", ())] * self.after


def joint_names(case: Mapping[str, Any]) -> tuple[str, ...]:
    """The agencies whose names and seals a case asks for, in its order; none where only the issuing one seals."""
    body = case.get("body")
    if case.get("doc_type") != "interview_notice" or not isinstance(body, Mapping) or body.get("mode") != "joint":
        return ()
    listed = body.get("agencies")
    names = [name.strip() for name in listed if isinstance(name, str)] if isinstance(listed, list | tuple) else []
    return tuple(dict.fromkeys(name for name in names if name))


def names_in(case_json: str) -> tuple[str, ...]:
    """The same of a case as the database keeps it; none where that was damaged, which is for others to say."""
    try:
        case = json.loads(case_json)
    except ValueError:
        return ()
    return joint_names(case) if isinstance(case, Mapping) else ()


def joint_agencies(case: Mapping[str, Any], own: Agency, registered: Iterable[Agency]) -> tuple[Agency, ...] | None:
    """The agencies that seal a joint document, in order; none where only the issuing one seals.

    None where one that is named is not registered, or its name stands for two.
    """
    names = joint_names(case)
    known = list(registered)
    found = [own if name == own.name else namesake(name, known) for name in names]
    agencies = tuple(agency for agency in found if agency is not None)
    return agencies if len(agencies) == len(names) else None


def namesake(name: str, registered: Iterable[Agency]) -> Agency | None:
    """The one agency of this name: a seal is a power, so two of one name are none."""
    found = [agency for agency in registered if agency.name == name]
    return found[0] if len(found) == 1 else None


def arrange(agencies: Sequence[Agency]) -> Arrangement:
    """Rows of two, or of three where names are short; an incomplete last row stands at the right, over the date."""
    names = [agency.name for agency in agencies]
    largest = max(agency.seal.diameter_mm for agency in agencies)
    thirds = len(names) > 2 and max(map(len, names)) <= THIRD[-1][0] and largest <= THIRD_MM  # noqa: PLR2004 - a pair
    columns = 3 if thirds else 2
    cells = [_broken(name, _kinds(columns)) for name in names]
    full, rest = divmod(len(cells), columns)
    rows = [Row(tuple(cells[n * columns : (n + 1) * columns])) for n in range(full)]
    if rest:
        rows.append(Row(((),) * (columns - rest) + tuple(cells[-rest:])))
    heights = [len(row.lines) for row in rows]
    first = next(n for n in range(9) if _top_mm(n, heights[0], largest) >= 0)
    pitch = math.ceil((largest + APART_MM + max(BELOW_MM.values()) - min(BELOW_MM.values())) / LINE_MM)
    below = largest / 2 - BELOW_MM[heights[-1]] - 1.5 * LINE_MM  # of the last seal, under the date's line
    # A blank line follows every sign-off: only what that leaves uncovered is added here.
    after = max(math.ceil(below / LINE_MM) - 1, 0)
    return Arrangement(tuple(rows), (first, *(pitch - height for height in heights[1:])), after)


def _top_mm(blank: int, lines: int, diameter_mm: float) -> float:
    """How far under the text a seal's top comes to lie, with so many blank lines before its name."""
    return (blank + lines - 0.5) * LINE_MM - BELOW_MM[lines] - diameter_mm / 2


def _kinds(columns: int) -> tuple[tuple[int, str], ...]:
    return {2: HALF, 3: THIRD}[columns]


def _kind(row: Row) -> str:
    """How a row's lines are drawn: all alike, as its longest asks for."""
    longest = max(len(text) for line in row.lines for text in line)
    kinds = _kinds(len(row.cells))
    return next((kind for most, kind in kinds if longest <= most), kinds[-1][1])


def _broken(name: str, kinds: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """On one line where it fits, drawn narrower if need be; else on two."""
    middle, most = len(name) / 2, kinds[1][0]
    if len(name) <= most:
        return (name,)
    places = [n + 1 for n, char in enumerate(name) if char in BREAK_AFTER and max(n + 1, len(name) - n - 1) <= most]
    place = min(places, key=lambda n: abs(n - middle), default=math.ceil(middle))
    return name[:place], name[place:]
