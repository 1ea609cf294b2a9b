"""One report for a file, with or without its evidence bundle."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time

import pytest

from docsvc.domain.errors import OverloadedError
from docsvc.domain.verdict import Check, Indication, Report
from docsvc.usecases.verify import Outside, verify_file

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


class Slow(Verified):
    """Takes until it is let go, and knows how many it is asked for at once."""

    def __init__(self):
        super().__init__(Indication.PASSED)
        self.let_go = threading.Event()
        self.running = self.most = 0

    def verify(self, pdf, at):
        self.running += 1
        self.most = max(self.most, self.running)
        self.let_go.wait(30)
        self.running -= 1
        return super().verify(pdf, at)


def test_few_run_some_wait_the_rest_is_refused_at_once():
    verifier, turns = Slow(), max(2, os.cpu_count() or 1)
    outside = Outside(verifier, NoKeys(), lambda: NOON, places=turns + 2)
    reports = []
    callers = [threading.Thread(target=lambda: reports.append(outside.verify(b"pdf"))) for _ in range(turns + 2)]
    for caller in callers:
        caller.start()
    while outside._place._value or verifier.running < turns:
        time.sleep(0.01)
    with pytest.raises(OverloadedError):
        outside.verify(b"pdf")
    verifier.let_go.set()
    for caller in callers:
        caller.join()
    assert (len(reports), verifier.most) == (turns + 2, turns)
    assert outside.verify(b"pdf").indication is Indication.PASSED


def test_nobody_waits_longer_than_the_patience():
    verifier, turns = Slow(), max(2, os.cpu_count() or 1)
    outside = Outside(verifier, NoKeys(), lambda: NOON, places=turns + 1, patience_s=0.01)
    callers = [threading.Thread(target=outside.verify, args=(b"pdf",)) for _ in range(turns)]
    for caller in callers:
        caller.start()
    while verifier.running < turns:
        time.sleep(0.01)
    with pytest.raises(OverloadedError):
        outside.verify(b"pdf")
    verifier.let_go.set()
    for caller in callers:
        caller.join()
    assert outside.verify(b"pdf").indication is Indication.PASSED
