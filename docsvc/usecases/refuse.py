"""A person refuses to sign: the reason and who stands for it are noted in the document instead."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from docsvc.domain.access import Principal
from docsvc.domain.errors import ConflictError, Finding, SignatureRefusedError, refused_signature
from docsvc.domain.leaf import REFUSED
from docsvc.domain.signature import LONGEST_NAME, LONGEST_TEXT, Given, Link, Refusal, Signature, SlotState
from docsvc.usecases.envelopes import Envelopes
from docsvc.usecases.events import by, happened


@dataclass(frozen=True, slots=True)
class Refusing:
    """Said by an officer; a witness signs for it by hand, or a recording is named. The service seals the note."""

    envelopes: Envelopes
    clock: Callable[[], dt.datetime]

    def refuse(
        self,
        principal: Principal,
        document_id: str,
        name: str,
        reason: str,
        *,
        witness: str | None = None,
        relation: str | None = None,
        recording: str | None = None,
    ) -> Signature:
        """The slot of that field, to be signed by the witness or, without one, by the service at once.

        Raises SignatureRefusedError where no reason is given, or neither witness nor recording (rule I05);
        ForbiddenError, NotFoundError, ConflictError.
        """
        texts = {"reason": reason, "witness/name": witness, "witness/relation": relation, "recording": recording}
        cleaned = {where: _line(where, text) for where, text in texts.items()}
        faults = []
        if not cleaned["reason"]:
            faults.append(
                Finding("I05", "/reason", "拒绝签名的应当注明理由", "the reason of the refusal is needed")
            )
        if not cleaned["witness/name"] and not cleaned["recording"]:
            faults.append(
                Finding(
                    "I05",
                    "/witness",
                    "拒绝签名的，应当有见证人签名或者录音录像",
                    "a witness who signs, or a recording, is needed",
                )
            )
        if faults:
            raise SignatureRefusedError(faults)
        self.envelopes.turn(principal, document_id, name)
        with self.envelopes.changing(document_id) as change:
            slot = change.envelope.slot(name)
            if slot.by_certificate or slot.state is SlotState.GIVEN:
                raise ConflictError(
                    "此签名栏不能记为拒绝签名；a refusal can't be noted here: it is an officer's, or given already"
                )
            refusal = Refusal(
                reason=(cleaned["reason"] or "").rstrip("。"),
                witness=cleaned["witness/name"],
                relation=cleaned["witness/relation"],
                recording=cleaned["recording"],
                by=by(principal)["by"],
            )
            now = self.clock()
            detail = {
                **by(principal),
                "field": slot.field,
                "role": slot.signatory.role.value,
                "name": slot.signatory.name,
                "reason": refusal.reason,
                "witness": refusal.witness,
                "relation": refusal.relation,
                "asked": slot.link and _asked(slot.link),
                "recording": refusal.recording,
            }
            row = replace(change.envelope.row, signed_sha256=change.envelope.revision)
            change.tx.events.add(happened(REFUSED, row, now, detail))
            fields = {"refusal": refusal, "link": None, "fault": None, "attempts": 0}
            if refusal.witness:
                return change.save(slot, state=SlotState.WAITING, **fields)
            change.due.append(now)
            evidence = {**by(principal), "given_at": now.isoformat(), "channel": "refusal"}
            return change.save(slot, state=SlotState.GIVEN, given=Given(), evidence=evidence, **fields)


def _asked(link: Link) -> dict[str, Any]:
    """That they had been asked to sign: the refusal ends that link."""
    return {
        "link": link.id,
        "channel": link.channel.value,
        "until": link.until.isoformat(),
        "wrong_codes": link.failures,
    }


def _line(where: str, text: str | None) -> str | None:
    """One readable line, or nothing. Raises SignatureRefusedError."""
    longest = LONGEST_NAME if where.startswith("witness") else LONGEST_TEXT
    line = unicodedata.normalize("NFC", text or "").strip()
    if len(line) > longest or not line.isprintable():
        raise refused_signature(
            f"/{where}", f"须为一行，至多{longest}字；one line of at most {longest} characters", "SCHEMA"
        )
    return line or None
