"""The signatures of a PDF as they stand in it: which there are, what each covers, the form of its value.

The steps are those of `examination`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docsvc.adapters.pades import byte_ranges, cms_checks, purposes, revisions, signer_checks, sm2_checks
from docsvc.adapters.pades.found import Found, malformed, unreadable
from docsvc.domain.verdict import Check

HEADER_WITHIN = 1024  # octets: where readers look for %PDF-
PADES_FILTER = "/ETSI.CAdES.detached"
SIGNATURE_FILTERS = {PADES_FILTER, "/adbe.pkcs7.detached"}


class Listing:
    """Filled by `open`, which leaves its findings about the file in `checks`, those about a signature with it."""

    def __init__(self, pdf: bytes, max_signatures: int) -> None:
        self.pdf = pdf
        self.max_signatures = max_signatures
        self.checks: list[Check] = []
        self.found: list[Found] = []
        self.purposes: dict[str, str] = {}  # what a signature field says it is for
        self.fields: dict[str, str | None] = {}  # all signature fields, with the sub-filter of what fills them
        self.reader: Any = None

    def open(self) -> bool:
        """Steps 1 to 4, and 9 for each signature; False where the file is not to be examined further."""
        # 1. Limits.
        place = self.pdf.find(b"%PDF-", 0, HEADER_WITHIN)
        if place < 0:
            self.checks.append(malformed(1, "structure", "不是PDF文件", "this is not a PDF file"))
            return False
        if place > 0:
            self.checks.append(
                Check.remarked(1, "structure", "PDF文件头之前有其他数据", "octets stand before the PDF header")
            )
        self.reader = PdfFileReader(io.BytesIO(self.pdf), strict=False)
        if self.reader.encrypted:
            self.checks.append(
                Check.undecided(
                    1, "structure", "GENERIC", "文件已加密，不能验证", "the file is encrypted and can't be verified"
                )
            )
            return False
        if self.reader.xrefs.hybrid_xrefs_present:
            self.checks.append(
                Check.remarked(
                    1,
                    "structure",
                    "文件有两套交叉引用表",
                    "the file has hybrid cross-references; readers may differ",
                )
            )
        # 2. Every filled signature field.
        every = list(enumerate_sig_fields(self.reader))
        self.fields = {str(name): None if value is None else "" for name, value, _ in every}
        self.purposes = {str(name): purposes.of(widget.get_object()) for name, _, widget in every}
        listed = [field for field in every if field[1] is not None]
        if len(listed) > self.max_signatures:
            self.checks.append(
                Check.undecided(
                    1,
                    "limits",
                    "GENERIC",
                    f"签名数量{len(listed)}超过上限{self.max_signatures}",
                    f"{len(listed)} signatures are more than the {self.max_signatures} that are examined",
                )
            )
            return False
        self._list(listed)
        return True

    def _list(self, listed: Sequence[Any]) -> None:
        seen: set[Any] = set()
        shapes: list[tuple[Found, Any, Any]] = []
        for name, value, widget in listed:
            dictionary = value.get_object()
            sub_filter = (
                dictionary.get("/SubFilter", "") if isinstance(dictionary, generic.DictionaryObject) else ""
            )
            found = Found(str(name), str(sub_filter), purpose=self.purposes[str(name)] or None)
            self.fields[found.name] = found.sub_filter
            self.found.append(found)
            reference = widget.get_object().raw_get("/V")
            if not isinstance(reference, generic.IndirectObject) or not isinstance(
                dictionary, generic.DictionaryObject
            ):
                found.checks.append(
                    malformed(2, "field", "签名域没有签名字典", "the field's value is no signature dictionary")
                )
                continue
            if reference.reference in seen:
                found.checks.append(
                    malformed(
                        2, "field", "两个签名域共用一个签名", "two signature fields share one signature dictionary"
                    )
                )
                continue
            seen.add(reference.reference)
            shapes.append((found, reference, widget))
            if not found.is_time_stamp and found.sub_filter not in SIGNATURE_FILTERS:
                found.checks.append(
                    Check.undecided(
                        2,
                        "sub-filter",
                        "GENERIC",
                        f"不支持的签名格式{found.sub_filter}",
                        f"the sub-filter {found.sub_filter or '(none)'} is not supported",
                    )
                )
        for found, reference, widget in shapes:  # once it is known what fills each field
            try:
                self._shape(found, reference, widget)
            except Exception as e:  # noqa: BLE001 - one broken signature must not hide the others
                found.checks.append(unreadable(e))

    def _shape(self, found: Found, reference: Any, widget: Any) -> None:
        # 3. Byte ranges.
        offset = self.reader.xrefs[reference.reference]
        if not isinstance(offset, int):
            found.checks.append(
                malformed(3, "byte-range", "签名字典被压缩存放", "the signature dictionary is compressed")
            )
            return
        try:
            found.raw = byte_ranges.raw_dictionary(self.pdf, offset)
        except byte_ranges.RawFault as e:
            found.checks.append(malformed(3, "byte-range", "签名字典无法读取", f"the signature dictionary: {e}"))
            return
        found.coverage, checks = byte_ranges.measure(self.pdf, found.raw)
        found.checks += checks
        if found.coverage is None:
            return
        # 4. CMS.
        found.shape, checks = cms_checks.read_shape(found.coverage.der, time_stamp=found.is_time_stamp)
        found.checks += checks
        if found.shape is None:
            return
        embedded = EmbeddedPdfSignature(self.reader, widget.get_object(), found.name)
        padded = embedded.pkcs7_content
        if padded[: len(found.coverage.der)] != found.coverage.der or any(padded[len(found.coverage.der) :]):
            found.checks.append(
                malformed(3, "byte-range", "空隙与签名值不是同一数据", "the gap is not the value that is read")
            )
            return
        found.embedded, found.revision = embedded, embedded.signed_revision
        if found.shape.digest == "sm3":  # which pyHanko does not know: given, it need not compute it
            embedded.external_digests[embedded.external_md_algorithm] = sm2_checks.sm3(self.covered(found.coverage))
        found.claimed = signer_checks.claimed(embedded)
        # 9. Coverage and changes.
        standing = revisions.check_changes(embedded, self.fields)
        found.certified = standing.certified
        found.checks += standing.checks

    def check(self) -> None:
        """Steps 2, 3 and 9 for all of them together."""
        coverages = [f.coverage for f in self.found if f.coverage is not None]
        outermost = max(coverages, key=lambda c: c.end, default=None)
        listed = [f.raw for f in self.found if f.raw is not None]
        # 2. No signature dictionary outside the fields.
        inside = outermost.end if outermost else 0
        if byte_ranges.unlisted(self.pdf, listed, inside):
            self.checks.append(
                malformed(
                    2,
                    "unlisted",
                    "文件中有签名，但没有签名域指向它",
                    "a signature dictionary stands in the file that no signature field leads to",
                )
            )
        elif byte_ranges.unlisted(self.pdf, listed, 0):
            self.checks.append(
                Check.remarked(
                    2,
                    "unlisted",
                    "文件的早期修订版中有已移除的签名",
                    "a signature of an earlier revision was removed",
                )
            )
        if byte_ranges.overlaps(coverages):
            self.checks.append(
                malformed(3, "byte-range", "两个签名的范围相互重叠", "the ranges of two signatures overlap")
            )
        if not any(not f.is_time_stamp for f in self.found):
            self.checks.append(
                Check.undecided(
                    2, "signatures", "NO_SIGNATURE_FOUND", "文件中没有电子签名", "the file carries no signature"
                )
            )
        # 9. Coverage of the whole file.
        if self.found:
            last = max(
                (f for f in self.found if f.coverage is not None and f.embedded is not None),
                key=lambda f: f.coverage.end if f.coverage else 0,
                default=None,
            )
            revision = last.revision if last else 0
            if last is not None and last.shape is not None:
                siblings = [t for f in self.found if f.shape is not None for t in f.shape.tokens]
                last.checks += signer_checks.check_identifiers(last.shape, siblings)
            self.checks.append(
                revisions.check_end(self.pdf, self.reader, last.coverage if last else None, revision)
            )

    def covered(self, coverage: byte_ranges.Coverage) -> tuple[memoryview, memoryview]:
        """The octets of a byte range."""
        view = memoryview(self.pdf)
        return view[: coverage.gap_start], view[coverage.gap_end : coverage.end]
