"""Where the seals of several agencies go: each over its own name, the last over the date too (GB/T 9704-2012)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from docsvc.adapters.pages.lines import AXIS_TOLERANCE, POINTS_PER_MM, Line, squeezed
from docsvc.domain.errors import SealError
from docsvc.domain.joint import BELOW_MM, Row


def centres(lines: Sequence[Line], rows: Sequence[Row], date: str) -> list[tuple[float, float]] | None:
    """The seals' centres where the names stand in `lines` (from the top) as arranged, and the date under the last.

    None where no such lines follow each other. Seals of a row are level.
    """
    wanted = [[squeezed(text) for text in line] for row in rows for line in row.lines] + [[squeezed(date)]]
    texts = ["".join(cells) for cells in wanted]
    for start in range(len(lines) - len(texts), -1, -1):
        found = lines[start : start + len(texts)]
        if [line.text for line in found] == texts:
            placed = list(_placed(found, rows))
            if abs(found[-1].axis - placed[-1][0]) <= AXIS_TOLERANCE:
                return placed
    return None


def _placed(found: Sequence[Line], rows: Sequence[Row]) -> Iterator[tuple[float, float]]:
    at = 0
    for row in rows:
        printed = found[at : at + len(row.lines)]
        at += len(row.lines)
        # From line to line of the row, the spans of its characters, cell by cell.
        left_over = [list(line.spans) for line in printed]
        y = printed[-1].middle + BELOW_MM[len(row.lines)] * POINTS_PER_MM
        for cell in zip(*row.lines, strict=True):
            spans = []
            for text, spare in zip(cell, left_over, strict=True):
                length = len(squeezed(text))
                spans += spare[:length]
                del spare[:length]
            if spans:
                yield (min(left for left, _ in spans) + max(right for _, right in spans)) / 2, y


def check(
    places: Sequence[tuple[float, float]], diameters_mm: Sequence[float], page: tuple[float, float, float, float]
) -> None:
    """Raises SealError where a seal would leave the page, or two would touch."""
    radii = [diameter / 2 * POINTS_PER_MM for diameter in diameters_mm]
    seals = list(zip(places, radii, strict=True))
    for (x, y), r in seals:
        if not (page[0] + r <= x <= page[2] - r and page[1] + r <= y <= page[3] - r):
            raise SealError("落款处容不下各机关的印章 / the seals do not fit on the page where the names stand")
    for (one, r), (other, q) in combinations(seals, 2):
        if math.dist(one, other) <= r + q:
            raise SealError("落款处各机关的印章会相交或者相切 / the agencies' seals would touch each other")
