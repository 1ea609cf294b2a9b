"""Answers whose signer has ended count where a time-stamp from before covers them, and nowhere else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from asn1crypto import crl, ocsp, x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as ocsp_builder

from docsvc.adapters.pades.existence import Existence
from docsvc.adapters.pades.revocation import Item, Material
from docsvc.domain.canonical import sha256_hex
from tests.support.signed_pdfs import DAY, NOW, Authority

OWN = Authority(tsa_kind="rsa3072")
LATE = NOW + 3100 * DAY  # the responder ends on day 3000, its CA on day 3650
LATEST = NOW + 3700 * DAY
ANCHORS = [OWN.root.asn1]


def item(der, kind):
    return Item(kind.load(der), sha256_hex(der))


ANSWER = item(OWN.ocsp(OWN.signer), ocsp.OCSPResponse)
LIST = item(OWN.crl(OWN.root), crl.CertificateList)
UNDER = item(OWN.crl(OWN.issuing), crl.CertificateList)
REFUSAL = item(
    ocsp_builder.OCSPResponseBuilder.build_unsuccessful(ocsp_builder.OCSPResponseStatus.UNAUTHORIZED).public_bytes(
        Encoding.DER
    ),
    ocsp.OCSPResponse,
)
MATERIAL = Material((OWN.issuing.asn1, OWN.responder.asn1, OWN.tsa.asn1), (ANSWER,), (LIST, UNDER))


def usable(at, *proven, material=MATERIAL):
    existence = Existence(material, ANCHORS, at)
    for each, time in proven:
        existence.prove({each.sha256}, time)
    found = existence.usable()
    return {each.sha256 for each in (*found.ocsps, *found.crls)}


def digests(*items):
    return {each.sha256 for each in items}


def test_all_count_while_their_signers_stand():
    assert usable(NOW) == digests(ANSWER, LIST, UNDER)


def test_an_answer_ends_with_its_responder_and_a_list_with_its_ca():
    assert usable(LATE) == digests(LIST, UNDER)
    assert usable(LATEST) == digests(LIST), "the root is trusted for what it is"


def test_what_is_proven_from_before_that_end_goes_on_counting():
    assert usable(LATE, (ANSWER, NOW)) == digests(ANSWER, LIST, UNDER)
    assert usable(LATEST, (UNDER, LATE), (ANSWER, LATE)) == digests(LIST, UNDER)


def test_of_two_proofs_the_older_counts():
    assert ANSWER.sha256 in usable(LATE, (ANSWER, NOW), (ANSWER, LATE))


def test_a_namesake_with_a_key_of_another_kind_hinders_nobody():
    """pyHanko asserts that key and algorithm fit."""
    namesake = Authority("rsa2048").issuing.asn1
    crowded = replace(MATERIAL, certificates=(namesake, *MATERIAL.certificates))
    assert usable(LATE, (ANSWER, NOW), material=crowded) == digests(ANSWER, LIST, UNDER)


def test_a_namesake_that_lasts_longer_helps_nobody():
    stranger = Authority(unit=None)
    longer = x509.Certificate.load(stranger.root.asn1.dump())
    longer["tbs_certificate"]["subject"] = OWN.issuing.asn1.subject
    bogus = x509.Certificate.load(longer.dump(force=True))
    material = replace(MATERIAL, certificates=(bogus, *MATERIAL.certificates))
    assert usable(LATEST, material=material) == digests(LIST)


@pytest.mark.parametrize("at", [NOW, LATE])
def test_a_refusal_is_no_answer_and_breaks_nothing(at):
    material = replace(MATERIAL, ocsps=(ANSWER, REFUSAL))
    assert (ANSWER.sha256 in usable(at, material=material)) is (at == NOW)
    assert REFUSAL.sha256 not in usable(LATE, material=material)


def test_an_answer_by_a_key_that_nobody_knows_ends_with_the_first_certificate():
    stranger = Authority(unit="Elsewhere", signer_days=(-30, 364))
    unknown = item(stranger.crl(stranger.issuing), crl.CertificateList)
    material = replace(MATERIAL, crls=(unknown,))
    assert unknown.sha256 not in usable(LATE + dt.timedelta(days=1), material=material)
