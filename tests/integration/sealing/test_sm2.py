"""The SM2 profile: never TOTAL-PASSED, INDETERMINATE for itself alone where it holds, TOTAL-FAILED if changed."""

from __future__ import annotations

import datetime as dt
import io
import random

import pikepdf
import pytest

from docsvc.adapters.pades import sm2_checks
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.errors import SealError
from docsvc.domain.sm2 import CHECK, PROFILE, faults
from docsvc.domain.verdict import Indication
from docsvc.usecases.verify import verify_file
from tests.support.sealing import plain_pdf, sealer_for
from tests.support.sm2 import AGENCIES, make_sm2, sealed, subs, verdict
from tests.vectors.bad_pdfs import gap_der, last_gap

PROFILE_ALONE = {"SIG_CONSTRAINTS_FAILURE"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_sm2(tmp_path_factory.mktemp("sm2") / "dev")


@pytest.fixture(scope="module")
def anchors(folder):
    return folder / "root.pem", folder / "sm2/root.pem"


@pytest.fixture(scope="module")
def one(folder):
    return sealed(folder)


def test_a_sound_one_is_indeterminate_for_its_profile_alone(one, anchors):
    report = verdict(one, *anchors)
    assert (report.indication, report.sub_indication, report.level) == (
        Indication.INDETERMINATE,
        "SIG_CONSTRAINTS_FAILURE",
        None,
    )
    assert faults(report) == []
    (signature,) = report.signatures
    assert signature.level is None
    assert signature.algorithm == "SM2 with SM3"
    assert signature.signer == AGENCIES[0].seal.name
    said = next(c for c in signature.checks if c.name == CHECK)
    assert "mathematically it holds" in said.message_en
    assert "BouncyCastle" in said.message
    assert any("no legal effect" in n for n in report.notices)


def test_it_is_labelled_in_the_file(one):
    with pikepdf.open(io.BytesIO(one)) as pdf:
        value = pdf.Root.AcroForm.Fields[0].V
        assert value.SubFilter == "/adbe.pkcs7.detached"
        assert PROFILE in str(value.Reason)
        assert "/Extensions" not in pdf.Root  # which would declare PAdES


def test_two_seals_each_hold(folder, anchors):
    report = verdict(sealed(folder, 2), *anchors)
    assert faults(report) == []
    assert len(report.signatures) == 2
    assert report.indication is Indication.INDETERMINATE


def test_in_its_own_process_it_is_the_same(one, anchors, capfd):
    with PdfVerifier(anchors) as verifier:
        at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
        assert faults(verify_file(one, verifier, at)) == []
        changed = verify_file(one.replace(b"595", b"596", 1), verifier, at)
    assert changed.indication is Indication.FAILED
    assert "sm2" not in capfd.readouterr().err  # the library's own grumbling


def test_any_changed_octet_is_found(one, anchors):
    gap = last_gap(one)
    digits = range(gap.start(1), gap.end(1))
    value = 2 * len(gap_der(one))  # the rest of the digits is padding
    everywhere = random.Random(1).sample(range(len(one)), 30)
    within = [digits.start + n for n in random.Random(2).sample(range(value), 40)]
    for place in (*everywhere, *within, digits[value], digits[-1]):
        octet = one[place]
        other = b"0123456789abcdef"[(int(chr(octet), 16) + 1) % 16] if place in digits else octet ^ 1
        report = verdict(one[:place] + bytes([other]) + one[place + 1 :], *anchors)
        assert report.indication is Indication.FAILED, (place, octet, faults(report))


def test_without_its_root_there_is_no_chain(one, anchors, tmp_path):
    assert subs(verdict(one, anchors[0])) == {"NO_CERTIFICATE_CHAIN_FOUND", *PROFILE_ALONE}
    other = make_sm2(tmp_path / "other")
    assert "NO_CERTIFICATE_CHAIN_FOUND" in subs(verdict(one, anchors[0], other / "sm2/root.pem"))


def test_after_the_certificate_s_end_it_is_open(one, anchors):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=6 * 365)
    assert subs(verdict(one, *anchors, at=later)) == {"OUT_OF_BOUNDS_NO_POE", *PROFILE_ALONE}


def test_without_the_library_nothing_is_said_of_the_value(one, anchors, monkeypatch):
    monkeypatch.setattr(sm2_checks.importlib.util, "find_spec", lambda _name: None)
    report = verdict(one, *anchors)
    assert report.indication is Indication.INDETERMINATE
    said = next(c for c in report.signatures[0].checks if c.name == CHECK)
    assert "not checked" in said.message_en


def test_a_pades_file_is_judged_as_before_with_an_sm2_root_at_hand(folder, anchors):
    with Authorities(folder):
        slot = Slot(SealPlace(0, 160, 300), AGENCIES[0].seal)
        pdf, achieved, _ = sealer_for(folder).seal(plain_pdf(), [slot], Level.B_LTA)
    assert achieved is Level.B_LTA
    assert verdict(pdf, *anchors).indication is Indication.PASSED
    with pytest.raises(SealError, match="signature already"):
        sealed(folder, pdf=pdf)
