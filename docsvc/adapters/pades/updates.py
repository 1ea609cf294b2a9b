"""Incremental updates of a PDF: signatures, the document security store, document time-stamps."""

from __future__ import annotations

import datetime as dt
import io
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pyhanko.pdf_utils import generic as pyhanko_generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docsvc.adapters.pades.across import draw_on, press_across
from docsvc.adapters.pades.form_tags import tag_field
from docsvc.adapters.pades.seal_art import Appearance
from docsvc.adapters.pades.seal_image import Raster
from docsvc.adapters.pades.trust import Evidence
from docsvc.domain.document import Slot
from docsvc.domain.envelope import Box
from docsvc.domain.errors import SealError

generic: Any = pyhanko_generic  # whose constructors declare no types
STAMP_FIELD = "DocumentTimeStamp"
SHA256 = "sha256"


class RoomError(Exception):
    """A signature is larger than the room kept for it; `needed` is in bytes of DER."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        super().__init__(f"{needed} bytes needed")


class _Update(IncrementalPdfFileWriter):
    """Leaves the document's metadata as the converter wrote it.

    A signature changes no content. Rewriting Info and XMP, as pyHanko does in each revision, would be a change
    after certification to which a strict reader may object.
    """

    def _update_meta(self) -> None:
        return


class Awaited(Protocol):
    """A signature that is still to come: its empty field is declared by the first."""

    @property
    def name(self) -> str:
        """The field's name."""

    @property
    def field(self) -> SigFieldSpec:
        """The field, with its place."""

    @property
    def described(self) -> str:
        """What the field is for, in words."""


class Signing(Awaited, Protocol):
    """A signature that is written now."""

    @property
    def signer(self) -> str:
        """Who signs: /Name of the signature dictionary."""

    @property
    def at(self) -> dt.datetime:
        """When, as the signer says: /M."""

    @property
    def appearance(self) -> Appearance:
        """What the field shows."""

    @property
    def across_pages(self) -> bool:
        """Does it also show in slices over the right edges of all pages?"""

    @property
    def elsewhere(self) -> Sequence[tuple[Box, Appearance]]:
        """Where it shows in the pages beside its field."""


@dataclass(frozen=True, slots=True)
class SealDetails:
    """What stands in the signature dictionary and on the page."""

    slot: Slot
    appearance: Appearance
    at: dt.datetime
    elsewhere: Sequence[tuple[Box, Appearance]] = ()

    @property
    def name(self) -> str:
        return self.slot.field

    @property
    def signer(self) -> str:
        return self.slot.design.name

    @property
    def across_pages(self) -> bool:
        return self.slot.place.across_pages

    @property
    def field(self) -> SigFieldSpec:
        place = self.slot.place
        return SigFieldSpec(
            self.slot.field,
            on_page=place.page,
            box=self.appearance.box_at(place.x, place.y),  # type: ignore[arg-type]  # typed int, written as reals
            readable_field_name=self.described,
        )

    @property
    def described(self) -> str:
        return f"{self.slot.design.name} 电子印章"


@dataclass(frozen=True, slots=True)
class Form:
    """What a signature says that it is."""

    sub_filter: Any = SigSeedSubFilter.PADES
    reason: str | None = None


PADES = Form()


def write_seal(
    pdf: bytes,
    own: Signing,
    later: Sequence[Awaited],
    room: int,
    sign: Callable[[bytes], bytes],
    digest: str = SHA256,
    form: Form = PADES,
) -> bytes:
    """`pdf` with the signature `own` (by its form ETSI.CAdES.detached) in its visible field; `later` are those that
    are still to come.

    `sign` turns the `digest` of the byte range into a CMS (DER), for which `room` bytes are kept. Raises
    SealError where the file can't be signed (damaged, encrypted, signed already), RoomError where `room` is small.
    """
    with _refusals():
        protocol, setup = _begun(pdf, own, later, room, digest, form)
        return _filled(protocol, setup, room, sign, digest)


def reserve(pdf: bytes, own: Signing, later: Sequence[Awaited], room: int, digest: str) -> tuple[bytes, bytes]:
    """As `write_seal`, but with the room left empty; and the `digest` of all around it. Raises SealError."""
    with _refusals():
        protocol, setup = _begun(pdf, own, later, room, digest)
        protocol.send(setup)
        prepared, output = protocol.send(SigIOSetup(md_algorithm=digest))
        protocol.close()
        return output.getvalue(), prepared.document_digest


def _begun(
    pdf: bytes, own: Signing, later: Sequence[Awaited], room: int, digest: str, form: Form = PADES
) -> tuple[Generator[Any, Any, None], SigObjSetup]:
    """A revision with all but the signature itself.

    The first signature of a document certifies it (DocMDP) and declares the empty fields of all that follow:
    without any, P=1 (no changes), else P=2 with all but those fields locked. Each later one goes into its declared
    field, and the last locks everything.
    """
    writer = _open(pdf, pades=form is PADES)
    declared = own.name in _empty_fields(writer)
    if not declared and next(enumerate_sig_fields(writer, filled_status=True), None):
        raise SealError("the document bears a signature already; one that it did not declare must be the first")
    if declared and own.elsewhere:
        raise SealError("only the first signature may show on other pages too")
    protocol = PdfCMSEmbedder(new_field_spec=own.field).write_cms(own.name, writer, existing_fields_only=declared)
    reference = next(protocol)
    field = reference.get_object()
    images: dict[int, Any] = {}
    picture = writer.add_object(_form(writer, own.appearance, images))
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): picture})
    if own.across_pages:
        press_across(writer, picture, own.appearance.side)
    for box, appearance in own.elsewhere:
        shown = writer.add_object(_form(writer, appearance, images))
        draw_on(writer, box.page, shown, b"1 0 0 1 %.3f %.3f cm" % (box.left, box.bottom))
    if not declared:
        tag_field(writer, reference, own.described)
        for awaited in later:
            append_signature_field(writer, awaited.field)
            _, _, appended = next(enumerate_sig_fields(writer, with_name=awaited.name))
            tag_field(writer, appended, awaited.described)
    signature = SignatureObject(
        timestamp=own.at, subfilter=form.sub_filter, reason=form.reason, name=own.signer, bytes_reserved=2 * room
    )
    mdp = SigMDPSetup(
        md_algorithm=digest,
        certify=not declared,
        docmdp_perms=MDPPerm.FILL_FORMS if later else MDPPerm.NO_CHANGES,
        field_lock=_lock(later) if later or declared else None,
    )
    return protocol, SigObjSetup(signature, mdp_setup=mdp)


def _lock(later: Sequence[Awaited]) -> FieldMDPSpec:
    """All fields but those that are still to be signed (ISO 32000-1, 12.8.2.4)."""
    if not later:
        return FieldMDPSpec(FieldMDPAction.ALL)
    return FieldMDPSpec(FieldMDPAction.EXCLUDE, [awaited.name for awaited in later])


def _empty_fields(writer: Any) -> set[str]:
    """Names of the fields without a value, read without decoding the values of the others."""
    fields = writer.root["/AcroForm"]["/Fields"] if "/AcroForm" in writer.root else ()
    found = (f.get_object() for f in fields)
    return {str(f["/T"]) for f in found if "/T" in f and "/V" not in f}


def write_stamp(pdf: bytes, evidence: Iterable[Evidence], room: int, stamp: Callable[[bytes], bytes]) -> bytes:
    """`pdf` with a document time-stamp (EN 319 142-1, 5.4.3) in one revision with new `evidence` for the DSS."""
    with _refusals():
        writer = _open(pdf)
        _store(writer, evidence)
        name = _free_name(writer)
        protocol = PdfCMSEmbedder(new_field_spec=SigFieldSpec(name)).write_cms(name, writer)
        next(protocol)
        return _filled(protocol, SigObjSetup(_placeholder(room)), room, stamp, SHA256)


def write_evidence(pdf: bytes, evidence: Iterable[Evidence]) -> bytes:
    """`pdf` with `evidence` in its DSS (EN 319 142-1, 5.4.2); the same bytes where nothing is new."""
    with _refusals():
        writer = _open(pdf)
        if not _store(writer, evidence):
            return pdf
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()


def _open(pdf: bytes, *, pades: bool = True) -> Any:
    writer: Any = _Update(io.BytesIO(pdf))
    if writer.prev.encrypted:
        raise SealError("an encrypted file can't be sealed")
    writer.ensure_output_version(version=(1, 7))
    if pades and writer.output_version < (2, 0):  # EN 319 142-1, 5.1 on PDF 1.7
        writer.register_extension(ESIC_EXTENSION_1)
    return writer


def _store(writer: Any, evidence: Iterable[Evidence]) -> bool:
    """Add to the DSS; did it change? No VRI: it would have to name signatures that are yet to come."""
    found = list(evidence)
    if not found:
        return False
    store = DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[c for e in found for c in e.path],
        ocsps=[o for e in found for o in e.ocsps],
        crls=[c for e in found for c in e.crls],
    )
    return bool(store.modified)


def _free_name(writer: Any) -> str:
    """Read off the fields themselves: to read their values too would mean to decode each signature."""
    fields = writer.root["/AcroForm"]["/Fields"] if "/AcroForm" in writer.root else ()
    names = {f.get_object().get("/T") for f in fields}
    return next(n for n in (f"{STAMP_FIELD}{i}" for i in range(1, len(names) + 2)) if n not in names)


def _placeholder(room: int) -> Any:
    untyped: Any = DocumentTimestamp
    return untyped(bytes_reserved=2 * room)


def _filled(
    protocol: Generator[Any, Any, None], setup: SigObjSetup, room: int, sign: Callable[[bytes], bytes], digest: str
) -> bytes:
    protocol.send(setup)
    prepared, output = protocol.send(SigIOSetup(md_algorithm=digest))
    der = sign(prepared.document_digest)
    if len(der) > room:
        raise RoomError(len(der))
    protocol.send(der)
    data: bytes = output.getvalue()
    return data


def _form(writer: Any, appearance: Appearance, images: dict[int, Any]) -> Any:
    """The appearance as a form XObject (ISO 32000-1, 8.10); `images` are those that the file has already."""
    resources = generic.DictionaryObject(
        {
            pdf_name("/ExtGState"): generic.DictionaryObject(
                {
                    pdf_name("/Over"): generic.DictionaryObject(
                        {pdf_name("/Type"): pdf_name("/ExtGState"), pdf_name("/BM"): pdf_name("/Multiply")}
                    )
                }
            )
        }
    )
    if appearance.image:
        if id(appearance.image) not in images:
            images[id(appearance.image)] = writer.add_object(_image(appearance.image))
        samples = images[id(appearance.image)]
        resources[pdf_name("/XObject")] = generic.DictionaryObject({pdf_name("/Picture"): samples})
    wide = generic.FloatObject(appearance.side)
    high = wide if appearance.high is None else generic.FloatObject(appearance.high)
    zero = generic.NumberObject(0)
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject([zero, zero, wide, high]),
            pdf_name("/Resources"): resources,
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
        },
        encoded_data=appearance.deflated,
    )


def _image(raster: Raster) -> Any:
    """Samples as an image XObject (ISO 32000-1, 8.9.5)."""
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Image"),
            pdf_name("/Width"): generic.NumberObject(raster.width),
            pdf_name("/Height"): generic.NumberObject(raster.height),
            pdf_name("/ColorSpace"): pdf_name("/DeviceRGB"),
            pdf_name("/BitsPerComponent"): generic.NumberObject(8),
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
        },
        encoded_data=raster.deflated,
    )


@contextmanager
def _refusals() -> Generator[None]:
    """What pyHanko raises on files that it can't update, as our error."""
    try:
        yield
    except (SealError, RoomError):
        raise
    except (PdfError, SigningError, ValueError, TypeError, KeyError, AttributeError, IndexError, zlib.error) as e:
        raise SealError("the PDF can't be signed: its structure is damaged or unsupported") from e
