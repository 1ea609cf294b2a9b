"""Our DER against asn1crypto, our signatures against cryptography."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.pki import cms
from docsvc.adapters.pki.certificates import SEAL, certify, new_key, subject
from docsvc.domain.errors import SetupError

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
INFO = cms.tlv(cms.SEQUENCE, cms.integer(1))
DIGEST = hashlib.sha256(b"paper").digest()


@given(st.integers(min_value=0, max_value=1 << 200))
def test_integers_are_those_of_asn1crypto(value):
    assert cms.integer(value) == core.Integer(value).dump()


@given(st.binary(max_size=70_000))
def test_lengths_are_those_of_asn1crypto(data):
    assert cms.tlv(cms.OCTETS, data) == core.OctetString(data).dump()


@pytest.mark.parametrize("dotted", ["1.2.840.113549.1.9.16.2.47", "2.999.3161.1", "2.5.4.97", "0.4.0.2023.1.1"])
def test_identifiers_are_those_of_asn1crypto(dotted):
    assert cms.oid(dotted) == core.ObjectIdentifier(dotted).dump()


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda b: cms.tlv(cms.OCTETS, b))))
def test_a_set_is_ordered_by_encoding(elements):
    assert cms.set_of(cms.SET, elements) == cms.set_of(cms.SET, elements[::-1])


def signer(algorithm):
    key = new_key(algorithm)
    der = certify(SEAL, subject("seal"), key, None, "", NOW).public_bytes(Encoding.DER)
    return key, der, cms.signer_with(key, [der])


@pytest.mark.parametrize("algorithm", ["rsa-2048", "ecdsa-p256"])
def test_a_detached_signature_holds_and_has_what_cades_wants(algorithm):
    key, der, signing = signer(algorithm)
    signed = asn1_cms.ContentInfo.load(signing.sign(DIGEST), strict=True)["content"]
    assert signed["version"].native == "v1"
    assert signed["encap_content_info"]["content"].native is None
    info = signed["signer_infos"][0]
    attributes = {a["type"].native: a["values"] for a in info["signed_attrs"]}
    wanted = ("content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection")
    assert attributes.keys() == set(wanted)
    assert attributes["message_digest"][0].native == DIGEST
    ess = attributes["signing_certificate_v2"][0]["certs"][0]
    assert ess["cert_hash"].native == hashlib.sha256(der).digest()
    assert ess["issuer_serial"].native is None
    data = info["signed_attrs"].untag().dump()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        key.public_key().verify(info["signature"].native, data, ec.ECDSA(hashes.SHA256()))
    else:
        key.public_key().verify(info["signature"].native, data, padding.PKCS1v15(), hashes.SHA256())


def test_a_token_over_the_signature_value_goes_into_the_unsigned_attributes():
    _, _, signing = signer("ecdsa-p256")
    token = signing.sign(DIGEST, kind=cms.TST_INFO, content=INFO)
    stamped = []

    def stamp(value):
        stamped.append(value)
        return token

    info = asn1_cms.ContentInfo.load(signing.sign(DIGEST, stamp=stamp))["content"]["signer_infos"][0]
    assert stamped == [info["signature"].native]
    (attribute,) = info["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    assert attribute["values"][0].dump() == token


def test_no_token_no_attribute():
    _, _, signing = signer("ecdsa-p256")
    info = asn1_cms.ContentInfo.load(signing.sign(DIGEST, stamp=lambda _: None))["content"]["signer_infos"][0]
    assert info["unsigned_attrs"].native is None


def test_content_inside_makes_version_3_and_certificates_may_stay_out():
    _, _, signing = signer("ecdsa-p256")
    der = signing.sign(DIGEST, kind=cms.TST_INFO, content=INFO, certificates=False)
    signed = asn1_cms.ContentInfo.load(der)["content"]
    assert signed["version"].native == "v3"
    assert signed["encap_content_info"]["content"].contents == INFO
    assert signed["certificates"].native is None


def test_a_key_that_is_not_the_certificate_s_is_refused():
    _, der, _ = signer("ecdsa-p256")
    with pytest.raises(SetupError, match="does not belong"):
        cms.signer_with(new_key("ecdsa-p256"), [der])
