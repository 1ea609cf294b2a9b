"""The slices of a seal that all pages share."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.pades.across import LEAST_MM, MOST_PAGES, slices
from docsvc.adapters.pades.seal_art import MM

PAGES, DIAMETERS = st.integers(2, 200), st.sampled_from([38.0, 42.0, 45.0, 60.0])


def groups(parts):
    starts = [i for i, part in enumerate(parts) if part.left == 0] + [len(parts)]
    return [parts[a:b] for a, b in pairwise(starts)]


@given(PAGES, DIAMETERS)
def test_every_page_has_its_slice_and_each_group_the_whole_seal(pages, diameter):
    side = round(diameter * MM, 3)
    parts = slices(pages, side)
    assert len(parts) == pages
    for group in groups(parts):
        assert group[0].left == 0
        assert group[-1].right == side
        assert all(one.right == two.left for one, two in pairwise(group))
        assert all(part.right - part.left == pytest.approx(side / len(group), abs=0.002) for part in group)


@given(PAGES, DIAMETERS)
def test_groups_are_alike_and_small_enough_for_slices_that_can_be_seen(pages, diameter):
    sizes = [len(group) for group in groups(slices(pages, round(diameter * MM, 3)))]
    assert 2 <= min(sizes) >= max(sizes) - 1
    assert max(sizes) <= MOST_PAGES
    assert diameter / max(sizes) >= LEAST_MM


@pytest.mark.parametrize("pages", [0, 1])
def test_a_single_page_has_nothing_to_be_joined_to(pages):
    assert slices(pages, 119.055) == []


def test_eleven_pages_make_two_groups():
    assert [len(group) for group in groups(slices(11, 119.055))] == [5, 6]
