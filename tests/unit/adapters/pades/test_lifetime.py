"""Until when a time-stamp can be relied on."""

from __future__ import annotations

import datetime as dt

import pytest
from asn1crypto import cms, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsvc.adapters.pades.lifetime import EPOCH, good_until
from docsvc.adapters.pki import certificates as profiles
from docsvc.adapters.pki.certificates import Issuer, certify, new_key, subject
from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.timestamping import TimeStampAuthority
from docsvc.domain.canonical import sha256_hex

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)


def token(algorithm="ecdsa-p256", root_algorithm=None, root_age=0):
    """A token of an authority under a root of its own, and that root."""
    root_key, key = new_key(root_algorithm or algorithm), new_key(algorithm)
    root = certify(profiles.ROOT, subject("root"), root_key, None, "", NOW - root_age * YEAR)
    own = certify(profiles.TSA, subject("tsa"), key, Issuer("root", root, root_key), "http://127.0.0.1", NOW)
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes.fromhex(sha256_hex(b""))}
    query = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True}).dump()
    answer = TimeStampAuthority(signer_with(key, [own.public_bytes(Encoding.DER)]), lambda: NOW).answer(query)
    found = tsp.TimeStampResp.load(answer)["time_stamp_token"]
    return cms.ContentInfo.load(found.dump())["content"], x509.Certificate.load(root.public_bytes(Encoding.DER))


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"])
def test_the_authority_s_certificate_is_the_first_to_end(algorithm):
    stamp, root = token(algorithm)
    assert good_until(stamp, [root]) == NOW + 8 * YEAR


def test_a_key_that_is_not_relied_on_so_long_ends_it_before():
    stamp, root = token("rsa-2048")
    assert good_until(stamp, [root]) == dt.datetime(2031, 1, 1, tzinfo=dt.UTC)


def test_so_does_a_weak_key_above():
    stamp, root = token("ecdsa-p256", "rsa-2048")
    assert good_until(stamp, [root]) == dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
    assert good_until(stamp, []) == NOW + 8 * YEAR, "as far as certificates are at hand"


def test_a_root_that_ends_first_ends_it():
    stamp, root = token(root_age=15)
    assert good_until(stamp, [root]) == NOW + 5 * YEAR


def test_a_digest_that_is_relied_on_no_more_gives_the_epoch():
    stamp, root = token()
    stamp["signer_infos"][0]["digest_algorithm"]["algorithm"] = "sha1"
    assert good_until(stamp, [root]) == EPOCH


def test_a_path_that_leads_nowhere_ends_where_it_ends():
    stamp, root = token()
    altered = root.copy()
    altered["tbs_certificate"]["issuer"] = x509.Name.build({"common_name": "another"})
    assert good_until(stamp, [x509.Certificate.load(altered.dump(force=True))]) == NOW + 8 * YEAR
