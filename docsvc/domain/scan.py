"""What the QR code on a document says: where its page is, and its facts under a signature that checks offline.

    ADDRESS#DIGITS        ADDRESS = PUBLIC_URL/d/DOCUMENT_ID

The digits are one decimal number; as big-endian bytes it is

    1    version, 1
    4    id of the key: the first bytes of SHA-256 over its SubjectPublicKeyInfo (DER)
    4    issue date as hexadecimal digits, 20 26 09 22
    20   the first bytes of SHA-256 over the printed facts: RFC 8785 JSON of action_code, agency, issue_date
         (YYYY-MM-DD), number, party and title, each as it stands on the paper, in Unicode form NFC
    1+n  the document's number: its length in bytes, then UTF-8
    1+n  the first 40 characters of the agency's name, the same way
    64   Ed25519 over "docsvc.scan/1", a line end, ADDRESS, a line end, and all bytes before

What stands behind the # is never sent to a server, and digits take the least room in a QR code.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from docsvc.domain.canonical import canonical_json
from docsvc.domain.document import Accepted
from docsvc.domain.errors import EvidenceError, UsageError

VERSION: Final = 1
HEADING: Final = b"docsvc.scan/1\n"
KEY_ID_BYTES: Final = 4
DIGEST_BYTES: Final = 20
SIGNATURE_BYTES: Final = 64
FACTS: Final = ("number", "title", "agency", "issue_date", "party", "action_code")
LONGEST_CODE: Final = 2000  # characters; far more than a QR code holds that can be scanned from paper
SHOWN: Final = 40  # characters of the agency's name; the digest holds all of a longer one
_DATE = re.compile(r"(\d{4})(?:-(\d\d)-(\d\d)|年(\d{1,2})月(\d{1,2})日)", re.ASCII)


class ScanCodeError(EvidenceError):
    """The text is not the code of a document."""


class UnsignedCodeError(ScanCodeError):
    """A code that only leads to the document's page, as documents bore them first."""


class OtherVersionError(ScanCodeError):
    """A code of a version that this program does not know."""


def scan_address(public_url: str, document_id: str) -> str:
    """Address of the page that shows anyone the document's state; `public_url` has no slash at its end."""
    return f"{public_url}/d/{document_id}"


def printed_facts(accepted: Accepted) -> dict[str, str]:
    """The facts on the face of the paper, under their names in FACTS."""
    return {
        "number": accepted.number.text,
        "title": accepted.doc_type.manifest.title_of(accepted.case.data["body"]),
        "agency": accepted.agency.name,
        "issue_date": accepted.case.issue_date.isoformat(),
        "party": accepted.case.party_name,
        "action_code": accepted.case.action_code,
    }


def normal(name: str, value: str) -> str:
    """A fact as the digest takes it: NFC, no space around it, a date as YYYY-MM-DD.

    Raises UsageError for a date that is none.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if name != "issue_date":
        return text
    m = _DATE.fullmatch(text)
    try:
        return dt.date(int(m[1]), int(m[2] or m[4]), int(m[3] or m[5])).isoformat() if m else _no_date(text)
    except ValueError:
        return _no_date(text)


def _no_date(text: str) -> str:
    raise UsageError(f"日期应如 2026年9月22日 或 2026-09-22；no date: {text[:40]}")


def facts_digest(facts: Mapping[str, str]) -> bytes:
    """What the code says of the facts named in FACTS, all of them. Raises UsageError for a date that is none."""
    return hashlib.sha256(canonical_json({name: normal(name, facts[name]) for name in FACTS})).digest()[
        :DIGEST_BYTES
    ]


@dataclass(frozen=True, slots=True)
class ScanCode:
    """A code, read or to be written."""

    address: str
    key_id: bytes
    issue_date: str  # YYYY-MM-DD
    digest: bytes
    number: str
    agency: str
    signature: bytes = b""

    @classmethod
    def of(cls, address: str, key_id: bytes, facts: Mapping[str, str]) -> Self:
        """The code of a document, still to be signed."""
        known = {name: normal(name, facts[name]) for name in FACTS}
        return cls(
            address, key_id, known["issue_date"], facts_digest(known), known["number"], known["agency"][:SHOWN]
        )

    @property
    def body(self) -> bytes:
        """All bytes but the signature; no number and no shown name of an agency takes more than 255."""
        date = bytes.fromhex(self.issue_date.replace("-", ""))
        said = b"".join(bytes([len(text)]) + text for text in (self.number.encode(), self.agency.encode()))
        return bytes([VERSION]) + self.key_id + date + self.digest + said

    @property
    def message(self) -> bytes:
        """What is signed: the address as well, so that no code leads to another page than its own."""
        return HEADING + self.address.encode() + b"\n" + self.body

    @property
    def text(self) -> str:
        """What the QR code holds."""
        return f"{self.address}#{int.from_bytes(self.body + self.signature)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code in its one right form. Raises UnsignedCodeError, OtherVersionError, ScanCodeError."""
        address, mark, digits = text.partition("#")
        if len(text) > LONGEST_CODE or not re.fullmatch(r"https?://[!-~]+/d/[\w.-]+", address, re.ASCII):
            raise ScanCodeError("不是文书二维码的内容；this is not what the code on a document says")
        if not mark:
            raise UnsignedCodeError("二维码只有查验地址，没有签名；the code has an address and no signed facts")
        if not re.fullmatch(r"[1-9]\d*", digits, re.ASCII):
            raise ScanCodeError("二维码内容不完整或被改动；the code's digits are incomplete or altered")
        number = int(digits)
        data = number.to_bytes((number.bit_length() + 7) // 8)
        if data[0] != VERSION:
            raise OtherVersionError(f"二维码版本 {data[0]} 未知；a code of version {data[0]}, unknown here")
        body, signature = data[1:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        key_id, date, digest, said = _cut(body, KEY_ID_BYTES, 4, DIGEST_BYTES)
        try:
            number_text, said = _text(said)
            agency, rest = _text(said)
            issued = dt.date.fromisoformat(date.hex()).isoformat()
        except (ValueError, IndexError) as e:
            raise ScanCodeError("二维码内容不完整或被改动；the code's bytes are incomplete or altered") from e
        if rest:
            raise ScanCodeError("二维码内容多出数据；the code says more than a code does")
        return cls(address, key_id, issued, digest, number_text, agency, signature)


def _cut(data: bytes, *sizes: int) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def _text(data: bytes) -> tuple[str, bytes]:
    """One text and what follows it. Raises IndexError, ValueError (UnicodeDecodeError)."""
    end = 1 + data[0]
    if len(data) < end:
        raise ValueError("cut off")
    return data[1:end].decode(), data[end:]
