"""The signatures of people on a document: their fields and what these show, for the writer of updates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509
from pyhanko.sign.fields import SigFieldSpec

from docsvc.adapters.pades.mark_art import Drawn, draw_mark, handwriting
from docsvc.adapters.pades.seal_art import MM, Appearance
from docsvc.domain.document import Slot
from docsvc.domain.envelope import Blank, Box, Mark
from docsvc.domain.errors import SealError

DEVELOPMENT = "docsvc development"


@dataclass(frozen=True, slots=True)
class AwaitedField:
    """A field that is declared empty (fits updates.Awaited); `box` is its page and rectangle in points."""

    name: str
    described: str
    box: Box

    @property
    def field(self) -> SigFieldSpec:
        b = self.box
        return SigFieldSpec(
            self.name,
            on_page=b.page,
            box=(b.left, b.bottom, b.left + b.width, b.bottom + b.height),  # type: ignore[arg-type]  # written as reals
            readable_field_name=self.described,
        )


@dataclass(frozen=True, slots=True)
class MarkDetails:
    """A signature with its mark (fits updates.Signing)."""

    place: AwaitedField
    signer: str
    at: dt.datetime
    appearance: Appearance
    elsewhere: Sequence[tuple[Box, Appearance]] = ()
    across_pages: bool = False

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def field(self) -> SigFieldSpec:
        return self.place.field

    @property
    def described(self) -> str:
        return self.place.described


def awaited(place: Blank | Slot) -> AwaitedField:
    """The field of one that is still to sign."""
    if isinstance(place, Blank):
        return AwaitedField(place.field, place.described, place.boxes[0])
    side = round(place.design.diameter_mm * MM, 3)
    box = Box(place.place.page, place.place.x - side / 2, place.place.y - side / 2, side, side)
    return AwaitedField(place.field, f"{place.design.name} 电子印章", box)


def marked(
    place: Blank | Slot, mark: Mark, chain: Sequence[bytes], at: dt.datetime, outlines: Drawn, *, development: bool
) -> MarkDetails:
    """The signature of whoever has that chain, with `mark` in each of the boxes of `place`. Raises SealError."""
    if isinstance(place, Slot):
        raise SealError(f"a seal is no signature by hand: {place.design.name}")
    ink = handwriting(mark.picture) if mark.picture is not None else None
    drawn: dict[tuple[float, float], Appearance] = {}
    for box in place.boxes:
        size = (box.width, box.height)
        if size not in drawn:
            drawn[size] = draw_mark(mark, ink, *size, outlines, development=development)
    own, *elsewhere = [(box, drawn[box.width, box.height]) for box in place.boxes]
    return MarkDetails(awaited(place), name_of(chain), at, own[1], elsewhere)


def name_of(chain: Sequence[bytes]) -> str:
    """The common name of the first certificate of `chain`."""
    subject = x509.Certificate.load(chain[0]).subject
    return str(subject.native.get("common_name") or subject.human_friendly)


def of_development(chain: Sequence[bytes]) -> bool:
    """Is it a chain of the development PKI, without legal effect?"""
    certificates = [x509.Certificate.load(der) for der in chain]
    names = [name for c in certificates for name in (c.subject, c.issuer)]
    return any(DEVELOPMENT in str(part).casefold() for name in names for part in name.native.values())
