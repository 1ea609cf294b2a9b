"""An SM2 PKI beside the development one, and PDFs sealed with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from docsvc.adapters.pades.sm2_sealer import Sm2Sealer
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.sm2_folder import Sm2Keys, init_sm2
from docsvc.domain.document import SealPlace, Slot
from docsvc.domain.verdict import Report
from tests.support.sealing import AGENCY, agency, make_pki, plain_pdf, sealer_for

AGENCIES = [AGENCY, agency(2, "舟山市示例区第二管理局")]


def make_sm2(folder: Path, now: dt.datetime | None = None) -> Path:
    """Development keys with SM2 keys for two seals."""
    make_pki(folder, agencies=AGENCIES)
    init_sm2(folder, AGENCIES, now or dt.datetime.now(dt.UTC))
    return folder


def sealed(folder: Path, seals: int = 1, pdf: bytes | None = None) -> bytes:
    """A PDF with that many SM2 signatures."""
    slots = [
        Slot(SealPlace(0, 160 + 220 * n, 300), one.seal, f"Seal{n + 1}") for n, one in enumerate(AGENCIES[:seals])
    ]
    return Sm2Sealer(Sm2Keys(folder), sealer_for(folder).appearance).seal(pdf or plain_pdf(), slots)


def verdict(pdf: bytes, *anchors: Path, at: dt.datetime | None = None) -> Report:
    """The report of our own verifier."""
    moment = at or dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    return PdfVerifier(anchors, isolated=False).verify(pdf, moment)


def subs(report: Report) -> set[str]:
    """Sub-indications of everything that does not pass."""
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    return {c.sub_indication for c in checks if c.sub_indication}
