"""Signing by hand: a one-time link, the page behind it, and the mark that is drawn there and sealed at once."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from docsvc.domain.access import Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import ConflictError, LinkGoneError, UsageError, refused_signature
from docsvc.domain.leaf import MARKED
from docsvc.domain.signature import (
    CODE_TRIES,
    LONGEST_LINK_MINUTES,
    Channel,
    Given,
    Link,
    Signature,
    SlotState,
)
from docsvc.ports import PageImages, Passwords, SignatureChecks
from docsvc.usecases.envelopes import Envelope, Envelopes
from docsvc.usecases.events import by, happened

CODE_DIGITS: Final = 6
LOCKED: Final = (
    f"验证码连续输错{CODE_TRIES}次，链接已失效；{CODE_TRIES} wrong codes: the link is not valid any more"
)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was just made. Token and code are shown this once; they travel by different ways."""

    id: str
    address: str = field(repr=False)
    code: str = field(repr=False)
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What the person behind a link is shown."""

    number: str
    title: str
    agency: str
    name: str  # who is to sign
    called: str  # what the document calls them
    confirm: str  # what they confirm by signing
    refusal: str | None  # the note that they witness, where somebody else refused
    pages: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class HandSigning:
    """Links and what is drawn behind them. `public_url` is where people reach the service."""

    envelopes: Envelopes
    passwords: Passwords
    images: PageImages
    checks: SignatureChecks
    public_url: str
    clock: Callable[[], dt.datetime]

    def link(self, principal: Principal, document_id: str, name: str, channel: Channel, minutes: int) -> NewLink:
        """A new link for the slot of that field; an older one ends.

        The token stands in the fragment of the address, which browsers send to no server. Raises UsageError,
        ForbiddenError, NotFoundError, ConflictError.
        """
        if not 1 <= minutes <= LONGEST_LINK_MINUTES:
            raise UsageError(f"有效期为1至{LONGEST_LINK_MINUTES}分钟；minutes is 1 to {LONGEST_LINK_MINUTES}")
        self.envelopes.turn(principal, document_id, name)
        token = secrets.token_urlsafe(32)
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        code_hash = self.passwords.hash(code)
        until = self.clock() + dt.timedelta(minutes=minutes)
        with self.envelopes.changing(document_id) as change:
            slot = change.envelope.slot(name)
            if not slot.by_hand:
                raise ConflictError(f"{slot.signatory.name}不以手写方式签名；no mark by hand is asked for here")
            if slot.state is SlotState.GIVEN:
                raise ConflictError("已收到签名，正在写入文书；it was signed, and is being completed")
            link = Link(
                str(uuid.uuid4()), sha256_hex(token.encode()), code_hash, channel, change.envelope.revision, until
            )
            evidence = {"asked": by(principal).get("by")}
            change.save(slot, state=SlotState.ASKED, link=link, fault=None, evidence=evidence)
        return NewLink(link.id, f"{self.public_url}/sign#{token}", code, until)

    def open(self, token: str) -> Opened:
        """What is to be signed, and by whom. Raises LinkGoneError."""
        envelope, slot = self._behind(token)
        row = envelope.row
        case: Mapping[str, Any] = json.loads(row.case_json)
        with self.envelopes.database.read() as tx:
            agency = tx.agencies.get(row.agency_id)
        manifest = self.envelopes.templates.get(row.doc_type).manifest
        confirm = case["body"].get("read_confirm") if slot.refusal is None else None
        return Opened(
            number=row.number,
            title=manifest.title_of(case["body"]),
            agency=agency.name if agency else row.agency_id,
            name=slot.asked_of,
            called="见证人" if slot.refusal else slot.called,
            confirm=str(confirm or ""),
            refusal=slot.refusal.note(slot.called) if slot.refusal else None,
            pages=self.images.count(self.envelopes.newest(envelope)),
            until=slot.link.until if slot.link else self.clock(),
        )

    def page(self, token: str, page: int, width_px: int) -> bytes:
        """A page (from 1) of what is to be signed, as a PNG. Raises LinkGoneError, NotFoundError."""
        envelope, _ = self._behind(token)
        return self.images.png(self.envelopes.newest(envelope), page, width_px)

    def give(self, token: str, code: str, picture: bytes) -> str:
        """Take the mark; the link is used up. The id of the document.

        Raises SignatureRefusedError for a picture that does not do or a wrong code, of which a link bears some;
        LinkGoneError.
        """
        envelope, slot = self._behind(token)
        if fault := self.checks.picture(picture):
            raise refused_signature("/picture", fault)
        link = self._count_attempt(envelope, slot, token)
        if not self.passwords.matches(code.strip(), link.code_hash):
            left = CODE_TRIES - link.failures
            if left <= 0:
                raise LinkGoneError(LOCKED)
            raise refused_signature(
                "/code", f"验证码不正确，还可以试{left}次；wrong code: {left} more tries", "CODE"
            )
        with self.envelopes.changing(envelope.row.id) as change:
            slot = change.envelope.slot(slot.field)
            # Another one of the same moment may have been quicker, and each code is looked at but once.
            if slot.link is None or slot.link.id != link.id:
                raise LinkGoneError("链接已经使用；this link was used already")
            now = self.clock()
            evidence = {
                **slot.evidence,
                "given_at": now.isoformat(),
                "channel": link.channel.value,
                "code_confirmed": True,
                "link": link.id,
                "picture": sha256_hex(picture),
            }
            given = Given(picture=picture)
            change.due.append(now)
            # Told before the worker comes: a picture that is exchanged meanwhile would contradict the log.
            row = replace(change.envelope.row, signed_sha256=change.envelope.revision)
            detail = {**evidence, "field": slot.field, "name": slot.asked_of}
            change.tx.events.add(happened(MARKED, row, now, detail))
            change.save(slot, state=SlotState.GIVEN, given=given, link=None, evidence=evidence, attempts=0)
        return envelope.row.id

    def _count_attempt(self, envelope: Envelope, slot: Signature, token: str) -> Link:
        """Before the code is looked at: tries sent at once can't all see a low count. The link of the last try is
        given back, and ends.
        """
        with self.envelopes.changing(envelope.row.id) as change:
            slot = change.envelope.slot(slot.field)
            link = slot.link
            if link is None or link.token_sha256 != sha256_hex(token.encode()):
                raise LinkGoneError("链接已经使用，或者已经更换；this link was used or replaced")
            if link.failures >= CODE_TRIES:
                raise LinkGoneError(LOCKED)
            link = replace(link, failures=link.failures + 1)
            change.save(slot, link=link, fault=LOCKED if link.failures == CODE_TRIES else None)
        return link

    def _behind(self, token: str) -> tuple[Envelope, Signature]:
        envelope, slot = self.envelopes.behind(sha256_hex(token.encode("utf-8", "surrogatepass")))
        if slot.link and slot.link.failures >= CODE_TRIES:
            raise LinkGoneError(LOCKED)
        return envelope, slot
