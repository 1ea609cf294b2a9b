"""Slots of an envelope: whose turn it is, what a refusal says, which pictures a pad can have made."""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from dataclasses import replace

import pytest

from docsvc.domain.envelope import Needs, Role, Signatory
from docsvc.domain.errors import ConflictError, NotFoundError
from docsvc.domain.signature import (
    LARGEST_PICTURE,
    LONGEST_PICTURE,
    ROOM_ALONE,
    ROOM_BESIDE,
    Refusal,
    SlotState,
    begun,
    in_turn,
    picture_fault,
    revision,
    turn,
)
from tests.support.signing import handwriting

DAY = dt.date(2026, 11, 5)
PEOPLE = [
    Signatory("Party", Role.PARTY, Needs.HANDWRITING, "林示例", None, "被约谈人（签名、按指印）："),
    Signatory("Officer", Role.OFFICER, Needs.CERTIFICATE, "陈测甲", "TEST1", "约谈人（签名）："),
]


@pytest.fixture
def slots():
    return begun("d-1", PEOPLE)


def refusal(**more):
    return Refusal(**{"reason": "不愿", "witness": None, "relation": None, "recording": None, "by": {}, **more})


def test_they_sign_one_after_the_other(slots):
    party, officer = slots
    assert turn(slots) is party
    assert in_turn(slots, "Party") is party
    with pytest.raises(ConflictError, match="out of turn: Party signs first"):
        in_turn(slots, "Officer")
    with pytest.raises(NotFoundError):
        in_turn(slots, "Seal")
    signed = [replace(party, state=SlotState.SIGNED, revision_sha256="b"), officer]
    assert turn(signed) is officer
    with pytest.raises(ConflictError, match="signed already"):
        in_turn(signed, "Party")
    assert turn([replace(each, state=SlotState.SIGNED) for each in slots]) is None


def test_a_revision_that_is_not_signed_yet_is_not_the_newest(slots):
    party, officer = slots
    assert revision(slots, "a") == "a"
    assert (
        revision([replace(party, revision_sha256="b"), officer], "a") == "a"
    )  # cut off before it was written down
    assert revision([replace(party, state=SlotState.SIGNED, revision_sha256="b"), officer], "a") == "b"


def test_what_a_signature_shows(slots):
    party, officer = slots
    assert party.mark(b"png", DAY).lines == ("2026.11.05",)
    assert officer.mark(None, DAY).lines == ("陈测甲", "2026年11月5日")
    refused = replace(party, refusal=refusal(witness="钱见证"))
    assert refused.mark(b"png", DAY).lines == ("拒绝签名。理由：不愿。见证人：钱见证。",)
    assert (refused.asked_of, refused.by_hand, refused.called) == ("钱见证", True, "被约谈人")
    assert not replace(party, refusal=refusal(recording="7号")).by_hand


def test_a_long_reason_is_cut_to_the_room_that_there_is():
    long = refusal(reason="很" * 200, witness="钱见证")
    assert len(long.short(beside_a_picture=True)) <= ROOM_BESIDE
    assert "…" in long.short(beside_a_picture=True)
    assert long.short(beside_a_picture=True).endswith("见证人：钱见证。")
    recorded = refusal(reason="很" * 200, recording="执法记录仪 0007")
    assert len(recorded.short(beside_a_picture=False)) <= ROOM_ALONE
    assert "很" * 200 in long.note("被约谈人")


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *others):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(others)


DATA, END = chunk(b"IDAT", b"x"), chunk(b"IEND", b"")


def test_a_pad_s_picture_will_do():
    assert picture_fault(handwriting()) is None


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (b"", "PNG"),
        (b"GIF89a", "PNG"),
        (b"\x89PNG\r\n\x1a\n", "pixels"),
        (png(LARGEST_PICTURE[0] + 1, 1, DATA, END), "pixels"),
        (png(0, 1, DATA, END), "pixels"),
        (png(1, 1, chunk(b"IDAT", b"x" * LONGEST_PICTURE), END), "octets"),
    ],
)
def test_pictures_that_no_pad_made(picture, fault):
    assert fault in (picture_fault(picture) or "")
