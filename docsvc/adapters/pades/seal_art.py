"""The picture of a round official seal as vector art (国发〔1999〕25号): ring, emblem, name along the arc.

All measures are those of the seal of Ø 42 mm (ring 1.2 mm, star Ø 14 mm) and grow with the diameter. The seal
multiplies with what is under it, so that black text stays black: 骑年盖月, name and date remain readable.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from docsvc.adapters.pades.outlines import Outline
from docsvc.adapters.pades.seal_image import Raster
from docsvc.domain.agency import SealDesign
from docsvc.domain.errors import SealError

MM = 72 / 25.4
RED = b"0.86 0 0"  # DeviceRGB, which the output intent of our PDF/A (sRGB) defines
REFERENCE_MM = 42.0
RING_MM = 1.2
GAP_MM = 1.1  # between ring and name
STAR_MM = 14.0
NATIONAL_MM = 17.0
TALL_MM = 5.6  # height of a character of the name …
SHORT_MM = 4.3  # … and of one of a very long name
PITCH_DEG = (22.0, 36.0)  # least and most from one character to the next …
SHORT_SPAN_DEG = 200.0  # … so that a short name reaches over this arc …
SPAN_DEG = 286.0  # … and none over more than this
FEW, MANY = 14, 30
NAME_CHARS = (2, 40)
TEST_MARK = "测试专用"
TEST_MM = 2.6
TEST_WIDE_MM = TEST_MM * (1 + (len(TEST_MARK) - 1) * 1.06)
TEST_BELOW_MM = 10.4  # middle of the mark under the centre, clear of the last characters of any name
KAPPA = 0.5522847498  # a quarter circle as one Bézier curve


@dataclass(frozen=True, slots=True)
class Appearance:
    """A content stream, deflated: a seal's, whose square has `side` points, or a mark's, `side` wide and `high`
    points high. It shows `image` as /Picture, if any.
    """

    deflated: bytes
    side: float
    image: Raster | None = None
    high: float | None = None

    def box_at(self, x: float, y: float) -> tuple[float, float, float, float]:
        """Rectangle in points with its middle at (x, y)."""
        half = self.side / 2
        return (x - half, y - half, x + half, y + half)


@dataclass(frozen=True, slots=True)
class Char:
    """One character of the name: angle from the top (clockwise, degrees), radius of its middle, size (mm)."""

    text: str
    angle: float
    radius: float
    width: float
    height: float


def draw(design: SealDesign, outlines: Callable[[str], Mapping[str, Outline]], *, development: bool) -> Appearance:
    """The seal of `design`, with 「测试专用」 for a development key.

    `outlines` gives those of all characters of a text. Raises SealError for a name that fits no seal.
    """
    chars = along_arc(design.name, design.diameter_mm)
    found = outlines(design.name + (TEST_MARK if development else ""))
    side = design.diameter_mm * MM
    parts = [
        b"q /Over gs",
        RED + b" rg " + RED + b" RG",
        _cm(MM, 0, 0, MM, side / 2, side / 2),  # millimetres from the middle
        *_ring(design.diameter_mm),
        *(_star(design.diameter_mm) if design.emblem == "star" else _national(design.diameter_mm)),
        *(_char(char, found[char.text]) for char in chars),
    ]
    if development:
        parts += _test_mark(design.diameter_mm, found)
    parts.append(b"Q")
    return Appearance(zlib.compress(b"\n".join(parts), 9), round(side, 3))


def show(
    image: Raster, design: SealDesign, outlines: Callable[[str], Mapping[str, Outline]], *, development: bool
) -> Appearance:
    """The seal of `design` as its operator's picture shows it, at its diameter, marked like a drawn one."""
    side = design.diameter_mm * MM
    parts = [b"q /Over gs", b"q %.3f 0 0 %.3f 0 0 cm /Picture Do Q" % (side, side)]
    if development:
        parts += [RED + b" rg", _cm(MM, 0, 0, MM, side / 2, side / 2)]
        parts += _test_mark(design.diameter_mm, outlines(TEST_MARK))
    parts.append(b"Q")
    return Appearance(zlib.compress(b"\n".join(parts), 9), round(side, 3), image)


def along_arc(name: str, diameter_mm: float) -> list[Char]:
    """The name's characters, evenly spread from left to right over the top; lengths in mm.

    A few stand apart, some keep the same pitch, many fill the arc and grow lower and narrower. Raises SealError.
    """
    count = len(name)
    if not NAME_CHARS[0] <= count <= NAME_CHARS[1]:
        raise SealError(f"a name of {count} characters fits no seal: {name}")
    scale = diameter_mm / REFERENCE_MM
    crowd = min(max((count - FEW) / (MANY - FEW), 0.0), 1.0)
    height = (TALL_MM + (SHORT_MM - TALL_MM) * crowd) * scale
    gaps = count - 1
    pitch = min(max(SHORT_SPAN_DEG / gaps, PITCH_DEG[0]), PITCH_DEG[1], SPAN_DEG / gaps)
    outer = diameter_mm / 2 - (RING_MM + GAP_MM) * scale
    # Neighbours come closest at the foot of the characters.
    room = 2 * (outer - height) * math.tan(math.radians(pitch / 2))
    width = min(room * 0.96, height)
    start = -pitch * gaps / 2
    return [Char(text, start + i * pitch, outer - height / 2, width, height) for i, text in enumerate(name)]


def _char(char: Char, outline: Outline) -> bytes:
    turn = math.radians(char.angle)
    wide, high = char.width / outline.em, char.height / outline.em
    cos, sin = math.cos(turn), math.sin(turn)
    # To the middle of the em box, to size, turned clockwise, out to the arc.
    a, b, c, d = wide * cos, -wide * sin, high * sin, high * cos
    e = char.radius * sin - a * outline.middle_x - c * outline.middle_y
    f = char.radius * cos - b * outline.middle_x - d * outline.middle_y
    return b"q " + _cm(a, b, c, d, e, f) + b"\n" + outline.path + b"\nf Q"


def _test_mark(diameter_mm: float, outlines: Mapping[str, Outline]) -> Iterator[bytes]:
    scale = diameter_mm / REFERENCE_MM
    size, below = TEST_MM * scale, TEST_BELOW_MM * scale
    for i, text in enumerate(TEST_MARK):
        found = outlines[text]
        unit = size / found.em
        x = (i - (len(TEST_MARK) - 1) / 2) * size * 1.06
        move = _cm(unit, 0, 0, unit, x - unit * found.middle_x, -below - unit * found.middle_y)
        yield b"q " + move + b"\n" + found.path + b"\nf Q"


def _ring(diameter_mm: float) -> Iterator[bytes]:
    line = RING_MM * diameter_mm / REFERENCE_MM
    yield b"%.3f w" % line
    yield _circle(0, 0, (diameter_mm - line) / 2) + b" S"


def _star(diameter_mm: float) -> Iterator[bytes]:
    yield _five_points(0, 0, STAR_MM / 2 * diameter_mm / REFERENCE_MM) + b" f"


def _national(diameter_mm: float) -> Iterator[bytes]:
    """A plain stand-in for the national emblem: five stars over a gate, in a ring above a cog wheel's half.

    The emblem itself is drawn by the State Council's standard (GB 15093) and only whoever is entitled may use it; a
    production seal takes the official artwork, this drawing shows where it stands and how large.
    """
    r = NATIONAL_MM / 2 * diameter_mm / REFERENCE_MM
    yield b"%.3f w" % (r * 0.1)
    yield _circle(0, 0, r * 0.93) + b" S"
    yield _five_points(0, r * 0.46, r * 0.27) + b" f"
    for angle in (-52, -19, 19, 52):
        turn = math.radians(angle)
        yield _five_points(r * 0.62 * math.sin(turn), r * (0.62 * math.cos(turn) - 0.42), r * 0.11) + b" f"
    # The gate: terrace, wall with three arches left open, two roofs.
    yield _rectangle(-0.62 * r, -0.52 * r, 1.24 * r, 0.09 * r) + b" f"
    for left, width in ((-0.5, 0.17), (-0.2, 0.12), (0.08, 0.12), (0.33, 0.17)):
        yield _rectangle(left * r, -0.43 * r, width * r, 0.24 * r) + b" f"
    yield _rectangle(-0.5 * r, -0.21 * r, 1.0 * r, 0.06 * r) + b" f"
    yield (
        _polygon([(-0.56 * r, -0.13 * r), (0.56 * r, -0.13 * r), (0.4 * r, -0.03 * r), (-0.4 * r, -0.03 * r)])
        + b" f"
    )
    yield _polygon([(-0.4 * r, 0.0), (0.4 * r, 0.0), (0.28 * r, 0.09 * r), (-0.28 * r, 0.09 * r)]) + b" f"
    for angle in range(-60, 61, 15):  # teeth along the lower edge
        turn = math.radians(180 + angle)
        cos, sin = math.cos(turn), math.sin(turn)
        corners = [(-0.07, 0.72), (0.07, 0.72), (0.07, 0.9), (-0.07, 0.9)]
        yield _polygon([(r * (x * cos + y * sin), r * (-x * sin + y * cos)) for x, y in corners]) + b" f"


def _five_points(x: float, y: float, radius: float) -> bytes:
    """A star with one point up; its inner corners lie on the pentagram."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(126))
    corners = []
    for i in range(10):
        turn, length = math.radians(36 * i), inner if i % 2 else radius
        corners.append((x + length * math.sin(turn), y + length * math.cos(turn)))
    return _polygon(corners)


def _polygon(corners: list[tuple[float, float]]) -> bytes:
    first, *rest = corners
    return b"%.3f %.3f m " % first + b" ".join(b"%.3f %.3f l" % corner for corner in rest) + b" h"


def _rectangle(x: float, y: float, width: float, height: float) -> bytes:
    return b"%.3f %.3f %.3f %.3f re" % (x, y, width, height)


def _circle(x: float, y: float, r: float) -> bytes:
    k = KAPPA * r
    curves = (
        (x + r, y + k, x + k, y + r, x, y + r),
        (x - k, y + r, x - r, y + k, x - r, y),
        (x - r, y - k, x - k, y - r, x, y - r),
        (x + k, y - r, x + r, y - k, x + r, y),
    )
    return b"%.3f %.3f m " % (x + r, y) + b" ".join(b"%.3f %.3f %.3f %.3f %.3f %.3f c" % c for c in curves) + b" h"


def _cm(*matrix: float) -> bytes:
    return b"%.6f %.6f %.6f %.6f %.4f %.4f cm" % matrix
