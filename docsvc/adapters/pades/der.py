"""A strict reader of DER (X.690 clause 10): a tree of elements with their places, or the first breach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET = 0x30, 0x31
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

MAX_DEPTH = 48
MAX_NODES = 200_000
CONSTRUCTED = 0x20
UNIVERSAL_CONSTRUCTED = {SEQUENCE, SET}
LONG_FORM = 0x80
MAX_LENGTH_OCTETS = 4


class DerFault(ValueError):  # noqa: N818 - a breach that the caller turns into a finding, not an error of ours
    """The bytes are not DER; `str` says where and why."""


@dataclass(frozen=True, slots=True)
class Node:
    """One element: tag octet, where it starts, where its content starts, where it ends, its children."""

    data: bytes
    tag: int
    start: int
    body: int
    end: int
    children: tuple[Node, ...]

    @property
    def raw(self) -> bytes:
        """The element with its header."""
        return self.data[self.start : self.end]

    @property
    def content(self) -> bytes:
        return self.data[self.body : self.end]

    def walk(self) -> Iterator[Node]:
        """This element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def element_length(data: bytes, at: int = 0) -> int:
    """Length of the one element that starts at `at`, header included. Raises DerFault."""
    _, body, end = _header(data, at, len(data))
    del body
    return end - at


def parse(data: bytes) -> Node:
    """Read exactly one element that fills `data`. Raises DerFault."""
    budget = [MAX_NODES]
    node = _element(data, 0, len(data), 0, budget)
    if node.end != len(data):
        raise DerFault(f"{len(data) - node.end} octets after the element")
    return node


def oid_text(node: Node) -> str:
    """Dotted form of an OBJECT IDENTIFIER."""
    arcs: list[int] = []
    value = 0
    for octet in node.content:
        value = value << 7 | octet & 0x7F
        if not octet & LONG_FORM:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(n) for n in (first, arcs[0] - 40 * first, *arcs[1:]))


def _header(data: bytes, at: int, limit: int) -> tuple[int, int, int]:
    if at + 2 > limit:
        raise DerFault(f"element at {at} is cut off")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:  # noqa: PLR2004 - all tag bits set: the long form of tags
        raise DerFault(f"long tag at {at}")
    body = at + 2
    if first < LONG_FORM:
        length = first
    else:
        count = first & 0x7F
        if count == 0:
            raise DerFault(f"indefinite length at {at}")
        if count > MAX_LENGTH_OCTETS or body + count > limit:
            raise DerFault(f"impossible length at {at}")
        length = int.from_bytes(data[body : body + count], "big")
        body += count
        if length < LONG_FORM or length >> 8 * (count - 1) == 0:
            raise DerFault(f"length at {at} is longer than it need be")
    if body + length > limit:
        raise DerFault(f"element at {at} reaches past its frame")
    return tag, body, body + length


def _element(data: bytes, at: int, limit: int, depth: int, budget: list[int]) -> Node:
    if depth > MAX_DEPTH:
        raise DerFault("nested too deeply")
    budget[0] -= 1
    if budget[0] < 0:
        raise DerFault("too many elements")
    tag, body, end = _header(data, at, limit)
    if tag < 0x40 and tag & CONSTRUCTED and tag not in UNIVERSAL_CONSTRUCTED:  # noqa: PLR2004 - universal class
        raise DerFault(f"string in pieces at {at}")
    if tag in {SEQUENCE ^ CONSTRUCTED, SET ^ CONSTRUCTED}:
        raise DerFault(f"SEQUENCE or SET without its constructed bit at {at}")
    children: list[Node] = []
    if tag & CONSTRUCTED:
        place = body
        while place < end:
            child = _element(data, place, end, depth + 1, budget)
            children.append(child)
            place = child.end
    else:
        _primitive(tag, data[body:end], at)
    return Node(data, tag, at, body, end, tuple(children))


def _primitive(tag: int, content: bytes, at: int) -> None:
    """X.690 10.2, 11.1 and 8.3.2: one encoding a value."""
    fault = False
    match tag:
        case 0x01:
            fault = content not in {b"\x00", b"\xff"}
        case 0x02:
            fault = not content or (
                len(content) > 1 and content[0] in {0, 0xFF} and content[0] >> 7 == content[1] >> 7
            )
        case 0x03:
            unused = content[0] if content else 8
            fault = unused > 7 or (  # noqa: PLR2004 - bits of an octet
                unused > 0 and (len(content) == 1 or content[-1] & ((1 << unused) - 1) != 0)
            )
        case 0x05:
            fault = content != b""
        case 0x06:
            fault = (
                not content
                or bool(content[-1] & LONG_FORM)
                or content[0] == LONG_FORM
                or any(octet == LONG_FORM and not before & LONG_FORM for before, octet in pairwise(content))
            )
        case 0x17 | 0x18:
            fault = not content.endswith(b"Z") or not content[:-1].replace(b".", b"", 1).isdigit()
        case _:
            pass
    if fault:
        raise DerFault(f"value at {at} (tag {tag:#04x}) is not in its one form")
