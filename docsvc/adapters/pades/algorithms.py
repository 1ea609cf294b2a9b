"""Which algorithms may be relied on at which time: one dated table (after ETSI TS 119 312 and NIST SP 800-57)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

STEP = 11
NAME = "algorithm"

SHA2_3 = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
OLD_DIGESTS = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
}
SM3 = {"1.2.156.10197.1.401": "sm3"}  # known, and in no table of PAdES: the profile in `sm2_checks`
DIGEST_NAMES = SHA2_3 | OLD_DIGESTS | SM3
DIGEST_TITLES = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha224": "SHA-224",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
    "sha3_256": "SHA3-256",
    "sha3_384": "SHA3-384",
    "sha3_512": "SHA3-512",
    "sm3": "SM3",
}

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
END_OF_2030 = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)

# Digest → relied on until (None: no end known). Others than these are not relied on at all.
DIGESTS: dict[str, dt.datetime | None] = {
    "md5": NEVER,
    "sha1": NEVER,
    "sha224": NEVER,
    "sha256": None,
    "sha384": None,
    "sha512": None,
    "sha3_256": None,
    "sha3_384": None,
    "sha3_512": None,
    "sm3": NEVER,  # by no table of PAdES
}
# Key family → (least bits, until), ascending; a key takes the last row that it reaches.
KEYS: dict[str, tuple[tuple[int, dt.datetime | None], ...]] = {
    "rsa": ((2048, END_OF_2030), (3072, None)),
    "rsassa_pss": ((2048, END_OF_2030), (3072, None)),
    "ec": ((256, None),),
    "ed25519": ((256, None),),
    "ed448": ((448, None),),
}
# Those of TS 119 312: how many bits a curve has says nothing of who chose it, and for what.
CURVES = {
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "brainpoolp256r1": "brainpoolP256r1",
    "brainpoolp384r1": "brainpoolP384r1",
    "brainpoolp512r1": "brainpoolP512r1",
}
SM2_CURVE = "1.2.156.10197.1.301"  # by no table of PAdES
KEY_TITLES = {
    "rsa": "RSA",
    "rsassa_pss": "RSA",
    "ec": "ECDSA",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
    "dsa": "DSA",
}
EDWARDS_BITS = {"ed25519": 256, "ed448": 448}


@dataclass(frozen=True, slots=True)
class Strength:
    """Whether something may be relied on at a time, and until when."""

    title: str
    good: bool
    until: dt.datetime | None


def digest_strength(name: str, at: dt.datetime) -> Strength:
    """Strength at `at` of a digest by its lower-case name (sha256 …)."""
    until = DIGESTS.get(name, NEVER)
    return Strength(DIGEST_TITLES.get(name, name), until is None or at < until, until)


def key_strength(public_key: Any, at: dt.datetime) -> Strength:
    """Strength at `at` of an asn1crypto PublicKeyInfo; one that can't be read is not relied on."""
    try:
        family = str(public_key.algorithm)
        bits = EDWARDS_BITS.get(family) or int(public_key.bit_size)
        curve = _curve(public_key) if family == "ec" else None
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        OverflowError,
    ):  # its fields are read only now
        return Strength("unreadable key", good=False, until=NEVER)
    title = f"{KEY_TITLES.get(family, family)}-{bits}"
    if curve is not None:
        title = "SM2" if curve == SM2_CURVE else f"ECDSA {CURVES.get(curve, curve)}"
    row = [until for least, until in KEYS.get(family, ()) if bits >= least]
    if not row or (curve is not None and curve not in CURVES):
        return Strength(title, good=False, until=NEVER)
    return Strength(title, row[-1] is None or at < row[-1], row[-1])


def _curve(public_key: Any) -> str:
    kind, curve = public_key.curve
    return str(curve) if kind == "named" else "unnamed curve"
