"""Verify a signed PDF, alone or together with the evidence bundle that says that it was recorded."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.errors import OverloadedError
from docsvc.domain.verdict import Report
from docsvc.ports import LogKeys, Verifier
from docsvc.usecases import evidence

MANY: Final = "同时验证的文件过多，请稍后重试；too many files at once: try again in a little while"


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
    """Verification of files that anybody may send. It is costly: only as many run as there are processors, and only
    `places` callers run or wait for their turn, so that threads are left for everybody else.
    """

    verifier: Verifier
    log_keys: LogKeys
    clock: Callable[[], dt.datetime]
    places: int = 4
    patience_s: float = 30
    _turn: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(max(2, os.cpu_count() or 1)), init=False
    )
    _place: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", threading.BoundedSemaphore(self.places))

    def verify(self, pdf: bytes, bundle: bytes | None = None) -> Report:
        """The report as of now; never an exception for what is in the file or the bundle.

        Raises OverloadedError where there is no place, or no turn within `patience_s`.
        """
        if not self._place.acquire(blocking=False):
            raise OverloadedError(MANY)
        try:
            if not self._turn.acquire(timeout=self.patience_s):
                raise OverloadedError(MANY)
            try:
                return verify_file(pdf, self.verifier, self.clock(), bundle=bundle, log_keys=self.log_keys)
            finally:
                self._turn.release()
        finally:
            self._place.release()
