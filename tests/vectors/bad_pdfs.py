"""Named-bad signed PDFs: each known attack on PDF signatures, rebuilt from a good document by a few lines.

Names follow the literature: universal signature forgery (USF), incremental saving attack (ISA), signature wrapping
attack (SWA), shadow attacks, certification attacks.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

GAP = re.compile(rb"/Contents ?<([0-9a-fA-F]{200,})>")
RANGE = re.compile(rb"/ByteRange ?\[([\d ]+)\]( *)")


@dataclass(frozen=True)
class Good:
    """What the attacks start from: documents signed by one authority."""

    certified: bytes  # B-B, no changes allowed
    approved: bytes  # B-B, not certified
    stored: bytes  # B-LT, certified
    archived: bytes  # B-LTA, certified
    twice: bytes  # two B-B signatures, not certified
    form: bytes  # B-B, certified, with an empty text field
    other: bytes  # B-LTA of another text


@dataclass(frozen=True)
class Bad:
    """A builder with the check that must find it."""

    build: Callable[[Good], bytes]
    check: str  # name of the failing check
    sub_indication: str = "FORMAT_FAILURE"


BAD: dict[str, Bad] = {}


def bad(check: str, sub_indication: str = "FORMAT_FAILURE"):
    def register(build: Callable[[Good], bytes]):
        BAD[build.__name__] = Bad(build, check, sub_indication)
        return build

    return register


def last_gap(pdf: bytes) -> re.Match[bytes]:
    return list(GAP.finditer(pdf))[-1]


def gap_der(pdf: bytes) -> bytes:
    """The CMS in the last gap without its padding."""
    octets = bytes.fromhex(last_gap(pdf)[1].decode())
    length = len(cms.ContentInfo.load(octets).dump())
    return octets[:length]


def with_gap(pdf: bytes, der: bytes, padding: bytes = b"\0") -> bytes:
    """The same file with another CMS in the last gap."""
    gap = last_gap(pdf)
    room = len(gap[1]) // 2
    assert len(der) <= room
    digits = (der + padding * (room - len(der))).hex()
    upper = gap[1] == gap[1].upper()
    return pdf[: gap.start(1)] + (digits.upper() if upper else digits).encode() + pdf[gap.end(1) :]


def _replaced(pdf: bytes, old: bytes, new: bytes) -> bytes:
    at = pdf.rindex(old)
    assert len(old) == len(new)
    return pdf[:at] + new + pdf[at + len(old) :]


def revised(pdf: bytes, edit: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """One more revision, as any editor would append it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    edit(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _page(writer):
    reference, _ = writer.find_page_for_modification(0)
    return reference.get_object(), reference


@bad("byte-range")
def usf_no_contents(good):
    return _replaced(good.certified, b"/Contents <30", b"/Contentz <30")


@bad("byte-range")
def usf_no_byte_range(good):
    return _replaced(good.certified, b"/ByteRange", b"/ByteRanga")


@bad("byte-range")
def usf_byte_range_null(good):
    found = list(RANGE.finditer(good.certified))[-1]
    text = b"/ByteRange null".ljust(len(found[0]))
    return good.certified[: found.start()] + text + good.certified[found.end() :]


@bad("byte-range")
def usf_byte_range_empty(good):
    found = list(RANGE.finditer(good.certified))[-1]
    text = b"/ByteRange []".ljust(len(found[0]))
    return good.certified[: found.start()] + text + good.certified[found.end() :]


@bad("cms-structure")
def usf_contents_zero(good):
    return with_gap(good.certified, b"")


@bad("cms-structure")
def cms_without_signers(good):
    content = cms.ContentInfo.load(gap_der(good.certified))
    content["content"]["signer_infos"] = []
    return with_gap(good.certified, content.dump(force=True))


@bad("cms-structure")
def cms_with_its_signer_twice(good):
    content = cms.ContentInfo.load(gap_der(good.certified))
    infos = content["content"]["signer_infos"]
    content["content"]["signer_infos"] = [infos[0].copy(), infos[0].copy()]
    return with_gap(good.certified, content.dump(force=True))


@bad("signature-value", "SIG_CRYPTO_FAILURE")
def cms_without_certificates(good):
    content = cms.ContentInfo.load(gap_der(good.certified))
    del content["content"]["certificates"]
    return with_gap(good.certified, content.dump(force=True))


@bad("changes")
def isa_page_content_replaced(good):
    def edit(writer):
        page, reference = _page(writer)
        page["/Contents"] = writer.add_object(
            generic.StreamObject(stream_data=b"BT /F1 20 Tf 72 700 Td (Decision 1: 10000 is owed) Tj ET")
        )
        writer.mark_update(reference)

    return revised(good.certified, edit)


@bad("changes")
def isa_page_content_replaced_after_archive(good):
    return isa_page_content_replaced(dataclasses.replace(good, certified=good.archived))


@bad("structure")
def isa_object_without_cross_reference(good):
    return good.certified + b"4 0 obj\n<</Length 3>>\nstream\nq Q\nendstream\nendobj\n%%EOF\n"


@bad("coverage")
def isa_object_hidden_in_the_store_revision(good):
    at = good.stored.rindex(b"\nxref") + 1
    hidden = b"4 0 obj\n<</Length 3>>\nstream\nq Q\nendstream\nendobj\n"
    text = good.stored[:at] + hidden + good.stored[at:]
    start = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", text)
    assert start is not None
    return text[: start.start(1)] + str(int(start[1]) + len(hidden)).encode() + text[start.end(1) :]


@bad("changes")
def overlay_annotation_on_certified(good):
    return _overlaid(good.certified)


@bad("changes")
def overlay_annotation_on_approved(good):
    return _overlaid(good.approved)


def _overlaid(pdf):
    def edit(writer):
        page, reference = _page(writer)
        picture = generic.StreamObject(
            generic.DictionaryObject(
                {
                    pdf_name("/Type"): pdf_name("/XObject"),
                    pdf_name("/Subtype"): pdf_name("/Form"),
                    pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 400, 40))),
                }
            ),
            stream_data=b"1 1 1 rg 0 0 400 40 re f",
        )
        annotation = writer.add_object(
            generic.DictionaryObject(
                {
                    pdf_name("/Type"): pdf_name("/Annot"),
                    pdf_name("/Subtype"): pdf_name("/Stamp"),
                    pdf_name("/F"): generic.NumberObject(4),
                    pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (70, 690, 470, 730))),
                    pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(picture)}),
                }
            )
        )
        page["/Annots"] = generic.ArrayObject([*page.get("/Annots", []), annotation])
        writer.mark_update(reference)

    return revised(pdf, edit)


@bad("changes")
def shadow_form_filled_on_certified(good):
    def edit(writer):
        field = writer.root["/AcroForm"]["/Fields"].raw_get(0)
        field.get_object()["/V"] = generic.pdf_string("10000 is owed")
        writer.mark_update(field)

    return revised(good.form, edit)


@bad("changes")
def shadow_seal_picture_replaced(good):
    def edit(writer):
        for reference in writer.root["/AcroForm"]["/Fields"]:
            reference.get_object()
        field = writer.root["/AcroForm"]["/Fields"][0]
        picture = field["/AP"].raw_get("/N")
        picture.get_object()._data = b"0 0 1 rg 0 0 120 120 re f"
        picture.get_object()._encoded_data = None
        writer.mark_update(picture)

    return revised(good.certified, edit)


@bad("changes")
def catalog_action_added(good):
    def edit(writer):
        writer.root["/OpenAction"] = generic.DictionaryObject(
            {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
        )
        writer.update_root()

    return revised(good.certified, edit)


@bad("unlisted")
def signature_field_removed(good):
    def edit(writer):
        writer.root["/AcroForm"]["/Fields"] = generic.ArrayObject()
        writer.update_root()
        writer.update_container(writer.root["/AcroForm"])

    return revised(good.certified, edit)


@bad("field")
def value_shared_by_two_fields(good):
    def edit(writer):
        form = writer.root["/AcroForm"]
        first = form["/Fields"][0]
        twin = generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): generic.pdf_string("Twin"),
                pdf_name("/V"): first.raw_get("/V"),
            }
        )
        form["/Fields"].append(writer.add_object(twin))
        writer.update_container(form["/Fields"])

    return revised(good.approved, edit)


def _wrapped(good, entries: bytes = b"", byte_ranges: int = 1) -> bytes:
    """The signature wrapping attack in full: what is digested stays as it was, what is shown does not.

    The gap is widened; in it the signature dictionary is closed early, with a /ByteRange that skips the new octets,
    followed by another page content and, where the file's end looks for it, another cross-reference table.
    """
    pdf = good.certified
    gap = last_gap(pdf)
    table_at = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
    table = pdf[table_at : pdf.index(b"startxref", table_at)]
    content = b"BT /F1 20 Tf 72 700 Td (Decision 1: 10000 is owed) Tj ET"
    forged = b"4 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (len(content), content)
    size = table_at - gap.end() + len(table) + 60
    second = gap.end() + size
    rest = len(pdf) - gap.end()
    closing = f"/ByteRange [0 {gap.start(1) - 1} {second} {rest}]".encode() * byte_ranges
    kind = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
    head = b" " + entries + kind + closing + b">>\nendobj\n"
    content_at = gap.end() + len(head)
    head += forged
    assert gap.end() + len(head) < table_at, "the gap must have room before the table"
    # Objects that stood behind the gap have moved; object 4 is the forged one.
    moved = re.sub(
        rb"(\d{10}) 00000 n",
        lambda m: b"%010d 00000 n" % (int(m[1]) + (size if int(m[1]) > gap.end() else 0)),
        table,
    ).replace(b"xref\n", b"xref\n4 1\n%010d 00000 n \n" % content_at, 1)
    inserted = (head.ljust(table_at - gap.end()) + moved).ljust(size)
    return pdf[: gap.end()] + inserted + pdf[gap.end() :]


@bad("byte-range")
def swa_wrapped(good):
    return _wrapped(good)


@bad("byte-range")
def swa_with_two_byte_ranges(good):
    return _wrapped(good, byte_ranges=2)


@bad("byte-range")
def swa_with_two_contents(good):
    return _wrapped(good, b"/Contents <" + last_gap(good.certified)[1][:20] + b">")


@bad("byte-range")
def swa_with_two_contents_in_two_spellings(good):
    return _wrapped(good, b"/Cont#65nts <" + last_gap(good.certified)[1][:20] + b">")


@bad("byte-range")
def byte_range_of_six(good):
    found = list(RANGE.finditer(good.certified))[-1]
    text = (b"/ByteRange [" + found[1].strip() + b" 0 0]").ljust(len(found[0]))
    return good.certified[: found.start()] + text + good.certified[found.end() :]


@bad("byte-range")
def byte_range_past_the_end(good):
    return _ranged(good, lambda a, b, c, d: (a, b, c, d + 9))


@bad("byte-range")
def byte_range_not_from_the_start(good):
    return _ranged(good, lambda a, b, c, d: (a + 1, b - 1, c, d))


@bad("byte-range")
def byte_range_with_wider_gap(good):
    return _ranged(good, lambda a, b, c, d: (a, b - 20, c, d))


@bad("byte-range")
def byte_range_short_of_its_revision(good):
    return _ranged(good, lambda a, b, c, d: (a, b, c, d - 8))


def _ranged(good, change) -> bytes:
    found = list(RANGE.finditer(good.certified))[-1]
    numbers = change(*map(int, found[1].split()))
    text = ("/ByteRange [" + " ".join(map(str, numbers)) + "]").encode().ljust(len(found[0]))
    assert len(text) == len(found[0])
    return good.certified[: found.start()] + text + good.certified[found.end() :]


@bad("signature-value", "SIG_CRYPTO_FAILURE")
def only_the_first_of_two_is_valid(good):
    content = cms.ContentInfo.load(gap_der(good.twice))
    signer = content["content"]["signer_infos"][0]
    value = bytearray(signer["signature"].native)
    value[-1] ^= 1
    signer["signature"] = bytes(value)
    return with_gap(good.twice, content.dump())


@bad("time-stamp", "HASH_FAILURE")
def token_of_another_document(good):
    return with_gap(good.archived, gap_der(good.other))


@bad("contents-gap")
def padding_not_zero(good):
    return with_gap(good.archived, gap_der(good.archived), b"\x01")


@bad("contents-gap")
def digits_of_mixed_case(good):
    gap = last_gap(good.archived)
    digits = bytearray(gap[1])
    at = next(i for i, c in enumerate(digits) if chr(c).isalpha())
    digits[at : at + 1] = bytes(digits[at : at + 1]).swapcase()
    return good.archived[: gap.start(1)] + bytes(digits) + good.archived[gap.end(1) :]


@bad("contents-gap")
def indefinite_length(good):
    der = gap_der(good.archived)
    return with_gap(good.archived, b"\x30\x80" + der[4:] + b"\0\0")


@bad("cms-structure")
def version_raised(good):
    content = cms.ContentInfo.load(gap_der(good.archived))
    content["content"]["version"] = "v5"
    return with_gap(good.archived, content.dump())


@bad("cms-structure")
def digest_listed_is_another(good):
    content = cms.ContentInfo.load(gap_der(good.archived))
    content["content"]["digest_algorithms"] = [{"algorithm": "sha512"}]
    return with_gap(good.archived, content.dump())


@bad("cms-structure")
def signature_algorithm_renamed(good):
    """rsaEncryption and sha256WithRSAEncryption verify alike; only the protected attribute tells them apart."""
    content = cms.ContentInfo.load(gap_der(good.archived))
    content["content"]["signer_infos"][0]["signature_algorithm"] = {"algorithm": "sha256_rsa"}
    return with_gap(good.archived, content.dump())


@bad("embedded-certificates")
def embedded_certificate_altered(good):
    der = bytearray(gap_der(good.archived))
    at = der.index(b"Test issuing")  # first in the issuer of the first certificate
    der[at] ^= 0x20
    return with_gap(good.archived, bytes(der))


@bad("structure")
def octets_prepended(good):
    return b"%PDF-1.7\n%junk\n" + good.certified


@bad("coverage")
def octets_appended(good):
    return good.archived + b"\n"


@bad("structure")
def end_of_file_repeated(good):
    return good.archived + b"%%EOF\n"


@bad("byte-range")
def last_newline_cut(good):
    return good.archived[:-1]


@bad("structure")
def revision_cut_off(good):
    return good.archived[: good.archived.rindex(b"startxref")]


@bad("signature-value", "HASH_FAILURE")
def text_altered_in_place(good):
    return _replaced(good.certified, b"nothing is owed", b"10000   is owed")


@bad("signature-value", "HASH_FAILURE")
def sub_filter_unknown_and_text_altered(good):
    return _replaced(good.certified, b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detacheX")
