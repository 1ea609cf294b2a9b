"""Verify a signed PDF, alone or together with the evidence bundle that says that it was recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from docsvc.domain.verdict import Report
from docsvc.ports import LogKeys, Verifier
from docsvc.usecases import evidence


def verify_file(
    pdf: bytes,
    verifier: Verifier,
    at: dt.datetime,
    *,
    bundle: bytes | None = None,
    log_keys: LogKeys | None = None,
) -> Report:
    """The report on `pdf` at the aware moment `at`, never an exception for what is in the file or the bundle.

    With a bundle its checks join the report and the worst decides; `log_keys` are the log keys that count.
    Raises ValueError for a bundle without `log_keys`, or a moment without a time zone.
    """
    report = verifier.verify(pdf, at)
    if bundle is None:
        return report
    if log_keys is None:
        raise ValueError("a bundle can't be checked without the log keys that count")
    return report.joined_by(evidence.check(bundle, pdf, log_keys, at))


@dataclass(frozen=True, slots=True)
class Outside:
    """Verification of files that anybody may send."""

    verifier: Verifier
    log_keys: LogKeys
    clock: Callable[[], dt.datetime]

    def verify(self, pdf: bytes, bundle: bytes | None = None) -> Report:
        """The report as of now; never an exception for what is in the file or the bundle."""
        return verify_file(pdf, self.verifier, self.clock(), bundle=bundle, log_keys=self.log_keys)
