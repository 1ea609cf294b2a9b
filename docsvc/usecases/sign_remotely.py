"""Signing by a certificate whose key is elsewhere: the digest goes out, the value or a whole CMS comes back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docsvc.domain.access import Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.envelope import Needs
from docsvc.domain.errors import ConflictError, SealError
from docsvc.domain.errors import refused_signature as refused
from docsvc.domain.signature import PREPARED_FOR, Given, Pending, Signature, SlotState
from docsvc.ports import Sealer, SignatureChecks
from docsvc.usecases.envelopes import Envelopes
from docsvc.usecases.events import by


@dataclass(frozen=True, slots=True)
class RemoteSigning:
    """Needs no key: what it hands out and takes back is only worth something to whoever has the certificate's."""

    envelopes: Envelopes
    sealer: Callable[[], Sealer]
    checks: SignatureChecks
    clock: Callable[[], dt.datetime]

    def prepare(
        self,
        principal: Principal,
        document_id: str,
        name: str,
        chain: Sequence[bytes],
        picture: bytes | None = None,
    ) -> Pending:
        """What the owner of the certificate `chain[0]` (DER) has to sign; replaces what was prepared before.

        Raises SignatureRefusedError for a certificate that is not that person's or must not be used, and for a
        picture that does not do; ForbiddenError, NotFoundError, ConflictError.
        """
        envelope, slot = self.envelopes.turn(principal, document_id, name)
        self._can_be_prepared(slot)
        self._refuse_picture(slot, picture)
        self._refuse_stranger(slot, chain)
        now = self.clock()
        pdf = self.envelopes.newest(envelope)
        fields = self.envelopes.fields(envelope, slot)
        mark = slot.mark(picture, self.envelopes.day(now))
        try:
            prepared = self.sealer().prepare(pdf, fields, mark, chain, now)
        except SealError as e:
            raise refused("/certificates", str(e)) from e
        pending = Pending(str(uuid.uuid4()), envelope.revision, now + PREPARED_FOR, prepared)
        with self.envelopes.changing(document_id) as change:
            slot = change.envelope.slot(name)
            self._can_be_prepared(slot)
            if change.envelope.revision != pending.revision:
                raise ConflictError("文书已有变化，请重新准备；the document has changed: prepare anew")
            evidence = {"picture": sha256_hex(picture)} if picture else {}
            change.save(slot, state=SlotState.PREPARED, pending=pending, fault=None, evidence=evidence)
        return pending

    def give(self, principal: Principal, document_id: str, name: str, request: str, given: Given) -> Signature:
        """Take the value (or CMS) for the prepared signature `request`; the worker goes on with it.

        The same again is the same answer. Raises SignatureRefusedError where it is not that signer's signature;
        ConflictError where another one was prepared since, or its time is over; ForbiddenError, NotFoundError.
        """
        what = given.value if given.value is not None else given.cms
        if what is None or (given.value is not None and given.cms is not None):
            raise refused("", "须给出value或者cms之一；one of value and cms is needed")
        digest = sha256_hex(what)
        found = self.envelopes.look(principal, document_id)
        slot = next((s for s in found.slots if s.field == name), None)
        if slot is not None and slot.evidence.get("request") == request and slot.evidence.get("value") == digest:
            return slot  # said twice
        _, slot = self.envelopes.turn(principal, document_id, name)
        pending = self._asked_for(slot, request)
        fault = self.checks.fault(pending.prepared, given.value, given.cms)
        if fault is not None:
            raise refused("/cms" if given.value is None else "/value", fault)
        with self.envelopes.changing(document_id) as change:
            slot = change.envelope.slot(name)
            pending = self._asked_for(slot, request)
            now = self.clock()
            evidence = {
                **slot.evidence,
                **by(principal),
                "request": request,
                "value": digest,
                "given_at": now.isoformat(),
                "channel": "api" if principal.kind == "client" else "pin",
            }
            change.due.append(now)
            return change.save(slot, state=SlotState.GIVEN, given=given, evidence=evidence, attempts=0)

    def _can_be_prepared(self, slot: Signature) -> None:
        if not slot.by_certificate:
            raise ConflictError(
                f"{slot.signatory.name}在一次性链接的页面上手写签名；they sign by hand, behind a one-time link"
            )
        if slot.state is SlotState.GIVEN:
            raise ConflictError("签名正在写入文书；their signature is being completed")

    def _refuse_stranger(self, slot: Signature, chain: Sequence[bytes]) -> None:
        if not chain:
            raise refused("/certificates", "须给出证书；a certificate is needed")
        people = []
        for n, der in enumerate(chain):
            found = self.checks.person(der)
            if found is None:
                raise refused(f"/certificates/{n}", "证书无法识别；it is no certificate (DER)")
            people.append(found)
        person = people[0]
        if person.name != slot.signatory.name or (
            slot.signatory.cert_no is not None and person.number != slot.signatory.cert_no
        ):
            raise refused(
                "/certificates/0",
                f"证书不是{slot.signatory.name}（{slot.signatory.cert_no or '—'}）的；"
                f"the certificate is not that of {slot.signatory.name} (subject CN, serialNumber)",
            )

    def _refuse_picture(self, slot: Signature, picture: bytes | None) -> None:
        if picture is None and slot.signatory.needs is Needs.BOTH:
            raise refused("/picture", "此处还须手写签名；a mark by hand is needed as well")
        if picture is not None and (fault := self.checks.picture(picture)):
            raise refused("/picture", fault)

    def _asked_for(self, slot: Signature, request: str) -> Pending:
        if slot.state is SlotState.GIVEN:
            raise ConflictError("已收到另一个签名值；another value was given already")
        pending = slot.pending
        if pending is None or pending.id != request:
            raise ConflictError(
                "没有准备这个签名，或者其后已重新准备；this was not prepared, or another one was since"
            )
        if self.clock() >= pending.until:
            raise ConflictError("准备的签名已过期，请重新准备；its time is over: prepare anew")
        return pending
