"""The authority's answers, read by asn1crypto; nothing that comes in may raise."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from typing import ClassVar

import pytest
from asn1crypto import cms, core, tsp
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.pki.certificates import TSA, certify, new_key, subject
from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.timestamping import POLICY, TimeStampAuthority

NOW = dt.datetime(2026, 11, 22, 8, 0, 1, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=8)))
KEY = new_key("ecdsa-p256")
DER = certify(TSA, subject("authority"), KEY, None, "", NOW).public_bytes(Encoding.DER)
AUTHORITY = TimeStampAuthority(signer_with(KEY, [DER]), lambda: NOW)
SIZES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64, "md5": 16}


def query(algorithm="sha256", **fields):
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": bytes(SIZES[algorithm])}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True, **fields}).dump()


class Response(core.Sequence):
    """A TimeStampResp whose token may be missing, as RFC 3161 has it and asn1crypto has not."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


def answer(data):
    return Response.load(AUTHORITY.answer(data), strict=True)


def info(response):
    return response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_query_is_granted_with_its_imprint_our_time_and_policy(algorithm):
    response = answer(query(algorithm))
    assert response["status"]["status"].native == "granted"
    found = info(response)
    assert found["message_imprint"]["hash_algorithm"]["algorithm"].native == algorithm
    assert found["gen_time"].native == dt.datetime(2026, 11, 22, 0, 0, 1, tzinfo=dt.UTC)
    assert found["policy"].native == POLICY
    assert found["accuracy"]["seconds"].native == 1
    assert found["nonce"].native is None


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 1 << 64, -1, -128, -129, (1 << 160) - 1])
def test_the_nonce_comes_back_as_it_went(nonce):
    assert info(answer(query(nonce=nonce)))["nonce"].native == nonce


def test_serial_numbers_are_long_and_never_the_same():
    serials = {info(answer(query()))["serial_number"].native for _ in range(50)}
    assert len(serials) == 50
    assert min(s.bit_length() for s in serials) > 64


def test_the_token_names_its_certificate_and_carries_it_only_where_asked():
    signed = answer(query())["time_stamp_token"]["content"]
    assert [c.chosen.dump() for c in signed["certificates"]] == [DER]
    attributes = {a["type"].native: a["values"][0] for a in signed["signer_infos"][0]["signed_attrs"]}
    assert attributes["content_type"].native == "tst_info"
    assert attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native == hashlib.sha256(DER).digest()
    without = answer(query(cert_req=False))["time_stamp_token"]["content"]
    assert without["certificates"].native is None


def short(algorithm):
    request = tsp.TimeStampReq.load(query(algorithm))
    request["message_imprint"]["hashed_message"] = b"short"
    return request.dump(force=True)


def version_2():
    request = tsp.TimeStampReq.load(query()).dump()
    return request.replace(b"\x02\x01\x01", b"\x02\x01\x02", 1)


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (query("sha1"), "bad_alg"),
        (query("md5"), "bad_alg"),
        (query("sha224"), "bad_alg"),
        (short("sha256"), "bad_data_format"),
        (short("sha512"), "bad_data_format"),
        (b"", "bad_data_format"),
        (b"\x30\x00", "bad_data_format"),
        (query() + b"\x00", "bad_data_format"),
        (b"\x30" * 5000, "bad_data_format"),
        (query(req_policy="1.2.3.4"), "unaccepted_policy"),
        (query(extensions=[{"extn_id": "1.2.3.4", "extn_value": b"\x05\x00"}]), "unaccepted_extensions"),
        (version_2(), "bad_request"),
    ],
    ids=itertools.count(),
)
def test_what_is_not_answered_is_refused_with_its_reason(data, failure):
    response = answer(data)
    assert response["status"]["status"].native == "rejection"
    assert response["status"]["fail_info"].native == {failure}
    assert response["status"]["status_string"].native
    assert response["time_stamp_token"].native is None


def test_our_own_policy_may_be_asked_for():
    assert answer(query(req_policy=POLICY))["status"]["status"].native == "granted"


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(data):
    assert answer(data)["status"]["status"].native == "rejection"


@given(st.integers(0, len(query()) - 1), st.integers(0, 255))
def test_a_query_with_one_byte_changed_gets_an_answer(place, value):
    data = bytearray(query())
    data[place] = value
    assert answer(bytes(data))["status"]["status"].native in {"granted", "rejection"}
