"""Documents of the real sealer, with its real authorities on loopback, before the verifier."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from cryptography import x509

from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.folder import revoke
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import Level, Slot
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, PLACE, plain_pdf, sealer_for
from tests.support.verified import findings
from tests.vectors.bad_pdfs import gap_der, last_gap

VERDICTS = {
    Level.B_B: (Indication.INDETERMINATE, "TRY_LATER"),
    Level.B_T: (Indication.INDETERMINATE, "TRY_LATER"),
    Level.B_LT: (Indication.PASSED, None),
    Level.B_LTA: (Indication.PASSED, None),
}


def soon():
    return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)


def sealed(keys, level):
    pdf, achieved, _ = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], level)
    assert achieved is level
    return pdf


def verifier(keys):
    return PdfVerifier([keys / "root.pem"], isolated=False)


@pytest.mark.usefixtures("authorities")
@pytest.mark.parametrize("level", Level)
def test_each_level_is_recognised(keys, level):
    report = verifier(keys).verify(sealed(keys, level), soon())
    assert (report.indication, report.sub_indication) == VERDICTS[level]
    assert report.level is level
    assert any("development" in notice for notice in report.notices)


@pytest.mark.usefixtures("authorities")
def test_a_lifted_document_passes_at_its_new_level(keys):
    low = sealed(keys, Level.B_B)
    lifted, achieved, why = sealer_for(keys).lift(low, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    report = verifier(keys).verify(lifted, soon())
    assert report.indication is Indication.PASSED
    assert report.level is Level.B_LTA


@pytest.mark.usefixtures("authorities")
def test_what_is_sealed_before_a_revocation_stays_valid(keys):
    pdf = sealed(keys, Level.B_LTA)
    certificate = FolderKeys(keys).of(AGENCY.seal).chain[0]
    revoke(keys, x509.load_der_x509_certificate(certificate).serial_number, soon())
    assert verifier(keys).verify(pdf, soon()).indication is Indication.PASSED


@pytest.mark.usefixtures("rsa_authorities")
def test_the_isolated_verifier_says_the_same(rsa_keys):
    pdf = sealed(rsa_keys, Level.B_LTA)
    at = soon()
    with PdfVerifier([rsa_keys / "root.pem"]) as isolated:
        assert isolated.verify(pdf, at) == verifier(rsa_keys).verify(pdf, at)


@pytest.mark.usefixtures("rsa_authorities")
def test_octets_of_the_last_time_stamp_are_all_watched(rsa_keys):
    pdf = sealed(rsa_keys, Level.B_LTA)
    judge = verifier(rsa_keys)
    gap, der = last_gap(pdf), gap_der(pdf)
    source = random.Random(20)
    for index in source.sample(range(len(der)), 40):
        at = gap.start(1) + 2 * index
        digits = f"{der[index] ^ 1 << source.randrange(8):02x}"
        changed = pdf[:at] + (digits.upper() if gap[1].isupper() else digits).encode() + pdf[at + 2 :]
        report = judge.verify(changed, soon())
        assert report.indication is Indication.FAILED, f"DER octet {index}"
        assert findings(report, Indication.FAILED)
