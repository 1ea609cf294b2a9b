"""Certificates for people, from the development PKI: the key is theirs, only its public half comes here."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, load_pem_public_key
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki.certificates import NO_EFFECT, OFFICER, Issuer, PublicKey, certify, fitting
from docsvc.adapters.pki.folder import describe, password_of, record_issued
from docsvc.adapters.pki.keyfile import read_key
from docsvc.domain.errors import SetupError, UsageError

CURVES = {"secp256r1", "secp384r1"}
LEAST_RSA = 2048


def issue_officer(
    folder: Path, password: str | None, name: str, cert_no: str, request: bytes, now: dt.datetime
) -> tuple[bytes, ...]:
    """A certificate for an officer's own key, and the chain above it: DER, the officer's first, the root last.

    `request` is a PKCS #10 request (PEM or DER), of which only the key counts and whose signature must hold, or a
    bare public key. `cert_no` is the number of the enforcement certificate. Raises UsageError for a request or key
    that can't be accepted, SetupError where the folder is no development PKI.
    """
    description = describe(folder)
    if not description.development:
        raise SetupError(
            "不是开发用密钥：执法人员证书由正式的证书机构签发 / certificates come from a real authority"
        )
    key = _public_key(request)
    file = read_key(folder / "issuing.p12", password_of(folder, password))
    issuing = Issuer("issuing", file.certificate, file.key)
    own = certify(OFFICER, officer_subject(name, cert_no), key, issuing, description.base_url, now)
    record_issued(folder, issuing.name, own)
    return (own.public_bytes(Encoding.DER), *file.chain_der)


def officer_subject(name: str, cert_no: str) -> x509.Name:
    """Subject of an officer's certificate: the name, and the number of the enforcement certificate as serial."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, NO_EFFECT),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, cert_no),
            x509.NameAttribute(NameOID.COMMON_NAME, fitting(name)),
        ]
    )


def _public_key(request: bytes) -> PublicKey:
    try:
        key = _key_in(request)
    except (ValueError, TypeError, InvalidSignature) as e:
        raise UsageError(
            "证书请求无法读取或者签名无效 / the request can't be read, or its signature is wrong"
        ) from e
    match key:
        case rsa.RSAPublicKey() if key.key_size >= LEAST_RSA:
            return key
        case ec.EllipticCurvePublicKey() if key.curve.name in CURVES:
            return key
        case ed25519.Ed25519PublicKey():
            return key
    raise UsageError("密钥种类不接受：RSA 2048以上、P-256、P-384或者Ed25519 / this kind of key is not accepted")


def _key_in(request: bytes) -> object:
    text = request.lstrip()
    if text.startswith(b"-----BEGIN PUBLIC KEY"):
        return load_pem_public_key(text)
    if text.startswith(b"-----BEGIN"):
        asked = x509.load_pem_x509_csr(text)
    else:
        try:
            asked = x509.load_der_x509_csr(request)
        except ValueError:
            return load_der_public_key(request)
    if not asked.is_signature_valid:
        raise ValueError("the request's signature is wrong")
    return asked.public_key()
