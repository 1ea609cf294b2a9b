"""A PDF marked as a draft or as test data on each of its pages, so that nobody takes it for a document."""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Sequence
from typing import Final

import pikepdf
from pikepdf import Dictionary, Name

Strokes = Sequence[Sequence[tuple[float, float]]]

# 样稿 DRAFT in strokes, on a square of 100: drawn, it needs no font, which an archival file would have to hold.
YANG: Final[Strokes] = (
    ((5, 72), (45, 72)),
    ((25, 95), (25, 5)),
    ((25, 70), (7, 38)),
    ((27, 62), (41, 46)),
    ((58, 95), (65, 82)),
    ((90, 95), (82, 82)),
    ((53, 78), (95, 78)),
    ((57, 58), (91, 58)),
    ((50, 38), (98, 38)),
    ((74, 78), (74, 4)),
)
GAO: Final[Strokes] = (
    ((38, 93), (12, 84)),
    ((5, 68), (43, 68)),
    ((24, 88), (24, 5)),
    ((24, 66), (6, 38)),
    ((26, 58), (40, 44)),
    ((73, 97), (73, 86)),
    ((48, 84), (98, 84)),
    ((60, 74), (86, 74), (86, 60), (60, 60), (60, 74)),
    ((51, 5), (51, 49), (95, 49), (95, 6), (87, 6)),
    ((62, 36), (84, 36), (84, 18), (62, 18), (62, 36)),
)
LETTERS: Final[Sequence[Strokes]] = (
    (((10, 5), (10, 95), (35, 95), (55, 78), (55, 22), (35, 5), (10, 5)),),
    (((10, 5), (10, 95), (42, 95), (55, 84), (55, 62), (42, 52), (10, 52)), ((35, 52), (57, 5))),
    (((3, 5), (32, 95), (61, 5)), ((14, 38), (50, 38))),
    (((10, 5), (10, 95), (52, 95)), ((10, 52), (44, 52))),
    (((3, 95), (57, 95)), ((30, 95), (30, 5))),
)
# Each with how far it stands from the beginning.
MARK: Final = ((YANG, 0), (GAO, 110), *((letter, 235 + 72 * n) for n, letter in enumerate(LETTERS)))
LENGTH: Final = 585.0
# 测试 in the same manner.
CE: Final[Strokes] = (
    ((8, 92), (18, 82)),
    ((4, 64), (14, 55)),
    ((4, 8), (18, 38)),
    ((28, 30), (28, 88), (58, 88), (58, 30)),
    ((43, 74), (43, 42), (28, 5)),
    ((47, 26), (60, 8)),
    ((72, 80), (72, 26)),
    ((90, 95), (90, 6), (80, 13)),
)
SHI: Final[Strokes] = (
    ((10, 92), (20, 82)),
    ((4, 62), (20, 62), (20, 10), (34, 26)),
    ((38, 70), (96, 70)),
    ((42, 45), (66, 45)),
    ((54, 45), (54, 14)),
    ((37, 9), (69, 19)),
    ((71, 95), (76, 45), (90, 5), (97, 24)),
    ((84, 94), (92, 83)),
)
TEST_MARK: Final = ((CE, 0), (SHI, 120))
TEST_LENGTH: Final = 220.0
TEST_REACH: Final = 0.5
REACH: Final = 0.62  # of the page's diagonal
TILT: Final = math.radians(45)


def mark_draft(pdf: bytes) -> bytes:
    """The same pages with 样稿 DRAFT across them, in grey that lets the text through, as an artifact."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        state = document.make_indirect(Dictionary(Type=Name.ExtGState, CA=0.35))
        for page in document.pages:
            grey = page.add_resource(state, Name.ExtGState)
            drawn = f"{grey} gs {_turned(page, LENGTH)} 0.5 G 9 w 1 J 1 j {_paths(MARK)}"
            page.contents_add(b"q", prepend=True)
            page.contents_add(f"Q /Artifact BMC q {drawn} Q EMC".encode())
        document.save(out)
    return out.getvalue()


def mark_test(pdf: bytes, pages: Collection[int]) -> bytes:
    """The same pages, those with these numbers (from 0) with a large pale 测试 behind the text, as an artifact."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for number in pages:
            page = document.pages[number]
            drawn = f"{_turned(page, TEST_LENGTH, TEST_REACH)} 0.9 G 9 w 1 J 1 j {_paths(TEST_MARK)}"
            page.contents_add(f"/Artifact BMC q {drawn} Q EMC".encode(), prepend=True)
        document.save(out)
    return out.getvalue()


def _turned(page: pikepdf.Page, length: float, reach: float = REACH) -> str:
    """The matrix that lays so long a line of characters across the page."""
    left, bottom, right, top = (float(edge) for edge in page.mediabox)
    scale = reach * min(math.hypot(right - left, top - bottom), 1.5 * (right - left)) / length
    along, across = math.cos(TILT) * scale, math.sin(TILT) * scale
    x = (left + right) / 2 - along * length / 2 + across * 50
    y = (bottom + top) / 2 - across * length / 2 - along * 50
    return f"{along:.4f} {across:.4f} {-across:.4f} {along:.4f} {x:.2f} {y:.2f} cm"


def _paths(mark: Sequence[tuple[Strokes, int]]) -> str:
    words = []
    for strokes, offset in mark:
        for first, *others in strokes:
            words.append(f"{first[0] + offset:g} {first[1]:g} m")
            words += [f"{x + offset:g} {y:g} l" for x, y in others]
            words.append("S")
    return " ".join(words)
