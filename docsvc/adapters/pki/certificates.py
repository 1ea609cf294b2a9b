"""Certificate profiles of the development PKI: who may do what, for how long, and where to ask about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from docsvc.adapters.pki.cms import PrivateKey
from docsvc.domain.errors import UsageError

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Algorithm = Literal[
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "rsa-pss-2048",
    "rsa-pss-3072",
    "rsa-pss-4096",
    "ecdsa-p256",
    "ecdsa-p384",
    "ed25519",
]

NO_EFFECT = "docsvc development – no legal effect"
DESCRIPTION = x509.ObjectIdentifier("2.5.4.13")
LONGEST_NAME = 64
ORGANIZATION_IDENTIFIER = ObjectIdentifier("2.5.4.97")
YEAR = dt.timedelta(days=365)
BACKDATE = dt.timedelta(minutes=10)  # clocks that lag a little still accept a certificate made just now


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate is for. `ca_path` is the pathLen of a CA, None for an end entity."""

    role: str
    years: int
    key_usage: tuple[str, ...]
    ca_path: int | None = None
    extended: ObjectIdentifier | None = None
    no_check: bool = False


ROOT = Profile("root", 20, ("key_cert_sign", "crl_sign"), ca_path=1)
ISSUING = Profile("issuing", 12, ("key_cert_sign", "crl_sign"), ca_path=0)
# Both bits: the seal stands for agreement, not for authentication alone (ETSI EN 319 412-2, 4.3.2, type B).
SEAL = Profile("seal", 5, ("digital_signature", "content_commitment"))
OFFICER = Profile("officer", 3, ("digital_signature", "content_commitment"))
PLATFORM = Profile("platform", 5, ("digital_signature", "content_commitment"))
OCSP = Profile("ocsp", 5, ("digital_signature",), extended=ExtendedKeyUsageOID.OCSP_SIGNING, no_check=True)
# RFC 3161, 2.3: one purpose, and the extension critical.
TSA = Profile("tsa", 8, ("digital_signature",), extended=ExtendedKeyUsageOID.TIME_STAMPING)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA that signs: `name` is "root" or "issuing", as it stands in the addresses of its revocation answers."""

    name: str
    certificate: x509.Certificate
    key: PrivateKey


def new_key(algorithm: Algorithm) -> PrivateKey:
    """A fresh private key. Raises UsageError for an algorithm that is none of ours."""
    match algorithm:
        case "rsa-2048" | "rsa-pss-2048":
            return rsa.generate_private_key(65537, 2048)
        case "rsa-3072" | "rsa-pss-3072":
            return rsa.generate_private_key(65537, 3072)
        case "rsa-4096" | "rsa-pss-4096":
            return rsa.generate_private_key(65537, 4096)
        case "ecdsa-p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ecdsa-p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            raise UsageError(f"unknown key algorithm {algorithm}: one of {', '.join(get_args(Algorithm))}")


def fitting_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | None:
    """What a CA or a responder with this key digests by; Ed25519 has a digest of its own (RFC 8410, 3)."""
    match key:
        case ed25519.Ed25519PrivateKey():
            return None
        case ec.EllipticCurvePrivateKey() if key.key_size > 256:  # noqa: PLR2004 - bits
            return hashes.SHA384()
        case _:
            return hashes.SHA256()


def key_title(key: PrivateKey, *, pss: bool = False) -> str:
    """An algorithm as people call it, e.g. `RSA-3072`, `RSA-3072 PSS`, `ECDSA P-384`."""
    match key:
        case rsa.RSAPrivateKey():
            return f"RSA-{key.key_size}{' PSS' if pss else ''}"
        case ec.EllipticCurvePrivateKey():
            return f"ECDSA P-{key.key_size}"
        case ed25519.Ed25519PrivateKey():
            return "Ed25519"


def subject(common_name: str, organization: str | None = None, uscc: str | None = None) -> x509.Name:
    """Distinguished name that says in itself that it has no legal effect; `uscc` as EN 319 412-1, 5.1.4 identifier.

    A name that is cut stands whole in the description.
    """
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, fitting(organization)))
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, NO_EFFECT))
    else:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, NO_EFFECT))
    if uscc:
        attributes.append(x509.NameAttribute(ORGANIZATION_IDENTIFIER, f"NTRCN-{uscc}"))
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, uscc))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, fitting(common_name)))
    if fitting(common_name) != common_name:
        attributes.append(x509.NameAttribute(DESCRIPTION, common_name))
    return x509.Name(attributes)


def fitting(name: str) -> str:
    """As much of a name as X.520 has room for: 64, which our library counts in octets of UTF-8."""
    return name.encode()[:LONGEST_NAME].decode("utf-8", "ignore")


def certify(
    profile: Profile,
    name: x509.Name,
    key: PrivateKey | PublicKey,
    issuer: Issuer | None,
    base_url: str,
    now: dt.datetime,
) -> x509.Certificate:
    """A certificate of `profile` for `key`, by `issuer` (None: self-signed), valid from just before `now`.

    Of a key that is elsewhere the public half is enough.

    `base_url` is where OCSP, CRLs and issuer certificates are served; the root names none of them. An end entity
    never outlives its issuer.
    """
    public = key if isinstance(key, PublicKey) else key.public_key()
    end = now + profile.years * YEAR
    if issuer:
        end = min(end, issuer.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(profile.ca_path is not None, profile.ca_path), critical=True)
        .add_extension(key_usage(profile.key_usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if profile.extended:
        critical = profile.extended == ExtendedKeyUsageOID.TIME_STAMPING
        builder = builder.add_extension(x509.ExtendedKeyUsage([profile.extended]), critical=critical)
    if profile.no_check:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if issuer:
        identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        builder = _addresses(builder, profile, issuer, base_url)
    signing = issuer.key if issuer else key
    if isinstance(signing, PublicKey):
        raise UsageError("a certificate is signed by a private key")
    return builder.sign(signing, fitting_hash(signing))


def _addresses(
    builder: x509.CertificateBuilder, profile: Profile, issuer: Issuer, base_url: str
) -> x509.CertificateBuilder:
    """Where to ask: CA certificate always, OCSP and CRL unless no check is wanted (RFC 6960, 4.2.2.2.1)."""
    access = AuthorityInformationAccessOID
    places = [x509.AccessDescription(access.CA_ISSUERS, _uri(f"{base_url}/ca/{issuer.name}.cer"))]
    if not profile.no_check:
        places.insert(0, x509.AccessDescription(access.OCSP, _uri(f"{base_url}/ocsp")))
        crl = x509.DistributionPoint([_uri(f"{base_url}/crl/{issuer.name}.crl")], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([crl]), critical=False)
    return builder.add_extension(x509.AuthorityInformationAccess(places), critical=False)


def _uri(address: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(address)


def key_usage(bits: tuple[str, ...]) -> x509.KeyUsage:
    """The extension with these bits and no others."""
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in bits for name in names})
