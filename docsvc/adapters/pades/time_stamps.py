"""Time-stamp tokens (RFC 3161): what they speak about, when, and whether their authority may say so."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, x509

from docsvc.adapters.pades.algorithms import DIGESTS
from docsvc.domain.verdict import Check

STEP, CHAIN_STEP = 7, 6
NAME = "time-stamp"
CLOCK_TOLERANCE = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says: its time, and the digest of what it speaks about."""

    time: dt.datetime
    algorithm: str
    imprint: bytes


def read_stamp(signed_data: cms.SignedData) -> Stamp:
    """Raises ValueError, TypeError, KeyError or AttributeError for what is not a TSTInfo."""
    info: Any = signed_data["encap_content_info"]["content"].parsed
    imprint = info["message_imprint"]
    return Stamp(
        info["gen_time"].native.astimezone(dt.UTC),
        str(imprint["hash_algorithm"]["algorithm"].native),
        imprint["hashed_message"].native,
    )


def check_imprint(stamp: Stamp, octets: Sequence[memoryview | bytes]) -> Check:
    """Whether the token was made for these octets."""
    if stamp.algorithm not in DIGESTS:
        return Check.undecided(
            STEP,
            NAME,
            "CRYPTO_CONSTRAINTS_FAILURE",
            f"时间戳使用了未知的摘要算法{stamp.algorithm}",
            f"the time-stamp uses an unknown digest algorithm: {stamp.algorithm}",
        )
    digest = hashlib.new(stamp.algorithm, usedforsecurity=False)
    for part in octets:
        digest.update(part)
    if digest.digest() != stamp.imprint:
        return Check.failed(
            STEP,
            NAME,
            "HASH_FAILURE",
            "时间戳与所标记的内容不符：内容被改动",
            "the time-stamp does not fit what it stands on: that was altered",
        )
    return Check.passed(
        STEP,
        NAME,
        f"时间戳与内容相符，时间{stamp.time:%Y-%m-%d %H:%M:%S} UTC",
        f"the time-stamp fits and says {stamp.time:%Y-%m-%d %H:%M:%S} UTC",
    )


def check_order(stamp: Stamp, limit: dt.datetime) -> tuple[Check, ...]:
    """A token may not be younger than the time-stamp after it, or than the moment of verification."""
    if stamp.time <= limit + CLOCK_TOLERANCE:
        return ()
    return (
        Check.undecided(
            STEP,
            NAME,
            "TIMESTAMP_ORDER_FAILURE",
            "时间戳的时间晚于其后的时间戳或验证时间",
            "the time-stamp is younger than the one after it, or than the time of verification",
        ),
    )


def check_authority(certificate: x509.Certificate, stamp: Stamp) -> tuple[Check, ...]:
    """RFC 3161, 2.3: extended key usage critical and for time-stamping only; the certificate valid at the time."""
    out: list[Check] = []
    purposes = certificate.extended_key_usage_value
    alone = purposes is not None and list(purposes.native) == ["time_stamping"]
    if not alone or "extended_key_usage" not in certificate.critical_extensions:
        out.append(
            Check.undecided(
                CHAIN_STEP,
                "authority-usage",
                "CHAIN_CONSTRAINTS_FAILURE",
                "时间戳机构的证书不是专用于时间戳的",
                "the authority's certificate is not for time-stamping alone (RFC 3161, 2.3)",
            )
        )
    if not certificate.not_valid_before <= stamp.time <= certificate.not_valid_after:
        out.append(
            Check.undecided(
                CHAIN_STEP,
                "authority-validity",
                "OUT_OF_BOUNDS_NO_POE",
                "签发时间戳时，机构的证书不在有效期内",
                "the authority's certificate was not valid at the time it stamped",
            )
        )
    return tuple(out)
