"""Signatures whose key is elsewhere: the revision with its empty room, then that room filled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from docsvc.adapters.pades import detached
from docsvc.adapters.pades.achieved import BYTE_RANGE
from docsvc.adapters.pades.cms_checks import read_shape
from docsvc.adapters.pades.marks import MarkDetails
from docsvc.adapters.pades.updates import Awaited, reserve
from docsvc.domain.envelope import Prepared
from docsvc.domain.errors import SealError


def preparation(
    pdf: bytes, details: MarkDetails, later: Sequence[Awaited], chain: Sequence[bytes], token_room: int
) -> Prepared:
    """The increment of `pdf` that only lacks its signature. Raises SealError."""
    signature_algorithm, digest_algorithm = detached.way_of(chain[0])
    sample = detached.to_be_signed(chain[0], bytes(64), signature_algorithm, digest_algorithm)
    room = detached.largest(chain, sample, signature_algorithm, digest_algorithm) + token_room
    whole, digest = reserve(pdf, details, later, room, digest_algorithm)
    if not whole.startswith(pdf):
        raise SealError("the update is no continuation of the file")
    return Prepared(
        update=whole[len(pdf) :],
        field=details.name,
        content_digest=digest,
        to_be_signed=detached.to_be_signed(chain[0], digest, signature_algorithm, digest_algorithm),
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        chain=tuple(chain),
        at=details.at,
    )


def completion(
    pdf: bytes,
    prepared: Prepared,
    stamp: Callable[[bytes], bytes | None],
    *,
    value: bytes | None,
    cms: bytes | None,
) -> tuple[bytes, str | None]:
    """`pdf` with the prepared increment and its signature, with a token from `stamp` where it fits; else why not.

    Raises SealError where `pdf` is not what was prepared, or the signature does not hold over it.
    """
    whole = pdf + prepared.update
    start, end = _room(whole, len(pdf), prepared)
    if (value is None) == (cms is None):
        raise SealError("either a signature value or a CMS is wanted")
    taken = detached.raw(prepared, value) if value is not None else detached.read(prepared, cms or b"")
    token = stamp(taken.value)
    der, fault = detached.wrapped(taken, prepared.chain, token), None
    if len(der) > (end - start) // 2:
        der, fault = detached.wrapped(taken, prepared.chain), "the time-stamp outgrew the room kept for it"
    if len(der) > (end - start) // 2:
        raise SealError("the signature outgrew the room kept for it")
    shape, checks = read_shape(der, time_stamp=False)
    if shape is None:
        raise SealError(f"the signature is malformed: {checks[0].message_en}")
    digits = der.hex().ljust(end - start, "0").encode()
    return whole[:start] + digits + whole[end:], fault


def _room(whole: bytes, before: int, prepared: Prepared) -> tuple[int, int]:
    """Where the hexadecimal digits of the signature go, once it is seen that this is the file that was prepared."""
    found = list(BYTE_RANGE.finditer(whole, before))
    if len(found) == 1:
        first, second, rest = map(int, found[0].groups())
        gap = whole[first:second]
        if (
            before < first < second
            and second + rest == len(whole)
            and gap[:1] == b"<"
            and gap[-1:] == b">"
            and not gap[1:-1].strip(b"0")
        ):
            digest = hashlib.new(prepared.digest_algorithm, whole[:first] + whole[second:]).digest()
            if digest == prepared.content_digest:
                return first + 1, second - 1
    raise SealError("准备签名之后文书已变 / the document is not the one that the signature was prepared for")
