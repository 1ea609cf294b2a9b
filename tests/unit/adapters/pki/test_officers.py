"""Certificates for officers' own keys, and the key of the platform."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki.folder import init_pki, inspect_pki, issued_path, platform_path, service_path
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.adapters.pki.officers import issue_officer
from docsvc.domain.errors import SealError, SetupError, UsageError

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("officers") / "dev"
    init_pki(path, agencies=(), now=NOW, algorithm="ecdsa-p256")
    return path


def public(key, encoding=Encoding.DER):
    return key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def request(key, encoding=Encoding.PEM, name="Somebody else"):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return asked.public_bytes(encoding)


EC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "asked",
    [
        public(EC),
        public(EC, Encoding.PEM),
        request(EC),
        request(EC, Encoding.DER),
        public(ec.generate_private_key(ec.SECP384R1())),
        public(ed25519.Ed25519PrivateKey.generate()),
        public(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["key", "key-pem", "request", "request-der", "p384", "ed25519", "rsa"],
)
def test_the_certificate_says_who_the_officer_is_whatever_was_asked(folder, asked):
    own, *above = map(
        x509.load_der_x509_certificate, issue_officer(folder, None, "陈测甲", "TEST33099900001", asked, NOW)
    )
    assert own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "陈测甲"
    assert own.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value == "TEST33099900001"
    usage = own.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert not usage.key_cert_sign
    own.verify_directly_issued_by(above[0])
    above[0].verify_directly_issued_by(above[1])
    assert issued_path(folder, "issuing", own.serial_number).exists()


def broken(der):
    return der[:-3] + bytes([der[-3] ^ 1]) + der[-2:]


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        broken(request(EC, Encoding.DER)),
        public(rsa.generate_private_key(65537, 1024)),
        public(ec.generate_private_key(ec.SECP256K1())),
    ],
    ids=["nothing", "cut-key", "cut-request", "broken-request", "short-rsa", "other-curve"],
)
def test_no_certificate_for_anything_else(folder, asked):
    with pytest.raises(UsageError):
        issue_officer(folder, None, "陈测甲", "TEST33099900001", asked, NOW)


def test_no_certificate_from_keys_that_are_not_for_development(tmp_path):
    (tmp_path / "authorities.json").write_text('{"development": false}')
    with pytest.raises(SetupError, match="不是开发用密钥"):
        issue_officer(tmp_path, "x", "陈测甲", "TEST33099900001", public(EC), NOW)


def test_the_platform_has_a_key_of_its_own(folder):
    key = FolderKeys(folder).platform
    name = x509.load_der_x509_certificate(key.chain[0]).subject
    assert name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "docsvc development signing platform"
    assert key.development
    assert FolderKeys(folder).platform.chain == key.chain
    assert platform_path(folder) in {report.path for report in inspect_pki(folder)}


def test_a_folder_made_before_gets_one_and_a_handed_out_one_does_not(tmp_path):
    path = tmp_path / "dev"
    init_pki(path, agencies=(), now=NOW, algorithm="ecdsa-p256")
    platform_path(path).unlink()
    service_path(path, "platform").unlink()
    with pytest.raises(SealError, match="没有平台签名密钥"):
        _ = FolderKeys(path).platform
    init_pki(path, agencies=(), now=NOW)
    assert FolderKeys(path).platform.chain
    platform_path(path).unlink()
    (path / "issuing.p12").unlink()
    init_pki(path, agencies=(), now=NOW)
    assert not platform_path(path).exists()


def test_a_key_file_that_does_not_open_says_so(tmp_path):
    path = tmp_path / "dev"
    init_pki(path, agencies=(), now=NOW, algorithm="ecdsa-p256")
    platform_path(path).write_bytes(b"x")
    with pytest.raises(SealError, match="signing platform can't be used"):
        _ = FolderKeys(path).platform
