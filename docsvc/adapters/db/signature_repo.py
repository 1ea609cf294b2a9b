"""Rows of envelopes: the signatures of each, and the keys kept for officers, over one open connection."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from docsvc.adapters.db.repos import insert, storable
from docsvc.adapters.db.tables import signatures, signers
from docsvc.domain.envelope import Needs, Prepared, Role, Signatory
from docsvc.domain.errors import NotFoundError
from docsvc.domain.signature import Channel, Given, Link, Pending, Refusal, Signature, SlotState
from docsvc.domain.signer import Signer

SIGNER_FIELDS: Final = [signers.c[f.name] for f in dataclasses.fields(Signer)]


class SqlSignatureRepo:
    """The signatures of envelopes. Whoever writes holds the document's lease: no row is locked here."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, slots: Iterable[Signature]) -> None:
        """The slots of a document that was just laid out."""
        for slot in slots:
            self._connection.execute(sa.insert(signatures).values(**_values(slot)))

    def save(self, slot: Signature) -> None:
        """The slot as it is now. Raises NotFoundError."""
        where = signatures.c.document_id == slot.document_id, signatures.c.ordinal == slot.ordinal
        if self._connection.execute(sa.update(signatures).where(*where).values(**_values(slot))).rowcount == 0:
            raise NotFoundError("没有这个签名栏；no such signature field")

    def of(self, document_id: str) -> Sequence[Signature]:
        """In the order of signing."""
        if not storable(document_id):
            return []
        query = sa.select(signatures).where(signatures.c.document_id == document_id)
        rows = self._connection.execute(query.order_by(signatures.c.ordinal)).mappings()
        return [_signature(row) for row in rows]

    def by_link(self, token_sha256: str) -> Signature | None:
        """The slot that this one-time link is out for."""
        query = sa.select(signatures).where(signatures.c.link_sha256 == token_sha256)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _signature(row)


class SqlSignerRepo:
    """Certificates of officers whose keys the service keeps."""

    def __init__(self, connection: sa.Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def save(self, signer: Signer) -> None:
        """Insert, or replace the one that the user had."""
        values = {f.name: getattr(signer, f.name) for f in dataclasses.fields(Signer)}
        values["chain"] = b"".join(signer.chain)
        statement = insert(self._connection, signers).values(**values)
        changed = {name: value for name, value in values.items() if name != "user_id"}
        self._connection.execute(statement.on_conflict_do_update(index_elements=[signers.c.user_id], set_=changed))

    def find(self, user_id: str) -> Signer | None:
        """In a transaction that may write, nobody else changes it before its end."""
        query = sa.select(*SIGNER_FIELDS).where(signers.c.user_id == user_id)
        row = self._connection.execute(query.with_for_update() if self._writing else query).mappings().first()
        return None if row is None else _signer(row)

    def list(self) -> Sequence[Signer]:
        """By name."""
        query = sa.select(*SIGNER_FIELDS).order_by(signers.c.name, signers.c.user_id)
        return [_signer(row) for row in self._connection.execute(query).mappings()]

    def remove(self, user_id: str) -> bool:
        """Was there one?"""
        return self._connection.execute(sa.delete(signers).where(signers.c.user_id == user_id)).rowcount > 0


def _signer(row: Mapping[Any, Any]) -> Signer:
    return Signer(**{**row, "chain": tuple(_elements(row["chain"]))})


def _elements(der: bytes) -> Iterable[bytes]:
    """DER elements that stand one after the other (X.690, 8.1.3)."""
    at = 0
    while at < len(der):
        first = der[at + 1]
        size = first & 0x7F if first & 0x80 else 0
        length = int.from_bytes(der[at + 2 : at + 2 + size], "big") if size else first
        end = at + 2 + size + length
        yield der[at:end]
        at = end


def _values(slot: Signature) -> dict[str, Any]:
    who = slot.signatory
    data = {
        "anchor": who.anchor,
        "nth": who.nth,
        "every_page": who.every_page,
        "pending": slot.pending and _pending_json(slot.pending),
        "link": slot.link and {**dataclasses.asdict(slot.link), "until": slot.link.until.isoformat()},
        "given": slot.given and {k: _text(v) for k, v in dataclasses.asdict(slot.given).items()},
        "refusal": slot.refusal and {**dataclasses.asdict(slot.refusal), "by": dict(slot.refusal.by)},
        "evidence": dict(slot.evidence),
        "fault": slot.fault,
        "attempts": slot.attempts,
        "level": slot.level,
        "shortfall": slot.shortfall,
    }
    return {
        "document_id": slot.document_id,
        "ordinal": slot.ordinal,
        "field": slot.field,
        "role": who.role.value,
        "needs": who.needs.value,
        "name": who.name,
        "cert_no": who.cert_no,
        "state": slot.state.value,
        "signed_at": slot.signed_at,
        "revision_sha256": slot.revision_sha256,
        "certificate_sha256": slot.certificate_sha256,
        "link_sha256": slot.link and slot.link.token_sha256,
        "data": json.dumps(data, ensure_ascii=False),
    }


def _signature(row: Mapping[Any, Any]) -> Signature:
    data = json.loads(row["data"])
    link, refusal, given = data["link"], data["refusal"], data["given"]
    return Signature(
        document_id=row["document_id"],
        ordinal=row["ordinal"],
        signatory=Signatory(
            field=row["field"],
            role=Role(row["role"]),
            needs=Needs(row["needs"]),
            name=row["name"],
            cert_no=row["cert_no"],
            anchor=data["anchor"],
            nth=data["nth"],
            every_page=data["every_page"],
        ),
        state=SlotState(row["state"]),
        pending=data["pending"] and _pending(data["pending"]),
        link=link
        and Link(
            **{**link, "channel": Channel(link["channel"]), "until": dt.datetime.fromisoformat(link["until"])}
        ),
        given=given and Given(**{name: _bytes(text) for name, text in given.items()}),
        refusal=refusal and Refusal(**refusal),
        evidence=data["evidence"],
        fault=data["fault"],
        attempts=data["attempts"],
        signed_at=row["signed_at"],
        revision_sha256=row["revision_sha256"],
        certificate_sha256=row["certificate_sha256"],
        level=data["level"],
        shortfall=data["shortfall"],
    )


def _pending_json(pending: Pending) -> dict[str, Any]:
    p = pending.prepared
    return {
        "id": pending.id,
        "revision": pending.revision,
        "until": pending.until.isoformat(),
        "prepared": {
            "update": _text(p.update),
            "field": p.field,
            "content_digest": _text(p.content_digest),
            "to_be_signed": _text(p.to_be_signed),
            "digest_algorithm": p.digest_algorithm,
            "signature_algorithm": p.signature_algorithm,
            "chain": [_text(der) for der in p.chain],
            "at": p.at.isoformat(),
        },
    }


def _pending(data: Mapping[str, Any]) -> Pending:
    p = data["prepared"]
    return Pending(
        id=data["id"],
        revision=data["revision"],
        until=dt.datetime.fromisoformat(data["until"]),
        prepared=Prepared(
            update=_decoded(p["update"]),
            field=p["field"],
            content_digest=_decoded(p["content_digest"]),
            to_be_signed=_decoded(p["to_be_signed"]),
            digest_algorithm=p["digest_algorithm"],
            signature_algorithm=p["signature_algorithm"],
            chain=tuple(_decoded(der) for der in p["chain"]),
            at=dt.datetime.fromisoformat(p["at"]),
        ),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else _decoded(text)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
