"""Certificates that must not be used, real ones: each refused with what is wrong, before anybody is asked."""

from __future__ import annotations

import datetime as dt

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from docsvc.adapters.pades.fetch import Fetcher
from docsvc.adapters.pades.fitness import Purpose, UntrustedError, check_own
from docsvc.adapters.pades.trust import Trust
from docsvc.domain.unfit import Unfit
from docsvc.domain.validity import LAST_MINUTES
from tests.support.signed_pdfs import NOW, Authority, _usage

OWN = Authority()
OTHER = Authority(kind="rsa2048", unit="Other")
SIGNING = (_usage("digital_signature", "content_commitment"), True)
CA = [(x509.BasicConstraints(ca=True, path_length=None), True), (_usage("key_cert_sign", "crl_sign"), True)]
MONTH = (-30, 365)


def chain(*parties):
    return [party.der for party in parties]


def whole(signer, issuing=OWN.issuing):
    return chain(signer, issuing, OWN.root)


def for_purposes(*purposes):
    return OWN._make("signer", [SIGNING, (x509.ExtendedKeyUsage(list(purposes)), False)], OWN.issuing, MONTH)


def below(issuing):
    return OWN._make("signer", [SIGNING], issuing, MONTH)


def issued_by_a_namesake():
    """Its issuer's certificate is another one of the same name."""
    other = Authority(kind="rsa2048")
    return chain(OWN.signer, other.issuing, other.root), [other.root.der]


ENDED_CA = OWN._make("issuing", CA, OWN.root, (-60, -1))
COMING_CA = OWN._make("issuing", CA, OWN.root, (1, 300))
SEAL, STAMP = Purpose.SEAL, Purpose.TIME_STAMP
TABLE = {
    "expired": (
        whole(Authority(signer_days=(-30, -1)).signer),
        SEAL,
        Unfit.EXPIRED,
        "“Test signer”已于",
        "its certificate expired on",
    ),
    "not yet valid": (
        whole(Authority(signer_days=(1, 365)).signer),
        SEAL,
        Unfit.NOT_YET_VALID,
        "“Test signer”自",
        "its certificate is not valid before",
    ),
    "key usage": (
        whole(Authority(signer_usage=("digital_signature",)).signer),
        SEAL,
        Unfit.WRONG_USAGE,
        "不含“不可否认”",
        "lacks the key usage nonRepudiation",
    ),
    "for servers": (
        whole(for_purposes(ExtendedKeyUsageOID.SERVER_AUTH)),
        SEAL,
        Unfit.WRONG_USAGE,
        "server_auth",
        "is for server_auth only",
    ),
    "a CA": (
        chain(OWN.issuing, OWN.root),
        SEAL,
        Unfit.WRONG_USAGE,
        "发证机构的证书",
        "is that of a certification authority",
    ),
    "issuer missing": (
        chain(OWN.signer),
        SEAL,
        Unfit.ISSUER_MISSING,
        "缺少签发者“Test issuing”",
        "the certificate of its issuer Test issuing is missing",
    ),
    "root not trusted": (
        chain(OTHER.signer, OTHER.issuing, OTHER.root),
        SEAL,
        Unfit.ROOT_UNTRUSTED,
        "根证书“Test root”不受信任",
        "its chain ends at a root Test root that is not trusted",
    ),
    "expired CA": (
        whole(below(ENDED_CA), ENDED_CA),
        SEAL,
        Unfit.EXPIRED,
        "“Test issuing”已于",
        "a certificate of its path expired on",
    ),
    "CA of the future": (
        whole(below(COMING_CA), COMING_CA),
        SEAL,
        Unfit.NOT_YET_VALID,
        "“Test issuing”自",
        "a certificate of its path is not valid before",
    ),
    "time-stamps by a seal": (
        whole(OWN.signer),
        STAMP,
        Unfit.WRONG_USAGE,
        "不能用于时间戳",
        "is not for time-stamps",
    ),
    "time-stamps by a server": (
        whole(Authority(tsa_purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)).tsa),
        STAMP,
        Unfit.WRONG_USAGE,
        "不能用于时间戳",
        "is not for time-stamps",
    ),
    "sealed by a time-stamp authority": (
        whole(OWN.tsa),
        SEAL,
        Unfit.WRONG_USAGE,
        "不含“不可否认”",
        "lacks the key usage",
    ),
}


def refused(certificates, purpose, roots=(OWN.root.der,), at=NOW, room=dt.timedelta()):
    with pytest.raises(UntrustedError) as e:
        Trust(roots, Fetcher(), lambda: at).of(certificates, purpose, room)
    return e.value


@pytest.mark.parametrize("case", TABLE)
def test_each_is_refused_with_what_is_wrong(case):
    certificates, purpose, reason, zh, en = TABLE[case]
    error = refused(certificates, purpose)
    assert error.refusal.reason is reason
    assert zh in error.refusal.zh
    assert en in error.refusal.en
    assert error.refusal.en.isascii()
    for foreign in ("validat", "end-entity", "path because"):
        assert foreign not in str(error)


def test_one_whose_issuer_is_a_namesake_only():
    certificates, roots = issued_by_a_namesake()
    assert refused(certificates, SEAL, roots).refusal.reason is Unfit.INVALID


@pytest.mark.parametrize("seconds", [1, 300, 599])
def test_the_last_minutes_are_left_to_the_time_stamp(seconds):
    end = OWN.signer.certificate.not_valid_after_utc
    error = refused(whole(OWN.signer), SEAL, at=end - dt.timedelta(seconds=seconds), room=LAST_MINUTES)
    assert error.refusal.reason is Unfit.EXPIRED
    assert "too soon for a time-stamp" in error.refusal.en


@pytest.mark.parametrize(
    "purposes",
    [
        [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH],
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION],
        [x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")],  # RFC 9336: document signing
        [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE],
    ],
)
def test_purposes_of_people_and_documents_are_no_hindrance(purposes):
    certificate = asn1_x509.Certificate.load(for_purposes(*purposes).der)
    check_own(certificate, SEAL, NOW)
    with pytest.raises(UntrustedError):  # that it is looked at all
        check_own(certificate, SEAL, NOW + dt.timedelta(days=1000))


def test_a_certificate_that_can_not_be_read_is_refused_too():
    broken = asn1_x509.Certificate.load(OWN.signer.der)
    der = bytearray(broken.dump())
    place = der.index(bytes.fromhex("551d0f"))  # key usage: its BIT STRING no longer is one
    der[place + 8] = 0x02
    error = refused([bytes(der), OWN.issuing.der], SEAL)
    assert error.refusal.reason is Unfit.INVALID
    assert "can't be read" in error.refusal.en
