"""Every profile against GB/T 9704-2012, measured on its pages, and the table that says so."""

from __future__ import annotations

import re

import pytest

from templates.layout.__main__ import TYPES
from tests.support.drafts import doc_type
from tests.support.layout_figures import PROFILES, TOLERANCE, Figure
from tests.support.layout_table import HEAD, PATH

pytestmark = [pytest.mark.office, pytest.mark.judge]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_figure_of_the_standard_is_kept(press, profile):
    figures = [Figure(profile, *row) for row in PROFILES[profile](press, profile)]
    assert [f for f in figures if abs(f.difference) > TOLERANCE] == []
    # The table beside the templates was made by the same code and says the same.
    rows = [row for row in _rows() if row[0] == profile]
    assert [row[:3] for row in rows] == [(f.profile, f.clause, f.what) for f in figures]
    for row, figure in zip(rows, figures, strict=True):
        assert [float(n) for n in row[3:5]] == pytest.approx([figure.asked, figure.found], abs=0.1)


def test_the_table_says_that_all_is_within_tolerance():
    assert PATH.read_text().startswith(HEAD)
    assert {row[0] for row in _rows()} == set(PROFILES)
    for row in _rows():
        asked, found, difference = (float(n) for n in row[3:])
        assert found - asked == pytest.approx(difference, abs=0.011), row
        assert abs(difference) <= TOLERANCE, row


def _rows():
    lines = [line.strip("| ") for line in PATH.read_text().splitlines() if line.startswith("|")]
    return [tuple(re.split(r" \| ", line)) for line in lines[2:]]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_type_has_the_layouts_that_its_tool_lays_out(name):
    found = doc_type(name)
    _, looks = TYPES[name]
    assert found.layout_names == [looks[0].name, *sorted(look.name for look in looks[1:])]
