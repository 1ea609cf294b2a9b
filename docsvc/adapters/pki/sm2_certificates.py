"""X.509 certificates for SM2 keys (RFC 5280), signed with SM2: a root and the seals under it.

Written to DER here, since no library of ours signs a certificate with SM2. They name no OCSP responder and no CRL:
the development authorities answer for the other keys alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsvc.adapters.pki.certificates import BACKDATE, YEAR, Profile, key_usage
from docsvc.adapters.pki.cms import BOOLEAN, GENERALIZED_TIME, OCTETS, SEQUENCE, integer, oid, tlv
from docsvc.adapters.pki.sm2 import BIT_STRING, SM2_WITH_SM3, Sm2Key

ROOT = Profile("sm2-root", 20, ("key_cert_sign", "crl_sign"), ca_path=0)
SEAL = Profile("sm2-seal", 5, ("digital_signature", "content_commitment"))
UTC_TIME = 0x17
LAST_UTC_YEAR = 2049  # RFC 5280, 4.1.2.5


@dataclass(frozen=True, slots=True)
class Sm2Issuer:
    """A CA that signs."""

    certificate: x509.Certificate
    key: Sm2Key


def certify_sm2(
    profile: Profile, name: x509.Name, key: Sm2Key, issuer: Sm2Issuer | None, now: dt.datetime
) -> x509.Certificate:
    """A certificate of `profile` for `key`, by `issuer` (None: self-signed), valid from just before `now`."""
    end = now + profile.years * YEAR
    if issuer:
        end = min(end, issuer.certificate.not_valid_after_utc)
    tbs = tlv(
        SEQUENCE,
        tlv(0xA0, integer(2)),
        integer(x509.random_serial_number()),
        SM2_WITH_SM3,
        (issuer.certificate.subject if issuer else name).public_bytes(),
        tlv(SEQUENCE, _time(now - BACKDATE), _time(end)),
        name.public_bytes(),
        key.public,
        tlv(0xA3, tlv(SEQUENCE, *_extensions(profile, key, issuer))),
    )
    value = (issuer.key if issuer else key).sign(tbs)
    return x509.load_der_x509_certificate(tlv(SEQUENCE, tbs, SM2_WITH_SM3, tlv(BIT_STRING, b"\x00", value)))


def belongs(key: Sm2Key, certificate: x509.Certificate) -> bool:
    """Is it the certificate of this key?"""
    read = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    return bool(read.public_key.dump() == key.public)


def _extensions(profile: Profile, key: Sm2Key, issuer: Sm2Issuer | None) -> Sequence[bytes]:
    out = [
        _extension(x509.BasicConstraints(profile.ca_path is not None, profile.ca_path), critical=True),
        _extension(key_usage(profile.key_usage), critical=True),
        # RFC 7093, 2, method 1
        _extension(x509.SubjectKeyIdentifier(hashlib.sha256(b"\x04" + key.point).digest()[:20])),
    ]
    if issuer:
        above = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        out.append(_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above)))
    return out


def _extension(value: x509.ExtensionType, *, critical: bool = False) -> bytes:
    return tlv(
        SEQUENCE,
        oid(value.oid.dotted_string),
        tlv(BOOLEAN, b"\xff") if critical else b"",
        tlv(OCTETS, value.public_bytes()),
    )


def _time(at: dt.datetime) -> bytes:
    utc = at.astimezone(dt.UTC)
    if utc.year > LAST_UTC_YEAR:
        return tlv(GENERALIZED_TIME, utc.strftime("%Y%m%d%H%M%SZ").encode())
    return tlv(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode())
