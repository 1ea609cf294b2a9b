"""The sealing stage: find the places, press the seals, look at the result with our own verifier."""

from __future__ import annotations

import dataclasses
import datetime as dt

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Accepted, LaidOut, Level, Sealed, Slot
from docsvc.domain.errors import SealError
from docsvc.domain.joint import arrange
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
    is let pass, with the shortfall recorded. Raises SealError where a place is not found, a seal can't be used,
    or our own verifier does not say what the level promises.
    """
    slots = signature_slots(laid_out, accepted, pages)
    pdf, achieved, shortfall = sealer.seal(laid_out.signed or laid_out.pdf, slots, target)
    if laid_out.signed and not pdf.startswith(laid_out.signed):
        raise SealError("the sealed document does not continue the signed one")
    report = verifier.verify(pdf, now)
    if report.indication is Indication.FAILED:
        raise SealError(f"the sealed document does not stand its own verification: {_faults(report)}")
    if achieved.rank >= Level.B_LT.rank and report.indication is not Indication.PASSED:
        raise SealError(f"the sealed document is {achieved} but its verification is open: {_faults(report)}")
    return Sealed(pdf, sha256_hex(pdf), target, achieved, shortfall)


def signature_slots(laid_out: LaidOut, accepted: Accepted, pages: Pages) -> list[Slot]:
    """Where each agency seals, in their order; a seal across the pages is the first one's."""
    date = chinese_date(accepted.case.issue_date)
    designs = [agency.seal for agency in accepted.sealing]
    diameters = [design.diameter_mm for design in designs]
    # What stands under the document is the agency's name, whatever words its seal bears.
    if accepted.joint:
        places = pages.joint_places(laid_out.pdf, arrange(accepted.joint).rows, date, diameters)
    else:
        places = [pages.seal_place(laid_out.pdf, accepted.agency.name, date, *diameters)]
    places = [dataclasses.replace(places[0], across_pages=accepted.doc_type.cross_page_seal), *places[1:]]
    numbered = zip(places, designs, range(1, len(designs) + 1), strict=True)
    return [Slot(place, design, f"Seal{n}" if n > 1 else "Seal") for place, design, n in numbered]


def chinese_date(date: dt.date) -> str:
    """GB/T 9704-2012, 7.3.5.4: Arabic numerals, no leading zeros."""
    return f"{date.year}年{date.month}月{date.day}日"


def _faults(report: Report) -> str:
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    return "; ".join(c.message for c in checks if c.indication is not Indication.PASSED) or "no reason given"
