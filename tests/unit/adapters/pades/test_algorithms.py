"""The dated table of algorithms."""

from __future__ import annotations

import datetime as dt

import pytest

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
