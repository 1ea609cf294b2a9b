"""Which of a seal's certificates is used, until when it can go on, and when to warn."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.agency import SealDesign
from docsvc.domain.unfit import REMEDIES, Refusal, Unfit, unusable
from docsvc.domain.validity import LAST_MINUTES, SETTLES, Held, Role, Standing, in_order, lasts_until

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
MONTH = 30 * DAY


def held(name="SEAL", *, begins=-100 * DAY, ends=100 * DAY, wish=None, withdrawn=None):
    start = NOW + begins
    return Held(
        role=Role.SEAL,
        name=name,
        serial=1,
        not_before=start,
        starts=max(start, NOW + wish) if wish is not None else start,
        ends=NOW + ends,
        withdrawn=None if withdrawn is None else NOW + withdrawn,
    )


@pytest.mark.parametrize(
    ("one", "standing"),
    [
        (held(), Standing.GOOD),
        (held(ends=MONTH), Standing.GOOD),
        (held(ends=MONTH - MINUTE), Standing.ENDING),
        (held(ends=MINUTE), Standing.ENDING),
        (held(ends=0 * DAY), Standing.ENDED),
        (held(begins=MINUTE), Standing.NOT_YET),
        (held(begins=0 * DAY), Standing.GOOD),
        (held(wish=DAY), Standing.NOT_YET),
        (held(withdrawn=-DAY), Standing.WITHDRAWN),
        (held(withdrawn=-DAY, ends=-DAY), Standing.WITHDRAWN),
    ],
)
def test_how_one_stands(one, standing):
    assert one.standing(NOW, MONTH) is standing


def first(*several):
    return in_order(several, NOW)[0].name


def test_the_newest_usable_one_is_used():
    old, new = held("SEAL"), held("SEAL@2", begins=-DAY, ends=300 * DAY)
    assert first(old, new) == first(new, old) == "SEAL@2"


@pytest.mark.parametrize(
    "unusable_one",
    [
        held("SEAL@2", begins=DAY, ends=300 * DAY),
        held("SEAL@2", wish=DAY, ends=300 * DAY),
        held("SEAL@2", begins=-DAY, withdrawn=-MINUTE),
        held("SEAL@2", begins=-DAY, ends=LAST_MINUTES),
        held("SEAL@2", begins=-DAY, ends=-MINUTE),
    ],
)
def test_one_that_can_not_be_used_comes_after_one_that_can(unusable_one):
    assert first(unusable_one, held("SEAL")) == "SEAL"


def test_a_fresh_one_waits_a_little_while_there_is_another():
    fresh = held("SEAL@2", begins=-SETTLES + MINUTE)
    assert first(fresh, held("SEAL")) == "SEAL"
    assert first(held("SEAL@2", begins=-SETTLES), held("SEAL")) == "SEAL@2"
    assert first(fresh, held("SEAL", ends=-DAY)) == "SEAL@2"


def test_made_in_one_second_the_later_name_is_the_newer():
    names = ["SEAL@2", "SEAL@10", "SEAL"]
    assert [one.name for one in in_order(map(held, names), NOW)] == ["SEAL@10", "SEAL@2", "SEAL"]


@pytest.mark.parametrize(
    ("several", "until"),
    [
        ([], None),
        ([held(ends=-DAY)], None),
        ([held(begins=DAY)], None),
        ([held(withdrawn=-DAY)], None),
        ([held()], 100 * DAY),
        ([held(), held(begins=50 * DAY, ends=300 * DAY)], 300 * DAY),
        ([held(), held(begins=50 * DAY, ends=300 * DAY, withdrawn=-DAY)], 100 * DAY),
        ([held(), held(begins=100 * DAY, ends=300 * DAY)], 100 * DAY),  # begins when the last minutes are over
        ([held(), held(begins=101 * DAY, ends=300 * DAY)], 100 * DAY),
        ([held(ends=DAY), held(begins=0 * DAY, ends=2 * DAY), held(begins=DAY, ends=9 * DAY)], 9 * DAY),
    ],
)
def test_successors_count_where_they_leave_no_gap(several, until):
    assert lasts_until(several, NOW) == (None if until is None else NOW + until)


DAYS = st.integers(-400, 400).map(lambda n: n * DAY)
ANY = st.builds(
    lambda b, length, w: held(begins=b, ends=b + abs(length), withdrawn=w), DAYS, DAYS, st.none() | DAYS
)


@given(st.lists(ANY, max_size=5), st.integers(0, 10_000))
def test_until_then_there_is_always_one(several, at):
    until = lasts_until(several, NOW)
    if until is None:
        assert not any(one.usable(NOW) for one in several)
        return
    moment = NOW + (until - LAST_MINUTES - MINUTE - NOW) * at / 10_000
    assert any(one.usable(moment) for one in several)


def test_there_is_a_remedy_for_every_reason():
    assert set(REMEDIES) == set(Unfit)


@pytest.mark.parametrize("reason", list(Unfit))
def test_the_error_names_the_seal_the_fault_and_what_to_do_in_both_languages(reason):
    design = SealDesign("SEAL-1", "示例区市场监督管理局", 42, "star")
    error = unusable(design, [Refusal(reason, "中文原因", "the reason"), Refusal(reason, "中文原因", "the reason")])
    zh, _, en = str(error).rpartition("；the seal ")
    assert all(words in zh for words in (design.name, design.id, "中文原因", REMEDIES[reason][0]))
    assert all(words in en for words in ("SEAL-1", "the reason", REMEDIES[reason][1]))
    assert str(error).count("the reason") == 1, "said once"
    assert en.isascii()
    assert (error.reason, error.retryable) == (reason, True)
