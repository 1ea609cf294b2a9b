"""A document that goes round: each signature in its declared field, nothing else ever legal, the seal last."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import subprocess

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from docsvc.adapters.pades.examination import examine
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import revoke
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.envelope import Box, Mark
from docsvc.domain.errors import SealError
from docsvc.domain.verdict import Indication
from tests.support.envelopes import blanks, go_round, handwriting, lines, people, person
from tests.support.sealing import AGENCY, make_pki, plain_pdf, sealer_for

SEAL = Slot(SealPlace(1, 400, 300), AGENCY.seal)
PAPER = plain_pdf(2)
ORDER = ["Party", "Officer", "Officer2", "Recorder", "Seal"]


def now():
    return dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = make_pki(tmp_path_factory.mktemp("envelope") / "dev")
    with Authorities(folder):
        yield folder


@pytest.fixture(scope="module")
def signers(pki):
    return people(pki)


@pytest.fixture(scope="module")
def steps(pki, signers):
    """The file after each signature; the last is the finished one."""
    return go_round(sealer_for(pki), FolderKeys(pki), PAPER, blanks(), [SEAL], signers)


def verdict(pdf, pki):
    return examine(pdf, FolderKeys(pki).roots, now() + dt.timedelta(minutes=1))


def messages(report):
    return [c.message for c in (*report.checks, *(c for s in report.signatures for c in s.checks))]


def test_all_five_hold_in_the_end_and_each_says_what_it_is_for(steps, pki):
    report = verdict(steps[-1], pki)
    assert (report.indication, report.level) == (Indication.PASSED, Level.B_LTA), messages(report)
    assert [s.field for s in report.signatures] == [*ORDER, "DocumentTimeStamp1"]
    assert [s.purpose for s in report.signatures][:5] == [
        "被约谈人 林示例 手写签名",
        "约谈人 陈测甲（TEST33099900001） 数字签名",
        "约谈人 王测乙（TEST33099900002） 数字签名",
        "记录人 郑测戊（TEST33099900005） 数字签名",
        f"{AGENCY.seal.name} 电子印章",
    ]
    assert [s.signer for s in report.signatures][:3] == ["docsvc development signing platform", "陈测甲", "王测乙"]


def test_each_revision_continues_the_one_before(steps):
    for earlier, later in zip([PAPER, *steps], steps, strict=False):
        assert later.startswith(earlier)
        assert len(later) > len(earlier)


def test_the_first_certifies_and_declares_and_the_locks_shrink(steps):
    with pikepdf.open(io.BytesIO(steps[-1])) as pdf:
        fields = list(pdf.Root.AcroForm.Fields)
        assert [str(f.T) for f in fields] == [*ORDER, "DocumentTimeStamp1"]
        certified = {str(r.TransformMethod): r.TransformParams for r in fields[0].V.Reference}
        assert certified["/DocMDP"].P == 2
        assert [str(f) for f in certified["/FieldMDP"].Fields] == ORDER[1:]
        for n in range(1, 4):
            (lock,) = fields[n].V.Reference
            assert (str(lock.TransformParams.Action), [str(f) for f in lock.TransformParams.Fields]) == (
                "/Exclude",
                ORDER[n + 1 :],
            )
        assert fields[4].V.Reference[0].TransformParams.Action == "/All"
        places = [[float(v) for v in f.Rect] for f in fields[:5]]
    with pikepdf.open(io.BytesIO(steps[0])) as pdf:
        assert [[float(v) for v in f.Rect] for f in pdf.Root.AcroForm.Fields] == places
        assert ["/V" in f for f in pdf.Root.AcroForm.Fields] == [True, False, False, False, False]


def test_who_has_not_signed_is_said_by_name(steps, pki):
    for n, pdf in enumerate(steps[:-1]):
        report = verdict(pdf, pki)
        assert report.indication is Indication.INDETERMINATE
        (said,) = [m for m in messages(report) if "尚未齐全" in m]
        assert [f"（{name}）" in said for name in ORDER] == [False] * (n + 1) + [True] * (4 - n), said
        assert ("郑测戊" in said) == (n < 3)


def updated(pdf, change):
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def numbers(*values):
    return generic.ArrayObject(map(generic.NumberObject, values))


def cover(writer):
    stream = {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Form"),
        pdf_name("/BBox"): numbers(0, 0, 100, 100),
    }
    return writer.add_object(generic.StreamObject(stream, stream_data=b"1 g 0 0 100 100 re f"))


def shown(writer):
    return generic.DictionaryObject({pdf_name("/N"): cover(writer)})


def field(writer, number):
    return writer.root["/AcroForm"]["/Fields"][number]


def content(writer):
    page, _ = writer.find_page_for_modification(0)
    own = page.get_object().raw_get("/Contents")
    over = writer.add_object(generic.StreamObject(stream_data=b"q 1 g 0 0 300 300 re f Q"))
    parts = own.get_object()
    old = [parts.raw_get(n) for n in range(len(parts))] if isinstance(parts, generic.ArrayObject) else [own]
    page.get_object()["/Contents"] = generic.ArrayObject([*old, over])
    writer.mark_update(page)


def annotation(writer):
    page, _ = writer.find_page_for_modification(0)
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): numbers(50, 50, 300, 300),
            pdf_name("/AP"): shown(writer),
        }
    )
    added = generic.ArrayObject([writer.add_object(note)])
    page.get_object()["/Annots"] = generic.ArrayObject([*page.get_object().get("/Annots", ()), *added])
    writer.mark_update(page)


def text_field(writer):
    added = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): pdf_string("Over"),
                pdf_name("/V"): pdf_string("x"),
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/Rect"): numbers(50, 50, 300, 300),
                pdf_name("/AP"): shown(writer),
            }
        )
    )
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(added)
    writer.update_container(fields)


def visible_field(writer):
    append_signature_field(writer, SigFieldSpec("Extra", on_page=0, box=(50, 50, 300, 300)))


def hidden_field(writer):
    append_signature_field(writer, SigFieldSpec("Extra", on_page=0))


def moved(writer):
    field(writer, 4)["/Rect"] = numbers(50, 50, 500, 700)
    writer.update_container(field(writer, 4))


def filled(writer):
    field(writer, 4)["/V"] = pdf_string("x")
    writer.update_container(field(writer, 4))


def seal_shown(writer):
    field(writer, 4)["/AP"] = shown(writer)
    writer.update_container(field(writer, 4))


def party_repainted(writer):
    field(writer, 0)["/AP"] = shown(writer)
    writer.update_container(field(writer, 0))


def described(writer):
    field(writer, 4)["/TU"] = pdf_string("另一机关 电子印章")
    writer.update_container(field(writer, 4))


def removed(writer):
    fields = writer.root["/AcroForm"]["/Fields"]
    del fields[4]
    writer.update_container(fields)


def page(writer):
    blank = writer.add_object(generic.StreamObject(stream_data=b"q Q"))
    writer.insert_page(PageObject(contents=blank, media_box=(0, 0, 595, 842)))


def catalogue(writer):
    writer.root["/Lang"] = pdf_string("en")
    writer.update_root()


CHANGES = {
    content: "改动了第1页的内容",
    annotation: "在第1页加了批注",
    text_field: "增加了没有声明的域Over",
    visible_field: "增加了没有声明的域Extra",
    hidden_field: "增加了没有声明的域Extra",
    moved: "移动了域Seal",
    filled: "填写了域Seal",
    seal_shown: "更换了域Seal的图形",
    party_repainted: "更换了域Party的图形",
    described: "改动了域Seal的说明",
    removed: "删除了域Seal",
    page: "增加了页面",
    catalogue: "改动了文件目录",
}


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_any_other_change_after_any_step_fails_and_is_named_with_its_revision(steps, pki, step, change):
    report = verdict(updated(steps[step], change), pki)
    assert report.indication is Indication.FAILED, messages(report)
    failed = [c for s in report.signatures for c in s.checks if c.indication is Indication.FAILED]
    # The laid-out file is the first revision; the time-stamp adds one at the end.
    number = step + 3 if step < 4 else 8
    assert any(f"第{number}个修订版{CHANGES[change]}" in c.message for c in failed), failed


@pytest.mark.parametrize("change", [content, annotation, moved, seal_shown, described], ids=lambda c: c.__name__)
def test_a_change_between_two_signatures_is_not_healed_by_the_next(steps, pki, signers, change):
    sealer = sealer_for(pki)
    pdf = updated(steps[1], change)
    rest = [*blanks()[2:], SEAL]
    prepared = sealer.prepare(pdf, rest, Mark(None, lines(signers[1])), signers[1].chain, now())
    pdf, _ = sealer.complete(pdf, prepared, value=signers[1].value(prepared.to_be_signed))
    report = verdict(pdf, pki)
    assert report.indication is Indication.FAILED
    assert any(f"第4个修订版{CHANGES[change]}" in m for m in messages(report)), messages(report)


def test_a_signature_in_a_field_of_its_own_is_refused(steps, pki):
    other = dataclasses.replace(blanks()[1], field="Another")
    with pytest.raises(SealError, match="bears a signature already"):
        sealer_for(pki).sign(steps[1], [other, SEAL], Mark(handwriting()), FolderKeys(pki).platform)


def test_a_mark_on_every_page_only_with_the_first(steps, pki):
    more = dataclasses.replace(blanks()[2], boxes=(*blanks()[2].boxes, Box(0, 10, 10, 100, 30)))
    with pytest.raises(SealError, match="only the first"):
        sealer_for(pki).sign(steps[1], [more, SEAL], Mark(handwriting()), FolderKeys(pki).platform)


def test_another_officer_in_the_field_of_this_one_is_noticed(steps, pki, signers):
    sealer = sealer_for(pki)
    for who, said in (
        (signers[1], "签名者却是王测乙"),
        (person(pki, "陈测甲", "TEST33099900009"), "签名者却是陈测甲（TEST33099900009）"),
    ):
        prepared = sealer.prepare(steps[0], [*blanks()[1:], SEAL], Mark(None, lines(who)), who.chain, now())
        pdf, _ = sealer.complete(steps[0], prepared, value=who.value(prepared.to_be_signed))
        found = [c for s in verdict(pdf, pki).signatures for c in s.checks if c.name == "named-signer"]
        assert [c.sub_indication for c in found] == ["SIG_CONSTRAINTS_FAILURE"]
        assert said in found[0].message


def test_what_is_prepared_is_the_file_with_its_room_empty(steps, pki, signers):
    sealer = sealer_for(pki)
    prepared = sealer.prepare(
        steps[0], [*blanks()[1:], SEAL], Mark(None, lines(signers[0])), signers[0].chain, now()
    )
    pdf, why = sealer.complete(steps[0], prepared, value=signers[0].value(prepared.to_be_signed))
    assert why is None
    whole = steps[0] + prepared.update
    assert len(pdf) == len(whole)
    differing = [n for n, (a, b) in enumerate(zip(whole, pdf, strict=True)) if a != b]
    (first, second) = next(
        (int(a), int(b)) for a, b in re.findall(rb"/ByteRange \[0 (\d+) (\d+)", pdf[len(steps[0]) :])
    )
    assert first < differing[0] <= differing[-1] < second


@pytest.mark.parametrize("other", [plain_pdf(1), PAPER + b"\n"], ids=["another", "longer"])
def test_nothing_is_completed_over_another_file(steps, pki, signers, other):
    sealer = sealer_for(pki)
    prepared = sealer.prepare(
        steps[0], [*blanks()[1:], SEAL], Mark(None, lines(signers[0])), signers[0].chain, now()
    )
    with pytest.raises(SealError, match="not the one that the signature was prepared for"):
        sealer.complete(other, prepared, value=signers[0].value(prepared.to_be_signed))


def kinds():
    return {
        "rsa-3072": rsa.generate_private_key(65537, 3072),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }


@pytest.mark.parametrize("kind", ["rsa-3072", "p256", "p384", "ed25519"])
@pytest.mark.parametrize("form", ["value", "cms"])
def test_keys_of_each_kind(pki, kind, form):
    who = person(pki, "陈测甲", "TEST33099900001", kinds()[kind])
    sealer = sealer_for(pki)
    prepared = sealer.prepare(PAPER, [blanks()[1]], Mark(None, lines(who)), who.chain, now())
    given = who.value(prepared.to_be_signed) if form == "value" else who.cms(prepared)
    pdf, why = sealer.complete(PAPER, prepared, **{form: given})
    assert why is None
    pdf, achieved, _ = sealer.lift(pdf, Level.B_LTA)
    report = verdict(pdf, pki)
    assert (achieved, report.indication) == (Level.B_LTA, Indication.PASSED), messages(report)


def test_without_an_authority_the_signature_holds_without_a_time(pki, signers):
    sealer = sealer_for(pki, tsa="http://127.0.0.1:9/none")
    fields = [*blanks(), SEAL]
    pdf, why = sealer.sign(PAPER, fields, Mark(handwriting()), FolderKeys(pki).platform)
    assert why
    prepared = sealer.prepare(pdf, fields[1:], Mark(None, lines(signers[0])), signers[0].chain, now())
    pdf, why = sealer.complete(pdf, prepared, value=signers[0].value(prepared.to_be_signed))
    assert why
    # What was signed meanwhile is raised with the rest in the end.
    sealer = sealer_for(pki)
    for n, who in enumerate(signers[1:], 2):
        prepared = sealer.prepare(pdf, fields[n:], Mark(None, lines(who)), who.chain, now())
        pdf, _ = sealer.complete(pdf, prepared, value=who.value(prepared.to_be_signed))
    pdf, achieved, why = sealer.seal(pdf, [SEAL], Level.B_LTA)
    assert achieved is Level.B_LT
    assert why
    pdf, achieved, why = sealer.lift(pdf, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert verdict(pdf, pki).indication is Indication.PASSED


def test_a_revoked_officer_signs_nothing_and_is_not_sealed_over(tmp_path):
    folder = make_pki(tmp_path / "dev")
    with Authorities(folder):
        who = person(folder, "陈测甲", "TEST33099900001")
        sealer = sealer_for(folder)
        fields = [blanks()[1], SEAL]
        prepared = sealer.prepare(PAPER, fields, Mark(None, lines(who)), who.chain, now())
        pdf, _ = sealer.complete(PAPER, prepared, value=who.value(prepared.to_be_signed))
        serial = x509.load_der_x509_certificate(who.chain[0]).serial_number
        revoke(folder, serial, now() - dt.timedelta(minutes=1), "keyCompromise")
        later = sealer_for(folder)
        with pytest.raises(SealError, match="陈测甲"):
            later.prepare(PAPER, fields, Mark(None, lines(who)), who.chain, now())
        with pytest.raises(SealError, match="陈测甲"):
            later.complete(PAPER, prepared, value=who.value(prepared.to_be_signed))
        with pytest.raises(SealError, match="已有签名"):
            later.seal(pdf, [SEAL], Level.B_LTA)


def test_a_certificate_for_other_work_signs_nothing(pki):
    sealer = sealer_for(pki)
    tsa = (pki / "services" / "tsa.cer").read_bytes(), (pki / "services" / "issuing.cer").read_bytes()
    with pytest.raises(SealError, match="证书不能用于签名"):
        sealer.prepare(PAPER, [blanks()[1]], Mark(None, ("x",)), tsa, now())


def test_pdfsig_finds_every_signature_valid_in_every_revision(steps, tmp_path):
    for n, pdf in enumerate(steps, 1):
        (tmp_path / "step.pdf").write_bytes(pdf)
        done = subprocess.run(
            ["pdfsig", "-nocert", tmp_path / "step.pdf"], capture_output=True, check=False, text=True
        )
        assert done.stdout.count("Signature is Valid.") == n, done.stdout
        assert done.stdout.count("Total document signed") == 1
