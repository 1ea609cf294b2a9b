"""Schemas from outside: what they may refer to."""

from __future__ import annotations

import pytest

from docsvc.domain.shapes import unsound
from tests.support.cases import FOLDER, TYPES


@pytest.mark.parametrize("name", TYPES)
def test_our_own_are_sound(name):
    assert unsound(FOLDER.get(name).schema) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://example.invalid/schema.json"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"items": [{"$ref": "#/$defs/none"}], "$defs": {"a": {}}},
        {"$ref": "#"},
        {"$dynamicRef": "#/$defs/a", "$defs": {"a": {}}},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/b"}}}, "b": {"items": {"$ref": "#/$defs/a"}}}},
        {"$defs": []},
    ],
)
def test_fetching_and_endless_ones_are_not(schema):
    assert unsound(schema)


def test_a_member_may_be_called_what_it_likes():
    assert unsound({"properties": {"$ref": {"type": "string"}}}) is None
