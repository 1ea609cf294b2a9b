"""Each named-bad PDF fails, by the check that is meant to find it."""

from __future__ import annotations

import dataclasses

import pytest

from docsvc.domain.verdict import Indication
from tests.support.verified import findings, good, verify
from tests.vectors.bad_pdfs import BAD


@pytest.mark.parametrize("name", BAD)
def test_named_bad_pdf_fails_and_says_why(name):
    vector = BAD[name]
    report = verify(vector.build(good()))
    assert report.indication is Indication.FAILED
    found = findings(report, Indication.FAILED)
    assert vector.check in found, found
    assert found[vector.check] == vector.sub_indication


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(good())])
def test_what_the_attacks_start_from_is_sound(field):
    report = verify(getattr(good(), field))
    assert findings(report, Indication.FAILED) == {}
