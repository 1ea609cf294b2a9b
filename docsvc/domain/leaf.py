"""What a leaf of the log says, and the opening that proves what it means.

A leaf is public for ever, so it names no one. It holds the digest of the signed file, that of the template and
SHA-256(opening). The digests of the case, of the Word file and of the unsigned PDF stand in the opening only: each
is a function of facts of which an onlooker may know all but an identity number, and that could be found by trying.
The opening holds 32 random bytes, so nothing can be found from its digest. The document itself is named by the
digest of its id: the id is the address behind its QR code, and nobody shall walk from the log to every document.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docsvc.domain.canonical import canonical_json, sha256_hex
from docsvc.domain.document import DocumentRow, Level
from docsvc.domain.errors import LogError
from docsvc.domain.joint import names_in
from docsvc.domain.merkle import LogEvent

ACCEPTED = "document.accepted"
SEALED = "document.sealed"
MARKED = "signature.given"  # by hand, not yet in the document: whose, how, and the picture's digest, in the opening
SIGNED = "document.signed"  # by a person, in an envelope; who, how and by which certificate: in the opening
REFUSED = "document.refused"  # a person refused to sign: why, and who witnessed it, in the opening
UPGRADED = "document.upgraded"  # the same document at a higher PAdES level: other bytes, other digest
RENEWED = "document.renewed"  # one more document time-stamp, before the one before weakens
VOIDED = "document.voided"
SEAL_USED = "seal.used"  # a seal's key is about to be operated on an unsigned PDF: which and whose, in the opening
SM2_SEALED = "document.sm2_sealed"  # a copy beside it, under the SM2 profile: its digest stands in the opening
DELIVERED = "document.delivered"  # someone took a file of it: who and which, in the opening

# May happen to the same file again; every other type happens to it once.
REPEATED = frozenset({DELIVERED, MARKED, REFUSED, SEAL_USED})
SIGNING_EVENTS = (SEALED, UPGRADED, RENEWED)  # those after which another signed file is the document

LEAF_SCHEMA = "docsvc.leaf/2"
LEAF_SCHEMA_1 = "docsvc.leaf/1"  # named the document by its id; what is in a log stays in it
OPENING_SCHEMA = "docsvc.opening/1"
SALT_BYTES = 32

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, read. `commitment` is the SHA-256 of the opening's bytes; digests are lower-case hexadecimal."""

    event_id: str
    document: str  # SHA-256 of the document's id
    type: str
    at: dt.datetime
    template_sha256: str
    signed_sha256: str | None
    target: Level
    achieved: Level | None
    commitment: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What a leaf's commitment stands for: the facts, and the digests of everything the file was made from."""

    salt: str
    facts: Mapping[str, str]  # number, doc_type, agency, party, action_code, issue_date; agencies, of a joint one
    sha256: Mapping[str, str | None]  # case, template, docx, unsigned, signed
    detail: Mapping[str, Any]  # per type of event, e.g. why a document was voided


def document_digest(document_id: str) -> str:
    """How a leaf names a document: random ids of 122 bits can't be found from it."""
    return sha256_hex(document_id.encode())


def facts_of(row: DocumentRow) -> dict[str, str]:
    """What an opening says of a document. Where several agencies seal it, all are named."""
    names = names_in(row.case_json)
    return {
        **({"agencies": "、".join(names)} if names else {}),
        "number": row.number,
        "doc_type": row.doc_type,
        "agency": row.agency_id,
        "party": row.party_name,
        "action_code": row.action_code,
        "issue_date": row.issue_date.isoformat(),
    }


def digests_of(row: DocumentRow) -> dict[str, str | None]:
    """The chain from the case to the signed file, as the row holds it."""
    return {
        "case": row.case_sha256,
        "template": row.template_sha256,
        "docx": row.docx_sha256,
        "unsigned": row.unsigned_sha256,
        "signed": row.signed_sha256,
    }


def make_event(
    row: DocumentRow,
    *,
    id: str,
    type: str,
    at: dt.datetime,
    salt: bytes,
    detail: Mapping[str, Any] | None = None,
) -> LogEvent:
    """The event that `type` has happened to the document as `row` now says it is.

    `salt` is 32 fresh random bytes. The leaf's bytes are made here and never change afterwards.
    Raises ValueError for a salt of another length or a time without zone.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"the salt has {len(salt)} bytes, not {SALT_BYTES}")
    if at.tzinfo is None:
        raise ValueError("the time of an event needs its zone")
    at = at.astimezone(dt.UTC)
    opening = canonical_json(
        {
            "schema": OPENING_SCHEMA,
            "salt": salt.hex(),
            "facts": facts_of(row),
            "sha256": digests_of(row),
            "detail": dict(detail or {}),
        }
    )
    entry = canonical_json(
        {
            "schema": LEAF_SCHEMA,
            "event_id": id,
            "document": document_digest(row.id),
            "type": type,
            "at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "sha256": {"template": row.template_sha256, "signed": row.signed_sha256},
            "pades": {"target": str(row.target_level), "achieved": row.achieved_level and str(row.achieved_level)},
            "commitment": sha256_hex(opening),
        }
    )
    return LogEvent(id, row.id, type, at, entry, opening)


def parse_leaf(entry: bytes) -> Leaf:
    """Read a leaf's bytes. Raises LogError for any that `make_event` could not have made."""
    try:
        data = _canonical_object(entry, LEAF_SCHEMA, LEAF_SCHEMA_1)
        first = data["schema"] == LEAF_SCHEMA_1
        digests, pades = data["sha256"], data["pades"]
        leaf = Leaf(
            event_id=_text(data["event_id"]),
            document=document_digest(_text(data["document_id"])) if first else _digest(data["document"]),
            type=_text(data["type"]),
            at=_instant(data["at"]),
            template_sha256=_digest(digests["template"]),
            signed_sha256=None if digests["signed"] is None else _digest(digests["signed"]),
            target=Level(pades["target"]),
            achieved=None if pades["achieved"] is None else Level(pades["achieved"]),
            commitment=_digest(data["commitment"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise LogError(f"日志条目的内容不合格式；a leaf is not in the form of {LEAF_SCHEMA}") from e
    return leaf


def parse_opening(opening: bytes) -> Opening:
    """Read an opening's bytes. Raises LogError for any that `make_event` could not have made."""
    try:
        data = _canonical_object(opening, OPENING_SCHEMA)
        facts = {_text(k): _text(v) for k, v in data["facts"].items()}
        digests = {_text(k): None if v is None else _digest(v) for k, v in data["sha256"].items()}
        detail = dict(data["detail"])
        salt = _digest(data["salt"])  # 32 bytes in hexadecimal, as a digest is
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise LogError(f"承诺开示的内容不合格式；an opening is not in the form of {OPENING_SCHEMA}") from e
    return Opening(salt, facts, digests, detail)


def _canonical_object(data: bytes, *schemas: str) -> dict[str, Any]:
    value = json.loads(data)
    if not isinstance(value, dict) or value.get("schema") not in schemas:
        raise ValueError("another schema")
    if canonical_json(value) != data:  # also refuses a name that stands twice
        raise ValueError("not canonical")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _instant(value: Any) -> dt.datetime:
    at = dt.datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError("time without zone")
    return at


def _digest(value: Any) -> str:
    if not _HEX.fullmatch(_text(value)):
        raise ValueError("not a SHA-256 in hexadecimal")
    return str(value)
