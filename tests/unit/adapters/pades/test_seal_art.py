"""The seal's geometry, whatever the name."""

from __future__ import annotations

import itertools
import math
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.pades.outlines import Outline
from docsvc.adapters.pades.seal_art import (
    GAP_MM,
    MM,
    NATIONAL_MM,
    REFERENCE_MM,
    RING_MM,
    STAR_MM,
    TEST_BELOW_MM,
    TEST_MM,
    TEST_WIDE_MM,
    along_arc,
    draw,
)
from docsvc.domain.agency import SealDesign
from docsvc.domain.errors import SealError

NAMES = st.integers(2, 40).map(lambda n: "市" * n)
DIAMETERS = st.sampled_from([40.0, 42.0, 45.0, 60.0])


def squares(text):
    return {c: Outline(b"0 -120 1000 1000 re", 500, 380, 1000) for c in text}


def corners(char):
    """Corners of a character's em box on the seal, in mm from the middle."""
    turn = math.radians(char.angle)
    for dx in (-char.width / 2, char.width / 2):
        for dy in (char.radius - char.height / 2, char.radius + char.height / 2):
            yield dx * math.cos(turn) + dy * math.sin(turn), -dx * math.sin(turn) + dy * math.cos(turn)


@given(NAMES, DIAMETERS)
def test_the_name_keeps_between_star_and_ring(name, diameter):
    scale = diameter / REFERENCE_MM
    for char in along_arc(name, diameter):
        distances = [math.hypot(x, y) for x, y in corners(char)]
        assert max(distances) < diameter / 2 - RING_MM * scale
        assert min(distances) > STAR_MM / 2 * scale
        assert char.radius + char.height / 2 == pytest.approx(diameter / 2 - (RING_MM + GAP_MM) * scale)


@given(NAMES, DIAMETERS)
def test_the_name_is_symmetrical_evenly_spread_and_leaves_the_foot_free(name, diameter):
    angles = [c.angle for c in along_arc(name, diameter)]
    steps = [b - a for a, b in itertools.pairwise(angles)]
    assert angles[0] == pytest.approx(-angles[-1])
    assert max(steps) == pytest.approx(min(steps))
    assert min(steps) > 0
    assert angles[-1] <= 143


@given(NAMES, DIAMETERS)
def test_neighbours_do_not_touch(name, diameter):
    chars = along_arc(name, diameter)
    half = math.radians((chars[1].angle - chars[0].angle) / 2)
    for char in chars:
        foot = char.radius - char.height / 2
        assert char.width / 2 < foot * math.tan(half) + 1e-9


@given(NAMES, DIAMETERS)
def test_the_test_mark_touches_neither_name_nor_ring_nor_emblem(name, diameter):
    scale = diameter / REFERENCE_MM
    half, top, foot = TEST_WIDE_MM / 2 * scale, (TEST_MM / 2 - TEST_BELOW_MM) * scale, -TEST_BELOW_MM * scale
    foot -= TEST_MM / 2 * scale
    assert top < -NATIONAL_MM / 2 * scale
    assert math.hypot(half, foot) < diameter / 2 - (RING_MM + GAP_MM) * scale
    for char in along_arc(name, diameter):
        edge = list(corners(char))
        edge += [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in itertools.combinations(edge, 2)]
        for x, y in edge:
            assert abs(x) > half + 0.3 * scale or y > top, (char.text, x, y)


@given(st.integers(2, 39))
def test_a_longer_name_is_never_drawn_larger(count):
    shorter, longer = along_arc("市" * count, 42)[0], along_arc("市" * (count + 1), 42)[0]
    assert longer.height <= shorter.height
    assert longer.width <= shorter.width + 1e-9


@pytest.mark.parametrize("name", ["", "市", "市" * 41])
def test_a_name_that_fits_no_seal_is_refused(name):
    with pytest.raises(SealError, match="fits no seal"):
        along_arc(name, 42)


def content(*, development=True, emblem="star"):
    appearance = draw(SealDesign("s", "示例区某某局", 42, emblem), squares, development=development)
    return appearance, zlib.decompress(appearance.deflated).decode()


def test_only_a_development_seal_bears_the_test_mark():
    count = {d: content(development=d)[1].count("1000 1000 re") for d in (True, False)}
    assert count == {True: 6 + 4, False: 6}


@pytest.mark.parametrize("emblem", ["star", "national"])
def test_the_stream_is_balanced_red_and_multiplies(emblem):
    _, text = content(emblem=emblem)
    words = text.split()
    assert words.count("q") == words.count("Q")
    assert words[:3] == ["q", "/Over", "gs"]
    assert re.findall(r"(\S+ \S+ \S+) (?:rg|RG)\b", text) == ["0.86 0 0", "0.86 0 0"]
    assert not {"Tf", "Tj", "Do", "BI"} & set(words)


def test_the_square_is_the_seal_s_diameter():
    appearance, _ = content()
    assert appearance.side == pytest.approx(42 * MM, abs=0.001)
    left, bottom, right, top = appearance.box_at(100, 200)
    assert ((left + right) / 2, (bottom + top) / 2) == (100, 200)
    assert right - left == pytest.approx(appearance.side)


def test_each_character_s_matrix_puts_its_middle_on_the_arc():
    _, text = content(development=False)
    matrices = [tuple(map(float, m)) for m in re.findall(r"q " + r"(\S+) " * 6 + "cm", text)]
    for char, (a, b, c, d, e, f) in zip(along_arc("示例区某某局", 42), matrices, strict=True):
        x, y = a * 500 + c * 380 + e, b * 500 + d * 380 + f
        assert math.hypot(x, y) == pytest.approx(char.radius, abs=0.01)
        assert math.degrees(math.atan2(x, y)) == pytest.approx(char.angle, abs=0.1)
