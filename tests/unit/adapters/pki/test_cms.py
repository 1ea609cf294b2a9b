"""Our DER against asn1crypto, our signatures against cryptography."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import get_args

import pyhanko.sign.general  # noqa: F401 - teaches asn1crypto the attributes of ESS (RFC 5035)
import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.pades.cms_checks import read_shape
from docsvc.adapters.pki import cms
from docsvc.adapters.pki.certificates import SEAL, Algorithm, certify, new_key, subject
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
    return key, der, cms.signer_with(key, [der], pss=algorithm.startswith("rsa-pss"))


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_a_detached_signature_holds_and_has_what_cades_wants(algorithm):
    key, der, signing = signer(algorithm)
    digest = hashlib.new(signing.digest, b"paper").digest()
    signed = asn1_cms.ContentInfo.load(signing.sign(digest), strict=True)["content"]
    assert signed["version"].native == "v1"
    assert signed["encap_content_info"]["content"].native is None
    info = signed["signer_infos"][0]
    attributes = {a["type"].native: a["values"] for a in info["signed_attrs"]}
    wanted = ("content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection")
    assert attributes.keys() == set(wanted)
    assert attributes["message_digest"][0].native == digest
    assert info["digest_algorithm"].native == {"algorithm": signing.digest, "parameters": None}
    protection = attributes["cms_algorithm_protection"][0]
    assert protection["signature_algorithm"].native == info["signature_algorithm"].native
    shape, checks = read_shape(signing.sign(digest), time_stamp=False)
    assert (shape.digest, [c.message_en for c in checks if c.indication != "TOTAL-PASSED"]) == (signing.digest, [])
    ess = attributes["signing_certificate_v2"][0]["certs"][0]
    assert ess["cert_hash"].native == hashlib.sha256(der).digest()
    assert ess["issuer_serial"].native is None
    data = info["signed_attrs"].untag().dump()
    value, public = info["signature"].native, key.public_key()
    if algorithm == "ed25519":
        public.verify(value, data)
    elif algorithm.startswith("ecdsa"):
        public.verify(value, data, ec.ECDSA(hashes.SHA384() if algorithm.endswith("384") else hashes.SHA256()))
    elif algorithm.startswith("rsa-pss"):
        public.verify(value, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        public.verify(value, data, padding.PKCS1v15(), hashes.SHA256())


def test_pss_parameters_are_those_of_rfc_4055():
    _, _, signing = signer("rsa-pss-2048")
    info = asn1_cms.ContentInfo.load(signing.sign(DIGEST))["content"]["signer_infos"][0]
    sha256 = {"algorithm": "sha256", "parameters": None}
    algorithm = info["signature_algorithm"]
    assert algorithm["algorithm"].native == "rsassa_pss"
    assert algorithm["parameters"].native == {
        "hash_algorithm": sha256,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
        "salt_length": 32,
        "trailer_field": "trailer_field_bc",
    }
    assert algorithm["parameters"]["hash_algorithm"].dump().endswith(b"\x05\x00")


def with_parameters(**changed):
    _, _, signing = signer("rsa-pss-2048")
    value = asn1_cms.ContentInfo.load(signing.sign(DIGEST))
    info = value["content"]["signer_infos"][0]
    for name, new in changed.items():
        info["signature_algorithm"]["parameters"][name] = new
    # What protects the identifiers is left out, so that the parameters alone decide.
    kept = [a for a in info["signed_attrs"] if a["type"].native != "cms_algorithm_protection"]
    info["signed_attrs"] = asn1_cms.CMSAttributes(kept)
    return value.dump(force=True)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"salt_length": 48}, None),
        ({"salt_length": 31}, "shorter than the digest"),
        ({"hash_algorithm": {"algorithm": "sha512"}}, "another digest"),
        ({"mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha384"}}}, "another digest"),
        ({"mask_gen_algorithm": {"algorithm": "1.2.3.4"}}, "not MGF1"),
        ({"mask_gen_algorithm": {"algorithm": "mgf1"}}, "lacks its digest"),
        ({"salt_length": 20}, "unusual"),  # the default, which DER leaves out
        ({"trailer_field": 2}, "unusual"),
    ],
)
def test_our_verifier_is_strict_about_pss(changed, fault):
    shape, checks = read_shape(with_parameters(**changed), time_stamp=False)
    if fault is None:
        assert shape is not None
    else:
        assert shape is None
        assert fault in checks[0].message_en


@pytest.mark.parametrize(("algorithm", "digest"), [("ed25519", "sha256"), ("ecdsa-p384", "sha256")])
def test_a_digest_that_does_not_go_with_the_key_is_refused(algorithm, digest):
    _, der, signing = signer(algorithm)
    scheme = replace(signing._scheme, digest=digest)
    shape, checks = read_shape(cms.CmsSigner(scheme, [der]).sign(DIGEST), time_stamp=False)
    assert shape is None
    assert checks[0].indication == "TOTAL-FAILED"


def test_an_ed25519_value_of_another_length_is_refused():
    _, der, signing = signer("ed25519")
    longer = replace(signing._scheme, sign=lambda _: bytes(65))
    shape, checks = read_shape(cms.CmsSigner(longer, [der]).sign(bytes(64)), time_stamp=False)
    assert shape is None
    assert "64 octets" in checks[0].message_en


def test_a_certificate_for_pss_alone_is_obeyed():
    key, der, _ = signer("rsa-2048")
    certificate = x509.Certificate.load(der)
    certificate["tbs_certificate"]["subject_public_key_info"]["algorithm"] = {"algorithm": "rsassa_pss"}
    info = asn1_cms.ContentInfo.load(cms.signer_with(key, [certificate.dump(force=True)]).sign(DIGEST))
    signed = info["content"]["signer_infos"][0]
    assert signed["signature_algorithm"]["algorithm"].native == "rsassa_pss"


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
