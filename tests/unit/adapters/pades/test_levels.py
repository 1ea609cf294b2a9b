"""Levels from what is there."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.adapters.pades.levels import classify
from docsvc.domain.document import Level
from docsvc.domain.verdict import RevocationUse

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def use(certificate, sha256):
    return RevocationUse("OCSP", certificate, "good", NOON, None, sha256)


USES = (use("signer", "a"), use("signer", "b"), use("issuing", "c"))


@pytest.mark.parametrize(
    ("baseline", "proven", "known", "archived", "expected"),
    [
        (False, True, True, [{"a", "c"}], None),
        (True, False, True, [{"a", "c"}], Level.B_B),
        (True, True, False, [{"a", "c"}], Level.B_T),
        (True, True, True, [], Level.B_LT),
        (True, True, True, [{"a"}], Level.B_LT),  # the issuing authority's answer is not covered
        (True, True, True, [set()], Level.B_LT),
        (True, True, True, [{"b", "c"}], Level.B_LTA),  # one answer a certificate is enough
        (True, True, True, [set(), {"a", "c", "x"}], Level.B_LTA),
    ],
)
def test_each_level_needs_all_below_it(baseline, proven, known, archived, expected):
    found = classify(
        baseline=baseline,
        proven=proven,
        revocation_known=known,
        uses=USES,
        archived=[frozenset(a) for a in archived],
    )
    assert found is expected
