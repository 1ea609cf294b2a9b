"""What older systems meant by private-use code points: the rare characters of GBK and GB 18030."""

from __future__ import annotations

from typing import Final

FIRST, LAST = 0xE815, 0xE864  # U+E815 … U+E864 are the octets FE50 … FEA0, 7F left out, of GBK's user area
GAP: Final = 0x7F
# Those that GB 18030-2005 still kept in private use; GB 18030-2022 has them at their Unicode code points.
LATER: Final = {
    0xE816: "\U00020087",
    0xE817: "\U00020089",
    0xE818: "\U000200cc",
    0xE81E: "\u9fb4",
    0xE826: "\u9fb5",
    0xE82B: "\u9fb6",
    0xE82C: "\u9fb7",
    0xE831: "\U000215d7",
    0xE832: "\u9fb8",
    0xE83B: "\U0002298f",
    0xE843: "\u9fb9",
    0xE854: "\u9fba",
    0xE855: "\U000241fe",
    0xE864: "\u9fbb",
}


def standard_form(character: str) -> str | None:
    """The Unicode character that `character` stands for; None where it is none of these code points."""
    code = ord(character)
    if not FIRST <= code <= LAST:
        return None
    trail = 0x50 + code - FIRST
    return LATER.get(code) or bytes([0xFE, trail + (trail >= GAP)]).decode("gb18030")
