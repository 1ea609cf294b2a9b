from __future__ import annotations

import unicodedata

import pytest

from docsvc.domain.private_use import standard_form


@pytest.mark.parametrize(
    ("old", "standard"),
    [("\ue863", "䶮"), ("\ue815", "⺁"), ("\ue816", "\U00020087"), ("\ue864", "\u9fbb")],
)
def test_what_older_systems_meant(old, standard):
    assert standard_form(old) == standard


def test_each_has_a_character_of_its_own_and_none_is_private():
    found = [standard_form(chr(c)) for c in range(0xE815, 0xE865)]
    assert len(set(found)) == 80
    assert {unicodedata.category(c) for c in found} == {"Lo", "So"}


@pytest.mark.parametrize("other", ["䶮", "\ue814", "\ue865", "\U000f0000", "a"])
def test_others_are_none_of_these(other):
    assert standard_form(other) is None
