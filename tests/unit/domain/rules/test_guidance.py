from __future__ import annotations

import pytest

from tests.support.cases import ABSENT, broken, changed, sample


@pytest.mark.parametrize(
    ("by", "expected"), [("2026-09-22", {"G07"}), ("2026-09-23", set()), (None, set()), (ABSENT, set())]
)
def test_a_reply_is_due_after_the_advice(by, expected):
    assert broken(changed(sample("advice"), {"body/reply/by": by})) == expected


@pytest.mark.parametrize(("end", "expected"), [("2026-09-27", {"G07"}), ("2026-09-28", set()), (None, set())])
def test_a_period_ends_after_it_starts(end, expected):
    assert broken(changed(sample("reminder"), {"body/period/end": end})) == expected
