"""OCSP answers and CRLs, read by cryptography; "good" only for what was issued and not revoked."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.pki.folder import password_of, revoke, seal_path, service_certificate
from docsvc.adapters.pki.keyfile import read_key
from docsvc.adapters.pki.revocation import RevocationAuthority
from tests.support.sealing import AGENCY, agency, make_pki

NOW = dt.datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=dt.UTC)


@pytest.fixture
def pki(tmp_path):
    return make_pki(tmp_path / "dev", now=NOW, port=20001)


@pytest.fixture
def authority(pki):
    return RevocationAuthority(pki, password_of(pki), lambda: NOW)


def seal(pki, number=1):
    return read_key(seal_path(pki, f"SEAL-{number}"), password_of(pki)).certificate


def ask(authority, certificate, issuer, algorithm=None, nonce=None):
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm or hashes.SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return ocsp.load_der_ocsp_response(authority.answer(builder.build().public_bytes(Encoding.DER)))


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["sha1", "sha256"])
def test_certificates_of_both_authorities_are_good_by_their_own_responder(pki, authority, algorithm):
    issuing, root = service_certificate(pki, "issuing"), service_certificate(pki, "root")
    for certificate, issuer, responder in ((seal(pki), issuing, "ocsp-issuing"), (issuing, root, "ocsp-root")):
        answer = ask(authority, certificate, issuer, algorithm)
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert answer.this_update_utc == NOW.replace(microsecond=0)
        assert answer.next_update_utc - answer.this_update_utc == dt.timedelta(hours=24)
        (own,) = answer.certificates
        assert own == service_certificate(pki, responder)
        own.verify_directly_issued_by(issuer)


def test_a_revoked_certificate_is_so_at_once_with_its_time_and_reason(pki, authority):
    issuing = service_certificate(pki, "issuing")
    revoke(pki, seal(pki).serial_number, NOW, "keyCompromise")
    answer = ask(authority, seal(pki), issuing)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc == NOW.replace(microsecond=0)
    assert answer.revocation_reason is x509.ReasonFlags.key_compromise
    crl = x509.load_der_x509_crl(authority.crl("issuing"))
    assert crl.is_signature_valid(issuing.public_key())
    assert [r.serial_number for r in crl] == [seal(pki).serial_number]
    assert list(x509.load_der_x509_crl(authority.crl("root"))) == []


def test_a_seal_made_later_is_known(pki, authority):
    make_pki(pki, now=NOW, agencies=[AGENCY, agency(2, "另一个局")])
    answer = ask(authority, seal(pki, 2), service_certificate(pki, "issuing"))
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD


def test_a_serial_number_that_was_never_issued_is_unknown(pki, authority):
    # The root is an issuer, not issued by the issuing authority.
    answer = ask(authority, service_certificate(pki, "root"), service_certificate(pki, "root"))
    assert answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_a_strange_issuer_is_none_of_ours(authority, tmp_path):
    other = make_pki(tmp_path / "other", now=NOW, port=20002)
    answer = ask(authority, seal(other), service_certificate(other, "issuing"))
    assert answer.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_the_nonce_comes_back(pki, authority):
    answer = ask(authority, seal(pki), service_certificate(pki, "issuing"), nonce=b"n" * 32)
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    without = ask(authority, seal(pki), service_certificate(pki, "issuing"))
    assert list(without.extensions) == []


def test_a_damaged_list_is_never_good(pki, authority):
    (pki / "revoked.json").write_text("{broken")
    answer = ask(authority, seal(pki), service_certificate(pki, "issuing"))
    assert answer.response_status is ocsp.OCSPResponseStatus.INTERNAL_ERROR
    with pytest.raises(ValueError, match=r"."):
        authority.crl("issuing")


def test_there_is_no_crl_of_others(authority):
    with pytest.raises(KeyError):
        authority.crl("../root")


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    pki = make_pki(tmp_path_factory.mktemp("pki") / "dev", now=NOW, port=20001)
    return RevocationAuthority(pki, password_of(pki), lambda: NOW)


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(standing, data):
    answer = ocsp.load_der_ocsp_response(standing.answer(data))
    assert answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL


def test_under_an_expired_certificate_nothing_is_answered(pki):
    """The responder's ends after 5 years, that of the CA, which signs the lists, after 12."""
    issuing = service_certificate(pki, "issuing")
    for years, answers, lists in ((4, True, True), (6, False, True), (13, False, False)):
        later = RevocationAuthority(pki, password_of(pki), lambda years=years: NOW + years * dt.timedelta(days=366))
        status = ask(later, seal(pki), issuing).response_status
        assert (status is ocsp.OCSPResponseStatus.SUCCESSFUL) == answers
        try:
            later.crl("issuing")
        except ValueError:
            assert not lists
        else:
            assert lists
