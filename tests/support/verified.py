"""Fixtures and shorthand for tests of the verifier: good documents of one authority, findings by name."""

from __future__ import annotations

import datetime as dt
import functools
import io

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from docsvc.adapters.pades.examination import examine
from docsvc.domain.verdict import Indication, Report
from tests.support.signed_pdfs import Authority, Wish, plain_pdf, sign
from tests.vectors.bad_pdfs import Good


@functools.cache
def authority(kind: str = "ec") -> Authority:
    return Authority(kind)


@functools.cache
def signed(
    level: str = "B-LTA", kind: str = "ec", *, certify: bool = True, text: str = "Decision 1: nothing is owed"
):
    return sign(authority(kind), Wish(level=level, certify=certify), plain_pdf(text))


def with_text_field(pdf: bytes) -> bytes:
    """The same page with an empty form field on it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    reference, _ = writer.find_page_for_modification(0)
    field = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.pdf_string("Amount"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (70, 600, 270, 630))),
                pdf_name("/P"): reference,
            }
        )
    )
    reference.get_object()["/Annots"] = generic.ArrayObject([field])
    writer.mark_update(reference)
    writer.root["/AcroForm"] = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([field])})
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@functools.cache
def good() -> Good:
    own = authority()
    approved = signed("B-B", certify=False)
    return Good(
        certified=signed("B-B"),
        approved=approved,
        stored=signed("B-LT"),
        archived=signed("B-LTA"),
        twice=sign(own, Wish(level="B-B", certify=False, field="Second", visible=False), approved),
        form=sign(own, Wish(level="B-B"), with_text_field(plain_pdf())),
        other=signed("B-LTA", text="Decision 2: all is owed"),
    )


def soon() -> dt.datetime:
    """Shortly after all that the tests have signed."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)


def verify(pdf: bytes, *anchors: bytes, at: dt.datetime | None = None, max_signatures: int = 32) -> Report:
    """In this process, against the usual authority unless other anchors (DER) are given."""
    return examine(pdf, anchors or [authority().root.der], at or soon(), max_signatures=max_signatures)


def findings(report: Report, indication: Indication) -> dict[str, str | None]:
    """Check name → sub-indication of all checks with that indication."""
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    return {c.name: c.sub_indication for c in checks if c.indication is indication}


def remarks(report: Report) -> set[str]:
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    return {c.name for c in checks if c.remark}
