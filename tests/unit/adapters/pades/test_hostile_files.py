"""Truncated, garbled and cyclic files: a verdict, never an exception."""

from __future__ import annotations

import random

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsvc.adapters.pades.updates import SealDetails, write_seal
from docsvc.adapters.pki.cms import CmsSigner, scheme_of
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import SealPlace, Slot
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, make_pki, sealer_for
from tests.support.signed_pdfs import NOW, Authority, plain_pdf
from tests.support.verified import signed, verify


def pdf_of(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1, with a right cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


CATALOG = b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [3 0 R]>> >>"
PAGES = b"<</Type /Pages /Kids [] /Count 0>>"

CYCLIC = {
    "field is its own kid": pdf_of(CATALOG, PAGES, b"<</T (a) /FT /Sig /Kids [3 0 R]>>"),
    "two fields are each other's kids": pdf_of(
        CATALOG, PAGES, b"<</T (a) /FT /Sig /Kids [4 0 R]>>", b"<</T (b) /FT /Sig /Kids [3 0 R]>>"
    ),
    "page tree is its own kid": pdf_of(
        b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [2 0 R] /Count 1>>"
    ),
    "object is a reference to itself": pdf_of(CATALOG, PAGES, b"3 0 R"),
    "value is the field": pdf_of(CATALOG, PAGES, b"<</T (a) /FT /Sig /V 3 0 R>>"),
    "value is a number": pdf_of(CATALOG, PAGES, b"<</T (a) /FT /Sig /V 7>>"),
    "value is missing": pdf_of(CATALOG, PAGES, b"<</T (a) /FT /Sig /V 99 0 R>>"),
    "fields are no array": pdf_of(b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields 7>> >>", PAGES),
    "form is its own reference": pdf_of(b"<</Type /Catalog /Pages 2 0 R /AcroForm 3 0 R>>", PAGES, b"3 0 R"),
    "cross-references lead in a circle": pdf_of(CATALOG, PAGES, b"<</T (a)>>", trailer=b"/Prev 9"),
    "deep nesting": pdf_of(CATALOG, PAGES, b"[" * 30_000),
    "store of nonsense": pdf_of(
        b"<</Type /Catalog /Pages 2 0 R /DSS <</Certs [3 0 R 2 0 R 7] /OCSPs 5 /CRLs [null]>> >>", PAGES, b"<<>>"
    ),
    "root is no dictionary": pdf_of(b"[1 2 3]"),
}


@pytest.mark.parametrize("name", CYCLIC)
def test_odd_structures_get_a_verdict(name):
    report = verify(CYCLIC[name])
    assert report.indication in {Indication.FAILED, Indication.INDETERMINATE}
    assert report.sub_indication is not None


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_cut_file_does_not_pass(place):
    pdf = signed()
    end = int(place * len(pdf))
    report = verify(pdf[:end])
    assert report.indication is not Indication.PASSED
    if end > pdf.index(b"/ByteRange") + 20:  # before that it is the document that was never signed
        assert report.indication is Indication.FAILED


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 2**32), changes=st.integers(2, 60))
def test_a_garbled_file_does_not_pass(seed, changes):
    source = random.Random(seed)
    pdf = bytearray(signed())
    for _ in range(changes):
        at = source.randrange(len(pdf))
        pdf[at] ^= source.randrange(1, 256)
    assert verify(bytes(pdf)).indication is Indication.FAILED


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.binary(max_size=400))
def test_any_octets_get_a_verdict(data):
    assert verify(data).indication is not Indication.PASSED
    assert verify(b"%PDF-1.7\n" + data).indication is not Indication.PASSED
    assert verify(plain_pdf() + data).indication is not Indication.PASSED


def test_a_signer_whose_name_can_t_be_read_gets_a_verdict(tmp_path):
    """Names are decoded only where they are told, after all is judged; the signature itself holds."""
    own, folder = Authority(), make_pki(tmp_path / "dev")
    appearance = sealer_for(folder).appearance(AGENCY.seal, FolderKeys(folder).of(AGENCY.seal))
    sound = own.signer.asn1
    tbs = sound["tbs_certificate"].dump().replace(b"Test signer", b"Test signe\xff")
    parts = {
        "tbs_certificate": x509.TbsCertificate.load(tbs),
        "signature_algorithm": sound["signature_algorithm"],
        "signature_value": own.issuing.key.sign(tbs, ec.ECDSA(hashes.SHA256())),
    }
    chain = [x509.Certificate(parts).dump(), own.issuing.asn1.dump()]
    signer = CmsSigner(scheme_of(own.signer.key), chain)
    details = SealDetails(Slot(SealPlace(0, 200, 300), AGENCY.seal, "Seal"), appearance, NOW)
    pdf = write_seal(plain_pdf(), details, [], 4096, lambda digest, _=None: signer.sign(digest), "sha256")
    report = verify(pdf, own.root.der)
    assert report.indication is Indication.FAILED
    (signature,) = report.signatures
    assert (signature.field, signature.signer, signature.sub_indication) == ("Seal", None, "FORMAT_FAILURE")
