"""Signatures of an envelope as they come about: each slot's state, what is out for it, and what was given."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from docsvc.domain.envelope import Mark, Needs, Prepared, Signatory, called
from docsvc.domain.errors import ConflictError, NotFoundError

PREPARED_FOR: Final = dt.timedelta(minutes=15)  # a token asks for its PIN; a person looks for the card
LINK_MINUTES: Final = 30
LONGEST_LINK_MINUTES: Final = 7 * 24 * 60
CODE_TRIES: Final = 5
LONGEST_PICTURE: Final = 300_000  # octets
LARGEST_PICTURE: Final = 2400, 1200  # pixels
LONGEST_TEXT: Final = 200  # characters of a reason or a recording
LONGEST_NAME: Final = 40  # of a witness, and of who that is
ROOM_BESIDE, ROOM_ALONE = 40, 80  # characters of a note that a blank has room for, with and without a picture

PNG: Final = b"\x89PNG\r\n\x1a\n"


class SlotState(enum.StrEnum):
    """How far a signature is. Only the first that is not `signed` can be anything but `waiting`."""

    WAITING = "waiting"
    ASKED = "asked"  # a one-time link is out
    PREPARED = "prepared"  # its digest is out, the signature value is awaited
    GIVEN = "given"  # what the person gave is here; the worker makes the signature of it
    SIGNED = "signed"


class Channel(enum.StrEnum):
    """How a one-time link reached the person."""

    SMS = "sms"
    ON_SITE = "on_site"  # on the officers' own device
    EMAIL = "email"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pending:
    """A prepared signature that is out: for which revision, until when."""

    id: str
    revision: str  # SHA-256 of the file that it continues
    until: dt.datetime
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that is out. Of token and code only hashes are kept; it is bound to one revision."""

    id: str
    token_sha256: str
    code_hash: str = field(repr=False)
    channel: Channel
    revision: str
    until: dt.datetime
    failures: int = 0  # wrong codes


@dataclass(frozen=True, slots=True)
class Given:
    """What the person gave: a signature value or a CMS for what was prepared, or a mark by hand."""

    value: bytes | None = field(default=None, repr=False)
    cms: bytes | None = field(default=None, repr=False)
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody refused to sign. A witness, or a recording, stands for them (行政强制法 第18条; rule I05)."""

    reason: str
    witness: str | None
    relation: str | None
    recording: str | None
    by: Mapping[str, str]

    def note(self, who: str) -> str:
        """The whole of it; what the log's opening keeps."""
        parts = [f"{who}拒绝签名。理由：{self.reason}。"]
        if self.witness:
            parts.append(f"见证人：{self.witness}{f'（{self.relation}）' if self.relation else ''}。")
        if self.recording:
            parts.append(f"录音录像：{self.recording}。")
        return "".join(parts)

    def short(self, *, beside_a_picture: bool) -> str:
        """What stands in the document instead of the signature, behind the label that names them.

        A long reason is cut to the room that there is.
        """
        stands_for = f"见证人：{self.witness}。" if self.witness else f"录音录像：{self.recording}。"
        room = (ROOM_BESIDE if beside_a_picture else ROOM_ALONE) - len(f"拒绝签名。理由：。{stands_for}")
        return f"拒绝签名。理由：{_cut(self.reason, max(room, 8))}。{_cut(stands_for, ROOM_BESIDE)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One slot of an envelope. `fault` is why the last try came to nothing, `evidence` what the log says of it."""

    document_id: str
    ordinal: int
    signatory: Signatory
    state: SlotState = SlotState.WAITING
    pending: Pending | None = None
    link: Link | None = None
    given: Given | None = None
    refusal: Refusal | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    attempts: int = 0
    signed_at: dt.datetime | None = None
    revision_sha256: str | None = None  # of the file after it
    certificate_sha256: str | None = None
    level: str | None = None  # B-T, or B-B where no time-stamp could be had
    shortfall: str | None = None

    @property
    def field(self) -> str:
        return self.signatory.field

    @property
    def asked_of(self) -> str:
        """Who is asked for a mark by hand: the signatory, or the witness of their refusal."""
        return self.refusal.witness if self.refusal and self.refusal.witness else self.signatory.name

    @property
    def called(self) -> str:
        """What the document calls them: the label before which they sign."""
        return called(self.signatory.anchor)

    @property
    def by_certificate(self) -> bool:
        return self.refusal is None and self.signatory.needs is not Needs.HANDWRITING

    @property
    def by_hand(self) -> bool:
        """Signed on a pad, behind a one-time link?"""
        if self.refusal is not None:
            return self.refusal.witness is not None
        return self.signatory.needs is Needs.HANDWRITING

    def mark(self, picture: bytes | None, day: dt.date) -> Mark:
        """What the signature shows: the hand's own or the name, with the day; a refusal is told in words."""
        if self.refusal is not None:
            return Mark(picture, (self.refusal.short(beside_a_picture=picture is not None),))
        if picture is not None:
            return Mark(picture, (f"{day:%Y.%m.%d}",))  # half the blank is the picture's
        return Mark(None, (self.signatory.name, f"{day.year}年{day.month}月{day.day}日"))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def begun(document_id: str, signatories: Sequence[Signatory]) -> list[Signature]:
    """The slots of a document that was just laid out."""
    return [Signature(document_id, n, each) for n, each in enumerate(signatories)]


def turn(slots: Sequence[Signature]) -> Signature | None:
    """Whose turn it is; None once all have signed."""
    return next((slot for slot in slots if slot.state is not SlotState.SIGNED), None)


def in_turn(slots: Sequence[Signature], name: str) -> Signature:
    """The slot of that field. Raises NotFoundError; ConflictError where it is signed, or another one's turn."""
    slot = next((slot for slot in slots if slot.field == name), None)
    if slot is None:
        raise NotFoundError(f"没有签名栏{name[:40]}；there is no such signature field")
    if slot.state is SlotState.SIGNED:
        raise ConflictError(f"{slot.signatory.name}已经签名；{name} is signed already")
    first = turn(slots)
    if first is not slot and first is not None:
        raise ConflictError(
            f"尚未轮到{slot.signatory.name}签名，请先由{first.signatory.name}签名；"
            f"out of turn: {first.field} signs first"
        )
    return slot


def revision(slots: Sequence[Signature], unsigned_sha256: str | None) -> str | None:
    """SHA-256 of the newest file of an envelope: after the last signature, else unsigned."""
    signed = [slot.revision_sha256 for slot in slots if slot.state is SlotState.SIGNED]
    return signed[-1] if signed else unsigned_sha256


def picture_fault(png: bytes) -> str | None:
    """Why these bytes are no picture of a pad, by kind and size alone; whoever draws it looks inside."""
    if not png.startswith(PNG):
        return "手写签名须为PNG图像；the handwriting must be a PNG picture"
    if len(png) > LONGEST_PICTURE:
        return f"图像过大；the picture has more than {LONGEST_PICTURE} octets"
    width, height = (int.from_bytes(png[n : n + 4], "big") for n in (16, 20))
    if not (0 < width <= LARGEST_PICTURE[0] and 0 < height <= LARGEST_PICTURE[1]):
        return f"图像尺寸不合要求；the picture has more than {LARGEST_PICTURE[0]}×{LARGEST_PICTURE[1]} pixels"
    return None
