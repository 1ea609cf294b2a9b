"""What a signature's byte ranges really cover, read from the file's own octets (ISO 32000-2, 12.8.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from docsvc.adapters.pades.der import DerFault, element_length
from docsvc.domain.verdict import Check

STEP = 3
NAME = "byte-range"
GAP_STEP = "contents-gap"

WHITE = b"\x00\t\n\x0c\r "
DELIMITERS = b"()<>[]{}/%"
OBJECT_HEADER = re.compile(rb"[\x00\t\n\x0c\r ]*(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj")
RANGE_OF_DICTIONARY = re.compile(rb"/ByteRange[\x00\t\n\x0c\r ]*\[")
END_OF_REVISION = re.compile(rb"%%EOF(?:\r\n|\r|\n)?$")
RANGE_SIZE = 4
MAX_NESTING = 64


class RawFault(ValueError):  # noqa: N818 - turned into a finding
    """The octets of a signature dictionary can't be read; `str` says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """Where the value of a dictionary's key stands."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RawDictionary:
    """An indirect dictionary as it stands in the file: its span and each top-level key with its values' places."""

    start: int
    end: int
    keys: Mapping[bytes, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one signature covers: octets [0, gap_start) and [gap_end, end); `der` is what the gap holds."""

    gap_start: int
    gap_end: int
    end: int
    der: bytes


def raw_dictionary(pdf: bytes, offset: int) -> RawDictionary:
    """Read the indirect object at `offset`, whose value must be a dictionary. Raises RawFault."""
    header = OBJECT_HEADER.match(pdf, offset)
    if header is None:
        raise RawFault(f"no object starts at {offset}")
    at = _skip_white(pdf, header.end())
    if pdf[at : at + 2] != b"<<":
        raise RawFault(f"the object at {offset} is no dictionary")
    at += 2
    keys: dict[bytes, tuple[Value, ...]] = {}
    while True:
        at = _skip_white(pdf, at)
        if pdf[at : at + 2] == b">>":
            return RawDictionary(offset, at + 2, keys)
        if pdf[at : at + 1] != b"/":
            raise RawFault(f"a key was expected at {at}")
        start, at = at, _name_end(pdf, at)
        name = _decoded_name(pdf[start:at])
        start = _skip_white(pdf, at)
        at = _value_end(pdf, start)
        keys[name] = (*keys.get(name, ()), Value(start, at))


def _skip_white(pdf: bytes, at: int) -> int:
    while at < len(pdf):
        if pdf[at] in WHITE:
            at += 1
        elif pdf[at : at + 1] == b"%":
            while at < len(pdf) and pdf[at] not in b"\r\n":
                at += 1
        else:
            return at
    raise RawFault("the file ends inside a dictionary")


def _name_end(pdf: bytes, at: int) -> int:
    at += 1
    while at < len(pdf) and pdf[at] not in WHITE and pdf[at] not in DELIMITERS:
        at += 1
    return at


def _decoded_name(name: bytes) -> bytes:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), name)


def _value_end(pdf: bytes, at: int) -> int:
    """End of one value: a name, a string, an array, a dictionary, or a run of numbers and keywords."""
    first = pdf[at : at + 1]
    if first == b"/":
        return _name_end(pdf, at)
    if first == b"(":
        return _string_end(pdf, at)
    if pdf[at : at + 2] == b"<<" or first == b"[":
        return _nested_end(pdf, at)
    if first == b"<":
        close = pdf.find(b">", at)
        if close < 0:
            raise RawFault("a hexadecimal string has no end")
        return close + 1
    end = at
    while end < len(pdf) and pdf[end] not in b"/<>[]()":
        end += 1
    if end == at:
        raise RawFault(f"a value was expected at {at}")
    return end


def _string_end(pdf: bytes, at: int) -> int:
    depth = 0
    while at < len(pdf):
        char = pdf[at : at + 1]
        if char == b"\\":
            at += 1
        elif char == b"(":
            depth += 1
        elif char == b")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise RawFault("a string has no end")


def _nested_end(pdf: bytes, at: int) -> int:
    open_ends: list[bytes] = []
    while at < len(pdf):
        two = pdf[at : at + 2]
        one = pdf[at : at + 1]
        if two == b"<<":
            open_ends.append(b">>")
            at += 2
        elif one == b"[":
            open_ends.append(b"]")
            at += 1
        elif open_ends and pdf.startswith(open_ends[-1], at):
            at += len(open_ends.pop())
            if not open_ends:
                return at
        elif one in {b"(", b"<"}:
            at = _value_end(pdf, at)
        elif one == b"%":
            at = _skip_white(pdf, at)
        else:
            at += 1
        if len(open_ends) > MAX_NESTING:
            break
    raise RawFault("an array or dictionary has no end")


def measure(pdf: bytes, raw: RawDictionary) -> tuple[Coverage | None, list[Check]]:
    """Check a signature dictionary's /ByteRange and /Contents against the file.

    Four integers; the first range starts the file; the gap is exactly this dictionary's own /Contents; the second
    range starts at the gap's end and ends its revision inside the file. Coverage is None where that can't be said.
    """
    for key in (b"/ByteRange", b"/Contents"):
        count = len(raw.keys.get(key, ()))
        if count != 1:
            found = "没有" if count == 0 else "重复出现"
            return None, [
                _broken(
                    f"签名字典中{found}{key.decode()}",
                    f"the signature dictionary has {count} {key.decode()} entries",
                )
            ]
    numbers = _integers(pdf, raw.keys[b"/ByteRange"][0])
    if numbers is None or len(numbers) != RANGE_SIZE:
        return None, [_broken("/ByteRange不是四个整数", "the /ByteRange is not an array of exactly four integers")]
    start, length, second, rest = numbers
    contents = raw.keys[b"/Contents"][0]
    end = second + rest
    for broken, zh, en in (
        (start != 0, "签名范围不是从文件开头起", "the signed range does not start at the file's beginning"),
        (end > len(pdf), "签名范围超出文件末尾", "the signed range ends past the end of the file"),
        (
            (length, second) != (contents.start, contents.end)
            or pdf[length : length + 1] != b"<"
            or pdf[second - 1 : second] != b">"
            or second - length < 4,  # noqa: PLR2004 - <> and at least one octet
            "签名范围的空隙不等于本签名的/Contents",
            "the gap in the signed range is not exactly this signature's /Contents",
        ),
        (end < raw.end, "签名范围没有包住签名字典", "the signed range ends inside its own signature dictionary"),
        (
            end <= len(pdf) and END_OF_REVISION.search(pdf, max(0, end - 7), end) is None,
            "签名范围没有止于一个修订版的末尾",
            "the signed range does not end where a revision ends",
        ),
    ):
        if broken:
            return None, [_broken(zh, en)]
    der, checks = _gap(pdf[length + 1 : second - 1])
    if der is None:
        return None, checks
    checks.insert(
        0,
        Check.passed(
            STEP,
            NAME,
            f"覆盖文件的前{end}字节，空隙即签名值",
            f"covers the first {end} octets, all but its own value",
        ),
    )
    return Coverage(length, second, end, der), checks


def _broken(zh: str, en: str) -> Check:
    return Check.failed(STEP, NAME, "FORMAT_FAILURE", zh, en)


def _integers(pdf: bytes, value: Value) -> list[int] | None:
    text = pdf[value.start : value.end]
    if not (text.startswith(b"[") and text.endswith(b"]")):
        return None
    parts = text[1:-1].split()
    if not all(re.fullmatch(rb"\d{1,15}", part) for part in parts):
        return None
    return [int(part) for part in parts]


def _gap(digits: bytes) -> tuple[bytes | None, list[Check]]:
    """No digest covers the gap, so it has one form: digits of one case, one DER element, then zeros."""
    fault: tuple[str, str] | None = None
    if len(digits) % 2 or not re.fullmatch(rb"[0-9a-f]*|[0-9A-F]*", digits):
        fault = ("签名值的十六进制书写不规范", "the hexadecimal digits of /Contents are not uniform")
    else:
        octets = bytes.fromhex(digits.decode("ascii"))
        try:
            length = element_length(octets)
        except DerFault as e:
            fault = (f"签名值不是DER编码（{e}）", f"/Contents does not hold a DER element: {e}")
        else:
            if any(octets[length:]):
                fault = (
                    "签名值之后的填充不全是零",
                    "what follows the value in /Contents is not all zero",
                )
            else:
                return octets[:length], []
    return None, [Check.failed(STEP, GAP_STEP, "FORMAT_FAILURE", *fault)]


def overlaps(coverages: Sequence[Coverage]) -> bool:
    """Whether two signatures share octets of their gaps, or one ends inside another's gap."""
    ordered = sorted(coverages, key=lambda c: c.end)
    return any(later.gap_start < earlier.end for earlier, later in pairwise(ordered))


def unlisted(pdf: bytes, listed: Sequence[RawDictionary], covered: int) -> list[int]:
    """Places past `covered` where a signature dictionary stands that no field leads to."""
    return [
        m.start()
        for m in RANGE_OF_DICTIONARY.finditer(pdf)
        if m.start() >= covered and not any(d.start <= m.start() < d.end for d in listed)
    ]
