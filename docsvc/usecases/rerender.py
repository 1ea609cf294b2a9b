"""Make a document again from what is stored of it, and hold it against what was made then: for auditors."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from docsvc.domain.document import DocumentRow, DocumentType
from docsvc.domain.errors import ConflictError, NotFoundError
from docsvc.pipeline.convert import body_text, convert
from docsvc.pipeline.render import render
from docsvc.pipeline.store import object_key
from docsvc.ports import Converter, Database, Filler, ObjectStore, PageImages, Pages, QrCodes, ScanSigner
from docsvc.usecases.produce import accepted_of
from docsvc.usecases.template_versions import TemplateVersions

WIDTH_PX = 1100


@dataclass(frozen=True, slots=True)
class Rerendered:
    """What came out. `lines` is a unified diff of the text, `pages` are those that look otherwise (from 1)."""

    row: DocumentRow
    version: DocumentType
    lines: tuple[str, ...]
    pages: tuple[int, ...]
    same_docx: bool

    @property
    def same_text(self) -> bool:
        return not self.lines


@dataclass(frozen=True, slots=True)
class Rerendering:
    """Case, number and version are those of then; agency, fonts and office are those of today."""

    database: Database
    objects: ObjectStore
    versions: TemplateVersions
    filler: Filler
    codes: QrCodes
    scan_signer: ScanSigner
    public_url: str
    converter: Converter
    pages: Pages
    images: PageImages

    def rerender(self, row: DocumentRow) -> Rerendered:
        """Nothing is changed by it.

        Raises ConflictError where it was not made yet, NotFoundError where its version is gone, SealError where the
        case is no longer the one that was accepted, StoreError, and as production does where it can't be laid out.
        """
        if row.docx_sha256 is None or row.unsigned_sha256 is None or row.signed_sha256 is None:
            raise ConflictError(f"{row.number}尚未制成；it is not made yet")
        version = self.versions.of(row)
        if version is None:
            raise NotFoundError(
                f"{row.number}所用的模板版本已不存在；the template it was made with is gone: {row.template_sha256}"
            )
        accepted = accepted_of(row, version, self.database)
        filled = render(accepted, self.filler, self.codes, self.scan_signer, self.public_url)
        laid_out = convert(filled, self.converter, self.pages, test_data=accepted.case.is_test)
        then, pdf = self.objects.get(object_key(row.docx_sha256)), self.objects.get(object_key(row.unsigned_sha256))
        lines = difflib.unified_diff(
            body_text(then).splitlines(), body_text(filled.docx).splitlines(), "then", "now", lineterm="", n=1
        )
        before, now = self._pictures(pdf), self._pictures(laid_out.pdf)
        pages = (p for p in range(max(len(before), len(now))) if before[p : p + 1] != now[p : p + 1])
        return Rerendered(row, version, tuple(lines), tuple(p + 1 for p in pages), filled.sha256 == row.docx_sha256)

    def _pictures(self, pdf: bytes) -> list[bytes]:
        return [self.images.png(pdf, page, WIDTH_PX) for page in range(1, self.images.count(pdf) + 1)]
