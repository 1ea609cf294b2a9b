"""The dated table of algorithms."""

from __future__ import annotations

import datetime as dt

import pytest
from asn1crypto import core, keys
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from docsvc.adapters.pades.algorithms import DIGEST_NAMES, DIGEST_TITLES, DIGESTS, digest_strength, key_strength
from tests.support.verified import authority

NOW, LATER = dt.datetime(2026, 11, 22, tzinfo=dt.UTC), dt.datetime(2031, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "whirlpool", ""])
def test_weak_and_unknown_digests_are_never_relied_on(name):
    assert not digest_strength(name, dt.datetime(1995, 1, 1, tzinfo=dt.UTC)).good


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512", "sha3_256"])
def test_strong_digests_have_no_end(name):
    assert digest_strength(name, dt.datetime(2090, 1, 1, tzinfo=dt.UTC)).good


def test_every_digest_that_is_read_has_a_row_and_a_title():
    assert set(DIGEST_NAMES.values()) == DIGESTS.keys() == DIGEST_TITLES.keys()


@pytest.mark.parametrize(
    ("kind", "title", "now", "later"),
    [
        ("rsa1024", "RSA-1024", False, False),
        ("rsa2048", "RSA-2048", True, False),
        ("rsa3072", "RSA-3072", True, True),
        ("ec", "ECDSA P-256", True, True),
    ],
)
def test_keys_by_size_and_time(kind, title, now, later):
    key = authority(kind).signer.asn1.public_key
    assert key_strength(key, NOW).title == title
    assert key_strength(key, NOW).good is now
    assert key_strength(key, LATER).good is later


def info(public_key):
    return keys.PublicKeyInfo.load(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("curve", "title"),
    [
        (ec.SECP256R1(), "ECDSA P-256"),
        (ec.SECP384R1(), "ECDSA P-384"),
        (ec.SECP521R1(), "ECDSA P-521"),
        (ec.BrainpoolP256R1(), "ECDSA brainpoolP256r1"),
        (ec.BrainpoolP384R1(), "ECDSA brainpoolP384r1"),
        (ec.BrainpoolP512R1(), "ECDSA brainpoolP512r1"),
    ],
)
def test_the_curves_of_the_table_are_relied_on(curve, title):
    strength = key_strength(info(ec.generate_private_key(curve).public_key()), LATER)
    assert (strength.title, strength.good, strength.until) == (title, True, None)


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP224R1()])
def test_a_curve_of_no_table_is_never_relied_on_however_many_bits_it_has(curve):
    strength = key_strength(info(ec.generate_private_key(curve).public_key()), NOW)
    assert curve.name in strength.title
    assert not strength.good


def test_a_curve_that_is_not_named_is_never_relied_on():
    """Its parameters could be anybody's choice (RFC 5480, 2.1.1: they must not be used)."""
    unnamed = info(ec.generate_private_key(ec.SECP256R1()).public_key())
    unnamed["algorithm"]["parameters"] = keys.ECDomainParameters(name="implicit_ca", value=core.Null())
    assert not key_strength(unnamed, NOW).good


def test_a_key_that_can_t_be_read_is_not_relied_on():
    key = info(rsa.generate_private_key(65537, 2048).public_key())
    key["public_key"] = keys.RSAPublicKey({"modulus": 0, "public_exponent": 65537})
    strength = key_strength(key, NOW)
    assert not strength.good
    assert strength.until < NOW
