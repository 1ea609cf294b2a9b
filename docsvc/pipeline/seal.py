"""The sealing stage: find the place, press the seal, look at the result with our own verifier."""

from __future__ import annotations

import dataclasses
import datetime as dt

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Accepted, LaidOut, Level, Sealed
from docsvc.domain.errors import SealError
from docsvc.domain.verdict import Indication, Report
from docsvc.ports import Pages, Sealer, Verifier


def seal(
    laid_out: LaidOut,
    accepted: Accepted,
    target: Level,
    pages: Pages,
    sealer: Sealer,
    verifier: Verifier,
    now: dt.datetime,
) -> Sealed:
    """The signed PDF with the level it reached.

    Below B-LT a file carries no answer on revocation, so that its verdict can be no better than INDETERMINATE; that
    is let pass, with the shortfall recorded. Raises SealError where the place is not found, the seal can't be used,
    or our own verifier does not say what the level promises.
    """
    design = accepted.agency.seal
    date = chinese_date(accepted.case.issue_date)
    # What stands under the document is the agency's name, whatever words its seal bears.
    place = pages.seal_place(laid_out.pdf, accepted.agency.name, date, design.diameter_mm)
    place = dataclasses.replace(place, across_pages=accepted.doc_type.cross_page_seal)
    pdf, achieved, shortfall = sealer.seal(laid_out.pdf, place, design, target)
    report = verifier.verify(pdf, now)
    if report.indication is Indication.FAILED:
        raise SealError(f"the sealed document does not stand its own verification: {_faults(report)}")
    if achieved.rank >= Level.B_LT.rank and report.indication is not Indication.PASSED:
        raise SealError(f"the sealed document is {achieved} but its verification is open: {_faults(report)}")
    return Sealed(pdf, sha256_hex(pdf), target, achieved, shortfall)


def chinese_date(date: dt.date) -> str:
    """GB/T 9704-2012, 7.3.5.4: Arabic numerals, no leading zeros."""
    return f"{date.year}年{date.month}月{date.day}日"


def _faults(report: Report) -> str:
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    return "; ".join(c.message for c in checks if c.indication is not Indication.PASSED) or "no reason given"
