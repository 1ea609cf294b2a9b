"""Several seals in one document: each its own signature, all declared by the first, nothing else let in."""

from __future__ import annotations

import datetime as dt
import io
import subprocess

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pades.updates import SealDetails, write_seal
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import password_of, revoke, seal_path
from docsvc.adapters.pki.keyfile import read_key
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.errors import SealError
from docsvc.domain.verdict import Indication
from tests.support.sealing import SONG, agency, make_pki, plain_pdf, sealer_for

AGENCIES = [agency(n, f"舟山市示例区第{'一二三四五六'[n - 1]}管理局") for n in range(1, 7)]
NAMES = ["Seal", "Seal2", "Seal3", "Seal4", "Seal5", "Seal6"]


def slots(count, **lead):
    places = [SealPlace(0, 160 + 220 * (n % 2), 600 - 150 * (n // 2), **({} if n else lead)) for n in range(count)]
    return [Slot(p, a.seal, f) for p, a, f in zip(places, AGENCIES, NAMES, strict=False)]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = make_pki(tmp_path_factory.mktemp("joint") / "dev", agencies=AGENCIES)
    with Authorities(folder):
        yield folder


def now():
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)


def verdict(pdf, folder):
    return PdfVerifier([folder / "root.pem"], isolated=False).verify(pdf, now())


@pytest.fixture(scope="module")
def joint(pki):
    """A B-LTA document of three seals."""
    pdf, achieved, why = sealer_for(pki).seal(plain_pdf(), slots(3), Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    return pdf


def revisions(pdf):
    """The file as it was at each %%EOF, the oldest first."""
    at = -1
    while (at := pdf.find(b"%%EOF", at + 1)) >= 0:
        end = at + len(b"%%EOF")
        yield pdf[: end + (pdf[end : end + 1] == b"\n")]


@pytest.mark.parametrize("count", [2, 3, 4, 6])
@pytest.mark.parametrize("level", [Level.B_B, Level.B_LT, Level.B_LTA])
def test_one_signature_an_agency_in_their_order_all_of_them_good(pki, count, level):
    original = plain_pdf(2)
    pdf, achieved, why = sealer_for(pki).seal(original, slots(count), level)
    assert (achieved, why) == (level, None)
    assert pdf.startswith(original)
    report = verdict(pdf, pki)
    wanted = Indication.INDETERMINATE if level is Level.B_B else Indication.PASSED
    assert (report.indication, report.level) == (wanted, level), report
    seals = [s for s in report.signatures if s.kind == "signature"]
    assert [(s.field, s.signer) for s in seals] == [
        (f, a.name) for f, a in zip(NAMES, AGENCIES[:count], strict=False)
    ]
    assert len(report.signatures) == count + (level is Level.B_LTA)  # one document time-stamp, at the end
    assert report.signatures[-1].kind == ("document-timestamp" if level is Level.B_LTA else "signature")


def test_the_first_lets_in_the_declared_fields_alone_and_the_last_nothing(joint):
    with pikepdf.open(io.BytesIO(joint)) as pdf:
        fields = pdf.Root.AcroForm.Fields
        assert [str(f.T) for f in fields] == ["Seal", "Seal2", "Seal3", "DocumentTimeStamp1"]
        certified = {str(r.TransformMethod): r.TransformParams for r in fields[0].V.Reference}
        assert certified["/DocMDP"].P == 2
        assert certified["/FieldMDP"].Action == "/Exclude"
        assert [str(f) for f in certified["/FieldMDP"].Fields] == ["Seal2", "Seal3"]
        second, third = (fields[n].V.Reference[0].TransformParams for n in (1, 2))
        assert (second.Action, [str(f) for f in second.Fields]) == ("/Exclude", ["Seal3"])
        assert third.Action == "/All"
        assert pdf.Root.Perms.DocMDP.objgen == fields[0].V.objgen
        rectangles = [[float(v) for v in f.Rect] for f in fields][:3]
    first = next(r for r in revisions(joint) if b"/ByteRange" in r)
    with pikepdf.open(io.BytesIO(first)) as pdf:
        fields = pdf.Root.AcroForm.Fields
        assert ["/V" in f for f in fields] == [True, False, False]
        assert [[float(v) for v in f.Rect] for f in fields] == rectangles
        assert all("/AP" in f for f in fields)  # ISO 19005-2, 6.3.3, also while they are empty


def test_a_document_that_lacks_a_declared_seal_is_not_whole(joint, pki):
    cut = [r for r in revisions(joint) if b"/ByteRange" in r]
    assert len(cut) == 4
    for part, missing in zip(cut, (("Seal2", "Seal3"), ("Seal3",)), strict=False):
        report = verdict(part, pki)
        assert report.indication is Indication.INDETERMINATE
        assert any(all(f"（{name}）" in c.message for name in missing) for c in report.checks), report


def half_signed(pki, count=2):
    """A document whose first seal is pressed, with the rest declared."""
    return _prefix(pki, count, 1)


def _prefix(pki, count, signed):
    pdf, *_ = sealer_for(pki).seal(plain_pdf(), slots(count), Level.B_B)
    return [r for r in revisions(pdf) if b"/ByteRange" in r][signed - 1]


def updated(pdf, change):
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def cover(writer):
    """A form XObject that hides what is under it."""
    return writer.add_object(
        generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 100, 100))),
            },
            stream_data=b"1 g 0 0 100 100 re f",
        )
    )


def annotated(writer):
    page, _ = writer.find_page_for_modification(0)
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 50, 300, 300))),
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): cover(writer)}),
        }
    )
    annots = page.get_object()["/Annots"]
    annots.append(writer.add_object(note))
    writer.update_container(annots)


def text_field(writer):
    field = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.pdf_string("Over"),
                pdf_name("/V"): generic.pdf_string("x"),
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 50, 300, 300))),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): cover(writer)}),
            }
        )
    )
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(field)
    writer.update_container(fields)
    page, _ = writer.find_page_for_modification(0)
    annots = page.get_object()["/Annots"]
    annots.append(field)
    writer.update_container(annots)


def visible_field(writer):
    append_signature_field(writer, SigFieldSpec("Extra", on_page=0, box=(50, 50, 300, 300)))


def hidden_field(writer):
    append_signature_field(writer, SigFieldSpec("Extra", on_page=0))


def moved_field(writer):
    field = writer.root["/AcroForm"]["/Fields"][1]
    field[pdf_name("/Rect")] = generic.ArrayObject(map(generic.NumberObject, (50, 50, 500, 700)))
    writer.update_container(field)


def shown_unsigned(writer):
    """The picture of a seal in a field that nobody signed."""
    field = writer.root["/AcroForm"]["/Fields"][1]
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): cover(writer)})
    writer.update_container(field)


def first_repainted(writer):
    """Another picture in the field that is signed."""
    field = writer.root["/AcroForm"]["/Fields"][0]
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): cover(writer)})
    writer.update_container(field)


CHANGES = [annotated, text_field, visible_field, hidden_field, moved_field, shown_unsigned, first_repainted]


def signed_next(pki, pdf, names=("Seal2",)):
    """The next seal of a document, pressed."""
    sealer: PadesSealer = sealer_for(pki)
    key = FolderKeys(pki).of(AGENCIES[1].seal)
    place = SealPlace(0, 380, 600)
    appearance = sealer.appearance(AGENCIES[1].seal, key)
    seals = [SealDetails(Slot(place, AGENCIES[1].seal, name), appearance, now()) for name in names]
    return write_seal(pdf, seals[0], seals[1:], 8192, key.sign_detached)


def test_the_next_seal_may_come_later_into_its_declared_field(pki):
    """The negative cases below change this one thing and no other."""
    report = verdict(signed_next(pki, half_signed(pki)), pki)
    assert all(s.indication is not Indication.FAILED for s in report.signatures), report
    assert not any("缺" in c.message for c in report.checks)


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_any_other_change_between_two_seals_fails(pki, change):
    report = verdict(signed_next(pki, updated(half_signed(pki), change)), pki)
    assert report.indication is Indication.FAILED, report
    first = report.signatures[0]
    assert (first.field, first.indication) == ("Seal", Indication.FAILED)


@pytest.mark.parametrize("change", [c for c in CHANGES if c is not shown_unsigned], ids=lambda c: c.__name__)
def test_any_other_change_after_the_last_seal_fails(pki, joint, change):
    assert verdict(updated(joint, change), pki).indication is Indication.FAILED


def test_a_seal_in_a_field_of_its_own_fails(pki):
    """A field that the first signature did not declare, though the signer is as trusted as any."""
    pdf = updated(half_signed(pki), hidden_field)
    report = verdict(signed_next(pki, pdf, ("Extra",)), pki)
    assert report.indication is Indication.FAILED
    with pytest.raises(SealError, match="bears a signature already"):
        signed_next(pki, half_signed(pki), ("Another",))


def test_pdfsig_finds_every_seal_valid(joint, tmp_path):
    (tmp_path / "joint.pdf").write_bytes(joint)
    done = subprocess.run(
        ["pdfsig", "-nocert", tmp_path / "joint.pdf"], capture_output=True, check=False, text=True
    )
    assert done.stdout.count("Signature is Valid.") == 3, done.stdout


def test_one_revoked_seal_and_none_is_pressed(tmp_path):
    folder = make_pki(tmp_path / "dev", agencies=AGENCIES[:2])
    serial = read_key(seal_path(folder, "SEAL-2"), password_of(folder)).certificate.serial_number
    with Authorities(folder):
        revoke(folder, serial, now() - dt.timedelta(minutes=1), "keyCompromise")
        with pytest.raises(SealError, match="第二管理局"):
            sealer_for(folder).seal(plain_pdf(), slots(2), Level.B_LTA)


@pytest.mark.parametrize("start", [Level.B_B, Level.B_T, Level.B_LT])
def test_all_seals_are_lifted_together(pki, start):
    sealer = sealer_for(pki)
    pdf, *_ = sealer.seal(plain_pdf(), slots(3), start)
    lifted, achieved, why = sealer.lift(pdf, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert lifted.startswith(pdf)
    report = verdict(lifted, pki)
    assert (report.indication, report.level) == (Indication.PASSED, Level.B_LTA), report


def test_an_authority_that_dies_between_two_seals_costs_level_only(pki):
    sealer = PadesSealer(FolderKeys(pki), [SONG], ["http://127.0.0.1:9/none"])
    pdf, achieved, why = sealer.seal(plain_pdf(), slots(2), Level.B_LTA)
    assert achieved is Level.B_B
    assert why
    lifted, achieved, why = sealer_for(pki).lift(pdf, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert verdict(lifted, pki).indication is Indication.PASSED


def test_the_seal_across_the_pages_goes_with_the_first(pki):
    pdf, *_ = sealer_for(pki).seal(plain_pdf(3), slots(2, across_pages=True), Level.B_LTA)
    assert verdict(pdf, pki).indication is Indication.PASSED
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert all("/SealAcrossPages" in p.Resources.XObject for p in opened.pages)
