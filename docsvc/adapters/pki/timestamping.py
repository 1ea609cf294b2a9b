"""A time-stamp authority by RFC 3161 and RFC 5816: a query in, an answer out, all in DER; no network here."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from asn1crypto import tsp

from docsvc.adapters.pki.cms import (
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    TST_INFO,
    CmsSigner,
    integer,
    oid,
    tlv,
)

# Under 2.999, the arc that X.660 sets aside for examples: this authority is for development and promises nothing.
POLICY = "2.999.3161.1"
ACCURACY_S = 1
IMPRINT_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
# PKIFailureInfo bits (RFC 3161, 2.4.2)
BAD_ALGORITHM, BAD_REQUEST, BAD_DATA_FORMAT, UNACCEPTED_POLICY, UNACCEPTED_EXTENSION, SYSTEM_FAILURE = (
    0,
    2,
    5,
    15,
    16,
    25,
)


@dataclass(frozen=True, slots=True)
class Query:
    """A TimeStampReq, read. `imprint` is the MessageImprint in DER."""

    version: str
    algorithm: str
    hashed: bytes
    imprint: bytes
    policy: str | None
    nonce: int | None
    certificates: bool
    extended: bool

    def fault(self) -> tuple[int, str] | None:
        """Failure bit and sentence for what is not answered (RFC 3161, 2.4.2)."""
        if self.version != "v1":
            return BAD_REQUEST, "only version 1 is answered"
        if self.algorithm not in IMPRINT_BYTES:
            return BAD_ALGORITHM, "the imprint must be SHA-256, SHA-384 or SHA-512"
        if len(self.hashed) != IMPRINT_BYTES[self.algorithm]:
            return BAD_DATA_FORMAT, f"an imprint of {self.algorithm} has {IMPRINT_BYTES[self.algorithm]} bytes"
        if self.policy not in (None, POLICY):
            return UNACCEPTED_POLICY, f"the one policy is {POLICY}"
        if self.extended:
            return UNACCEPTED_EXTENSION, "no extension is supported"
        return None


def read_query(der: bytes) -> Query:
    """Raises ValueError, TypeError or KeyError for what is not a TimeStampReq."""
    request = tsp.TimeStampReq.load(der, strict=True)
    imprint = request["message_imprint"]
    return Query(
        version=request["version"].native,
        algorithm=imprint["hash_algorithm"]["algorithm"].native,
        hashed=imprint["hashed_message"].native,
        imprint=imprint.dump(),
        policy=request["req_policy"].dotted if request["req_policy"].native else None,
        nonce=request["nonce"].native,
        certificates=bool(request["cert_req"].native),
        extended=bool(request["extensions"].native),
    )


class TimeStampAuthority:
    """Issues tokens with the time of `clock`, which returns an aware datetime."""

    def __init__(self, signer: CmsSigner, clock: Callable[[], dt.datetime]) -> None:
        self._signer = signer
        self._clock = clock

    def answer(self, query: bytes) -> bytes:
        """TimeStampResp in DER, granted or refused; never raises for what is in the query."""
        try:
            request = read_query(query)
            refused = request.fault()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return refusal(BAD_DATA_FORMAT, "the query is not a TimeStampReq of RFC 3161")
        if refused:
            return refusal(*refused)
        token = self._token(request.imprint, request.nonce, certificates=request.certificates)
        return tlv(SEQUENCE, tlv(SEQUENCE, integer(0)), token)

    def _token(self, imprint: bytes, nonce: int | None, *, certificates: bool) -> bytes:
        now = self._clock().astimezone(dt.UTC)
        info = tlv(
            SEQUENCE,
            integer(1),
            oid(POLICY),
            imprint,
            integer(secrets.randbits(128) | 1),
            # Whole seconds: some readers know no fractions, and the accuracy says that they would promise too much.
            tlv(GENERALIZED_TIME, now.strftime("%Y%m%d%H%M%SZ").encode()),
            tlv(SEQUENCE, integer(ACCURACY_S)),
            signed_integer(nonce) if nonce is not None else b"",
        )
        digest = hashlib.new(self._signer.digest, info).digest()
        return self._signer.sign(digest, kind=TST_INFO, content=info, certificates=certificates)


def signed_integer(value: int) -> bytes:
    """DER INTEGER of any sign: a nonce is echoed as it came."""
    size = (value.bit_length() if value >= 0 else (value + 1).bit_length()) // 8 + 1
    return tlv(INTEGER, value.to_bytes(size, "big", signed=True))


def refusal(bit: int, sentence: str) -> bytes:
    """TimeStampResp with status rejection (2), a sentence and one PKIFailureInfo bit."""
    size = bit // 8 + 1
    bits = (1 << (size * 8 - 1 - bit)).to_bytes(size, "big")
    unused = bytes((size * 8 - 1 - bit,))
    status = tlv(
        SEQUENCE,
        integer(2),
        tlv(SEQUENCE, tlv(0x0C, sentence.encode())),
        tlv(0x03, unused + bits),
    )
    return tlv(SEQUENCE, status)
