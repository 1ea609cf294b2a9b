"""Verdicts: the worst decides, and a report survives its JSON form."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsvc.domain.document import Level
from docsvc.domain.verdict import (
    SEVERITY,
    Check,
    Indication,
    Report,
    RevocationUse,
    SignatureReport,
    gravest,
    worst,
)

PASSED, OPEN, FAILED = Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED
moments = st.integers(0, 7_000_000_000).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))
texts = st.text(max_size=12)
checks = st.builds(
    Check,
    texts,
    st.sampled_from(Indication),
    texts,
    texts,
    st.none() | texts,
    st.integers(0, 13),
    st.booleans(),
)
uses = st.builds(
    RevocationUse,
    st.sampled_from(["OCSP", "CRL"]),
    texts,
    st.sampled_from(["good", "revoked", "unknown"]),
    moments,
    st.none() | moments,
    texts,
    st.none() | moments,
)
signatures = st.builds(
    SignatureReport,
    field=texts,
    kind=st.sampled_from(["signature", "document-timestamp"]),
    indication=st.sampled_from(Indication),
    checks=st.lists(checks, max_size=3).map(tuple),
    level=st.none() | st.sampled_from(Level),
    signer=st.none() | texts,
    signed_at=st.none() | moments,
    claimed_at=st.none() | moments,
    revocation=st.lists(uses, max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    sha256=texts,
    size=st.integers(0),
    verified_at=moments,
    indication=st.sampled_from(Indication),
    signatures=st.lists(signatures, max_size=2).map(tuple),
    checks=st.lists(checks, max_size=3).map(tuple),
    level=st.none() | st.sampled_from(Level),
    notices=st.lists(texts, max_size=2).map(tuple),
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], OPEN),
        ([PASSED], PASSED),
        ([PASSED, OPEN], OPEN),
        ([OPEN, FAILED, PASSED], FAILED),
        ([PASSED, PASSED], PASSED),
        ([FAILED], FAILED),
    ],
)
def test_the_worst_decides(found, expected):
    assert worst(found) is expected


@settings(deadline=None)
@given(st.lists(st.sampled_from(Indication), min_size=1))
def test_the_worst_is_one_of_them_and_none_is_worse(found):
    assert worst(found) in found
    assert all(SEVERITY.index(worst(found)) >= SEVERITY.index(i) for i in found)


def test_the_gravest_check_is_the_first_of_the_worst():
    good = Check.passed(1, "a", "", "")
    remark = Check.remarked(1, "r", "", "")
    open_, broken = Check.undecided(2, "b", "TRY_LATER", "", ""), Check.failed(3, "c", "FORMAT_FAILURE", "", "")
    later = Check.failed(4, "d", "HASH_FAILURE", "", "")
    assert gravest([good, remark]) is None
    assert gravest([good, open_]) is open_
    assert gravest([open_, broken, later]) is broken


@settings(deadline=None)
@given(reports)
def test_a_report_survives_json(report):
    assert Report.from_json(json.loads(json.dumps(report.as_json()))) == report


@settings(deadline=None)
@given(reports, st.lists(checks, max_size=3))
def test_more_checks_never_make_a_report_better(report, more):
    joined = report.joined_by(more)
    inside = [c.indication for c in (*report.checks, *more)] + [s.indication for s in report.signatures]
    assert joined.indication is worst(inside)
    assert joined.checks == (*report.checks, *more)
    assert joined.signatures == report.signatures
