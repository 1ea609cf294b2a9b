"""What the verifier says about good documents and about weak ones, step by step."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import io
import socket

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfTimeStamper
from pyhanko.sign.fields import SigSeedSubFilter

from docsvc.domain.document import Level
from docsvc.domain.verdict import Indication
from tests.support.signed_pdfs import DAY, NOW, Authority, Stamper, Wish, plain_pdf, sign, with_store
from tests.support.verified import authority, findings, good, remarks, signed, soon, verify
from tests.vectors.bad_pdfs import BAD

YEAR = dt.timedelta(days=365)


@pytest.mark.parametrize("kind", ["ec", "rsa2048"])
@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_documents_with_their_evidence_pass(level, kind):
    report = verify(signed(level, kind), authority(kind).root.der)
    assert report.indication is Indication.PASSED
    assert report.level is level
    assert report.sub_indication is None
    first = report.signatures[0]
    assert (first.field, first.kind, first.signer, first.issuer) == (
        "Seal",
        "signature",
        "Test signer",
        "Test issuing",
    )
    assert first.time_stamped_by == "Test tsa"
    assert first.signed_at is not None
    assert first.claimed_at is not None
    assert {(u.kind, u.certificate, u.status) for u in first.revocation} == {
        ("OCSP", "Test signer", "good"),
        ("CRL", "Test issuing", "good"),
    }
    assert first.algorithm == ("ECDSA P-256 with SHA-256" if kind == "ec" else "RSA-2048 with SHA-256")


@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_documents_without_revocation_answers_stay_open(level):
    report = verify(signed(level))
    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication == "TRY_LATER"
    assert findings(report, Indication.INDETERMINATE) == {"revocation": "TRY_LATER"}
    assert report.level is level


def test_every_step_of_the_list_is_taken_on_a_good_document():
    report = verify(signed())
    steps = {c.step for c in report.checks} | {c.step for s in report.signatures for c in s.checks}
    # 1 and 2 speak up only where something is wrong; 13 is the indication itself.
    assert steps == {3, 4, 5, 6, 7, 8, 9, 10, 11, 12}


def test_no_anchor_means_no_chain():
    report = verify(signed(), Authority("rsa2048").root.der)
    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert report.level is Level.B_B


def test_an_archived_document_outlives_its_signer():
    own = Authority(tsa_kind="rsa3072")  # a key that outlives the decade, as its certificate does
    report = verify(sign(own), own.root.der, at=NOW + 5 * YEAR)
    assert report.indication is Indication.PASSED
    assert report.level is Level.B_LTA


def test_an_archived_document_does_not_outlive_its_time_stamp_authority():
    report = verify(signed(), at=NOW + 9 * YEAR)
    assert report.indication is Indication.INDETERMINATE
    assert findings(report, Indication.INDETERMINATE)["certificate-chain"] == "OUT_OF_BOUNDS_NO_POE"


def test_a_time_stamp_from_the_future_proves_nothing():
    report = verify(signed(), at=NOW - DAY)
    assert report.indication is Indication.INDETERMINATE
    assert findings(report, Indication.INDETERMINATE)["time-stamp"] == "TIMESTAMP_ORDER_FAILURE"


def test_a_certificate_revoked_before_the_time_stamp_fails():
    own = Authority(revoked_at=NOW - 2 * DAY)
    pdf = with_store(
        sign(own, Wish(level="B-T")), ocsps=[own.ocsp(own.signer), own.ocsp(own.tsa)], crls=[own.crl(own.root)]
    )
    report = verify(pdf, own.root.der)
    assert report.indication is Indication.FAILED
    assert findings(report, Indication.FAILED) == {"revocation": "REVOKED"}


def test_a_certificate_that_was_expired_when_it_signed_is_out_of_bounds():
    own = Authority(signer_days=(-30, -1))
    report = verify(sign(own, Wish(level="B-B")), own.root.der)
    assert report.indication is Indication.INDETERMINATE
    assert findings(report, Indication.INDETERMINATE)["certificate-chain"] == "OUT_OF_BOUNDS_NO_POE"


def test_a_key_that_may_not_sign_is_refused():
    own = Authority(signer_usage=("key_encipherment",))
    report = verify(sign(own, Wish(level="B-B")), own.root.der)
    assert findings(report, Indication.INDETERMINATE)["certificate-chain"] == "CHAIN_CONSTRAINTS_FAILURE"


def test_a_time_stamp_authority_must_do_nothing_else():
    own = Authority(tsa_purposes=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING))
    report = verify(sign(own, Wish(level="B-T")), own.root.der)
    assert findings(report, Indication.INDETERMINATE)["authority-usage"] == "CHAIN_CONSTRAINTS_FAILURE"
    assert report.level is Level.B_B, "an authority that may not stamp proves no time"


def test_a_weak_key_is_named():
    own = Authority("rsa1024")
    report = verify(sign(own, Wish(level="B-B")), own.root.der)
    assert report.indication is Indication.INDETERMINATE
    assert "CRYPTO_CONSTRAINTS_FAILURE" in findings(report, Indication.INDETERMINATE).values()


def test_rsa_2048_is_not_relied_on_after_2030_without_an_older_proof():
    own = authority("rsa2048")
    report = verify(signed("B-B", "rsa2048"), own.root.der, at=dt.datetime(2031, 1, 2, tzinfo=dt.UTC))
    assert findings(report, Indication.INDETERMINATE)["algorithm"] == "CRYPTO_CONSTRAINTS_FAILURE"


def test_a_file_without_signatures_is_indeterminate():
    report = verify(plain_pdf())
    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication == "NO_SIGNATURE_FOUND"
    assert report.signatures == ()


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n", b"PK\x03\x04" * 100, b"\x00" * 5000])
def test_what_is_no_pdf_fails(data):
    report = verify(data)
    assert report.indication is Indication.FAILED
    assert report.sub_indication == "FORMAT_FAILURE"


def test_too_many_signatures_are_not_examined():
    report = verify(signed(), max_signatures=1)
    assert report.indication is Indication.INDETERMINATE
    assert "limits" in findings(report, Indication.INDETERMINATE)


def test_an_older_sub_filter_is_verified_but_has_no_baseline_level():
    pdf = sign(authority(), Wish(level="B-LT", sub_filter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED))
    report = verify(pdf)
    assert report.level is None
    assert findings(report, Indication.FAILED) == {}


def test_a_second_signature_on_an_uncertified_document_is_a_remark():
    first = sign(authority(), Wish(level="B-LT", certify=False))
    report = verify(sign(authority(), Wish(level="B-LTA", certify=False, field="Second", visible=False), first))
    assert report.indication is Indication.PASSED
    assert "changes" in remarks(report)
    assert [s.kind for s in report.signatures] == ["signature", "signature", "document-timestamp"]
    assert report.level is Level.B_LTA, "the later time-stamp archives both"


def test_development_keys_are_announced():
    own = Authority(unit="docsvc development – no legal effect")
    report = verify(sign(own, Wish(level="B-LT")), own.root.der)
    assert any("不具有法律效力" in notice for notice in report.notices)
    assert verify(signed()).notices == ()


def test_evidence_behind_the_last_signature_is_remarked():
    report = verify(signed("B-LT"))
    assert "coverage" in remarks(report)
    assert "coverage" not in remarks(verify(signed("B-LTA")))


def test_unprotected_algorithm_identifiers_are_remarked():
    pdf = sign(authority(), Wish(protect=False))
    report = verify(pdf)
    assert report.indication is Indication.PASSED
    assert "cms-structure" in remarks(report)
    assert "cms-structure" not in remarks(verify(signed()))


def test_an_unprotected_identifier_must_be_that_of_the_authoritys_other_token():
    """RSA has two identifiers that verify alike; the signature's own time-stamp tells which one is in use."""
    pdf = sign(authority(), Wish(protect=False))
    renamed = BAD["signature_algorithm_renamed"].build(dataclasses.replace(good(), archived=pdf))
    assert findings(verify(renamed), Indication.FAILED) == {"cms-structure": "FORMAT_FAILURE"}


def test_a_revocation_in_one_answer_outweighs_another():
    """A good OCSP response from before, a CRL that lists the certificate: the worse is believed."""
    own = Authority(revoked_at=NOW - 2 * DAY, kind="ec")
    own.revoked_at, revoked = None, own.revoked_at
    good_answers = [own.ocsp(own.signer), own.ocsp(own.tsa)]
    own.revoked_at = revoked
    pdf = with_store(
        sign(own, Wish(level="B-T")), ocsps=good_answers, crls=[own.crl(own.root), own.crl(own.issuing)]
    )
    report = verify(pdf, own.root.der)
    assert findings(report, Indication.FAILED) == {"revocation": "REVOKED"}


def forged(own, **told):
    """What a stranger's responder says of the signer; of another kind, for keys of one kind are shared."""
    kept = own.responder, own.revoked_at
    own.responder, own.revoked_at = Authority(kind="rsa2048").responder, told.get("revoked_at")
    answer = own.ocsp(own.signer)
    own.responder, own.revoked_at = kept
    return answer


def test_a_revocation_that_anybody_may_have_made_is_not_believed():
    """Answers are added to a signed file without a signature over them."""
    own = Authority(kind="ec")
    pdf = with_store(sign(own, Wish(level="B-LT")), ocsps=[forged(own, revoked_at=NOW - 2 * DAY)])
    report = verify(pdf, own.root.der)
    assert report.indication is Indication.PASSED
    assert {use.status for use in report.signatures[0].revocation} == {"good"}


def test_a_forged_answer_under_an_archive_time_stamp_is_no_evidence():
    """What counts is beside it, and no time-stamp covers that."""
    own = Authority(kind="ec")
    early = with_store(sign(own, Wish(level="B-T")), ocsps=[forged(own)], crls=[own.crl(own.root)])
    stamper = PdfTimeStamper(Stamper(own))
    out = io.BytesIO()
    asyncio.run(
        stamper.async_timestamp_pdf(
            IncrementalPdfFileWriter(io.BytesIO(early)), "sha256", validation_context=None, output=out
        )
    )
    answers = [own.ocsp(own.signer), own.ocsp(own.tsa)]
    pdf = with_store(out.getvalue(), ocsps=answers, certificates=[own.issuing.der])
    report = verify(pdf, own.root.der)
    assert report.indication is Indication.PASSED
    assert report.level is Level.B_LT


def test_nothing_is_fetched(monkeypatch):
    """The certificates name an OCSP responder and the file has no answer: a verifier that fetched would ask now."""
    asked = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *query, **_: asked.append(query))
    assert verify(signed("B-B")).sub_indication == "TRY_LATER"
    assert asked == []


def test_verification_is_by_the_given_moment_alone():
    assert verify(signed(), at=soon()).verified_at != verify(signed(), at=NOW + YEAR).verified_at
