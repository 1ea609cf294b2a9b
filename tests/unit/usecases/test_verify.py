"""One report for a file, with or without its evidence bundle."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.verdict import Check, Indication, Report
from docsvc.usecases.verify import verify_file

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


class Verified:
    """A verifier with one answer."""

    def __init__(self, indication):
        self.check = Check("coverage", indication, "", "", "X")

    def verify(self, pdf, at):
        return Report(pdf.decode(), len(pdf), at, self.check.indication, (), (self.check,))


class NoKeys:
    """Log keys that know no signer."""

    def signer(self, _):
        return None


def test_without_a_bundle_the_report_is_the_verifiers():
    verifier = Verified(Indication.PASSED)
    assert verify_file(b"pdf", verifier, NOON) == verifier.verify(b"pdf", NOON)


def test_a_bad_bundle_fails_a_good_file():
    report = verify_file(b"pdf", Verified(Indication.PASSED), NOON, bundle=b"no zip", log_keys=NoKeys())
    assert report.indication is Indication.FAILED
    assert report.checks[-1].name == "evidence-form"


def test_a_bad_file_stays_bad_with_any_bundle():
    report = verify_file(b"pdf", Verified(Indication.FAILED), NOON, bundle=b"no zip", log_keys=NoKeys())
    assert report.indication is Indication.FAILED
    assert report.sub_indication == "X"


def test_a_bundle_needs_log_keys():
    with pytest.raises(ValueError, match="log keys"):
        verify_file(b"pdf", Verified(Indication.PASSED), NOON, bundle=b"")
