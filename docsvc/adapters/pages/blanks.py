"""Where people sign: the room behind each label of a sign-off, and behind the one at the foot of every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.adapters.pages.lines import POINTS_PER_MM, Line, squeezed
from docsvc.domain.envelope import Blank, Box, Needs, Signatory, called, label_pattern
from docsvc.domain.errors import SealError

DATE_BLANK: Final = "年月日"  # what may stand behind a label, to be filled in by hand
WIDEST: Final = 60.0 * POINTS_PER_MM
HIGHEST: Final = 12.0 * POINTS_PER_MM
NARROWEST: Final = 22.0 * POINTS_PER_MM
LOWEST: Final = 6.5 * POINTS_PER_MM
ROLL: Final = 100.0 * POINTS_PER_MM  # pages narrower than this
UNDER: Final = 8.0  # points that a hand goes below the line at most
SPACE: Final = 3.0  # points between a box and what stands on its left and right


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as it is read: its lines from top to bottom, and its left, lower, right and upper edge in points."""

    lines: Sequence[Line]
    edges: tuple[float, float, float, float]


def find(sheets: Sequence[Sheet], signatories: Sequence[Signatory]) -> list[Blank]:
    """The blank of each signatory.

    A label counts where it begins a line that holds nothing else but a blank for the date. Of such lines the last
    ones are meant, as many as people sign behind that label: what a party said may look the same, but stands before
    the sign-off. Raises SealError that names the label.
    """
    return [Blank(s.field, described(s), tuple(_boxes(sheets, s, signatories))) for s in signatories]


def described(signatory: Signatory) -> str:
    """What the field is for, for people and for those who compare it with the certificate later."""
    kind = "手写签名" if signatory.needs is Needs.HANDWRITING else "数字签名"
    number = f"（{signatory.cert_no}）" if signatory.cert_no else ""
    return f"{called(signatory.anchor)} {signatory.name}{number} {kind}"


def _boxes(sheets: Sequence[Sheet], signatory: Signatory, all_of_them: Sequence[Signatory]) -> list[Box]:
    wanted = sum(other.anchor == signatory.anchor for other in all_of_them)
    found = [(page, at) for page, sheet in enumerate(sheets) for at in _labels(sheet, signatory.anchor)]
    if len(found) < wanted:
        raise _missing(signatory.anchor)
    page, at = found[-wanted:][signatory.nth]
    boxes = [_room(sheets[page], page, at, signatory.anchor)]
    for number, sheet in enumerate(sheets if signatory.every_page else ()):
        at_foot = _labels(sheet, signatory.every_page)
        if not at_foot:
            raise _missing(signatory.every_page, number)
        boxes.append(_room(sheet, number, at_foot[-1], signatory.every_page))
    return boxes


def _labels(sheet: Sheet, anchor: str) -> list[tuple[int, int]]:
    """The numbers of the lines that are just this label and what is to be filled in behind it, and its length."""
    pattern = label_pattern(squeezed(anchor))
    begun = ((n, line, pattern.match(line.text)) for n, line in enumerate(sheet.lines))
    return [(n, label.end()) for n, line, label in begun if label and line.text[label.end() :] in {"", DATE_BLANK}]


def _room(sheet: Sheet, page: int, at: tuple[int, int], anchor: str) -> Box:
    """What is free behind the label in a line; on a roll, which is too narrow for that, what is free under it.

    Up and down it reaches half way to the lines above and below. A label without a colon stands in a table's cell
    of its own: there one signs before the date, in the cell beside it.
    """
    number, length = at
    line = sheet.lines[number]
    alone = len(line.text) == length
    below = next(iter(sheet.lines[number + 1 :]), None)
    margin = line.left - sheet.edges[0]
    end = sheet.edges[2] - margin
    on_roll = sheet.edges[2] - sheet.edges[0] < ROLL
    if on_roll and alone and below is not None and line.bottom - below.top >= LOWEST:
        width = min(WIDEST, end - line.left)
        height = min(HIGHEST, line.bottom - below.top - 1)
        return Box(page, line.left, line.bottom - 0.5 - height, width, height)
    left = line.spans[length - 1][1] + SPACE
    right = end if alone else line.spans[length][0] - SPACE
    over = sheet.lines[:number]
    if not line.text[:length].endswith("："):
        left = max(left, right - WIDEST)
        over = [other for other in over if _over(other, left, right)]  # the label may begin a line higher
    above = over[-1] if over else None
    lowest = max(line.bottom - UNDER, sheet.edges[1])
    bottom = max((line.bottom + below.top) / 2, lowest) if below else lowest
    top = min((line.top + above.bottom) / 2 if above else sheet.edges[3], bottom + HIGHEST)
    if right - left < NARROWEST or top - bottom < LOWEST:
        raise SealError(f"“{anchor}”后面没有签名的位置 / no room to sign behind {anchor}")
    return Box(page, left, bottom, min(WIDEST, right - left), top - bottom)


def _over(line: Line, left: float, right: float) -> bool:
    """Does it stand over or under what is between?"""
    return line.left < right and left < line.right


def _missing(label: str, page: int | None = None) -> SealError:
    zh, en = ("", "") if page is None else (f"第 {page + 1} 页", f" on page {page + 1}")
    return SealError(f"{zh}找不到签名位置“{label}” / no place to sign{en}: the label {label} does not stand there")
