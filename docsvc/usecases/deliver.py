"""Handing files out: the signed PDF, the Word file, the evidence bundle, each time an event; and page pictures."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from docsvc.domain.access import Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import AlteredError, ConflictError, NotFoundError, ObjectMissingError
from docsvc.domain.joint import joint_agencies
from docsvc.domain.leaf import DELIVERED
from docsvc.domain.signature import revision
from docsvc.pipeline.store import object_key
from docsvc.ports import Database, ObjectStore, PageImages, Publisher, SealChains
from docsvc.usecases.events import by, happened
from docsvc.usecases.evidence import build
from docsvc.usecases.find import visible
from docsvc.usecases.seal_sm2 import sm2_digest

Kind = Literal["content", "docx", "evidence", "sm2"]


@dataclass(frozen=True, slots=True)
class File:
    """A file as it leaves; `sha256` is that of `data`."""

    data: bytes
    sha256: str
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Stored bytes are held against the database's digest before anybody gets them."""

    database: Database
    objects: ObjectStore
    publisher: Publisher
    chains: SealChains
    images: PageImages
    vkey: Callable[[], str]
    scan_keys: Callable[[], Mapping[str, bytes]]
    clock: Callable[[], dt.datetime]

    def content(self, principal: Principal, document_id: str) -> File:
        """The signed PDF."""
        return self.deliver(principal, document_id, "content")

    def docx(self, principal: Principal, document_id: str) -> File:
        """The filled Word file that it was laid out from."""
        return self.deliver(principal, document_id, "docx")

    def evidence(self, principal: Principal, document_id: str) -> File:
        """The evidence bundle (zip)."""
        return self.deliver(principal, document_id, "evidence")

    def deliver(self, principal: Principal, document_id: str, kind: Kind) -> File:
        """The file, and the event that it went out. Raises as `look` does."""
        file = self.look(principal, document_id, kind)
        self.went_out(principal, document_id, kind, file)
        return file

    def look(self, principal: Principal, document_id: str, kind: Kind) -> File:
        """The file without an event, for a caller who asks about it and may not take it after all.

        Raises NotFoundError, ForbiddenError; ConflictError where it is not made yet; AlteredError where the store
        holds other bytes; StoreError; EvidenceError where the document is not recorded yet.
        """
        with self.database.read() as tx:
            row = visible(tx, principal, document_id)
            copied = sm2_digest(tx, document_id) if kind == "sm2" else None
        match kind:
            case "content":
                return _file(self._stored(row, row.signed_sha256), f"{row.number}.pdf", "application/pdf")
            case "docx":
                return _file(self._stored(row, row.docx_sha256), f"{row.number}.docx", DOCX)
            case "sm2":
                if copied is None:
                    raise NotFoundError(f"{row.number}没有国密SM2版本；it has no SM2 copy")
                return _file(self._stored(row, copied), f"{row.number}.sm2.pdf", "application/pdf")
            case "evidence":
                return _file(self.bundle(row), f"{row.number}.evidence.zip", "application/zip")

    def went_out(self, principal: Principal, document_id: str, kind: Kind | Literal["print"], file: File) -> None:
        """Write down that the caller has got the file; "print": its pages, among those of a batch."""
        with self.database.begin() as tx:
            row = visible(tx, principal, document_id)
            detail = {**by(principal), "what": kind, "sha256": file.sha256}
            tx.events.add(happened(DELIVERED, row, self.clock(), detail))

    def preview(self, principal: Principal, document_id: str, page: int, width_px: int) -> bytes:
        """Page `page` (from 1) as a PNG of that width: of the signed PDF, or of what is being signed.

        Raises as `look`, and for no such page.
        """
        return self.images.png(self._newest(principal, document_id), page, width_px)

    def pages(self, principal: Principal, document_id: str) -> int:
        """How many pages that has. Raises as `look` does."""
        return self.images.count(self._newest(principal, document_id))

    def _newest(self, principal: Principal, document_id: str) -> bytes:
        with self.database.read() as tx:
            row = visible(tx, principal, document_id)
            slots = tx.signatures.of(row.id)
        unsigned = row.unsigned_sha256 if slots else None
        return self._stored(row, row.signed_sha256 or revision(slots, unsigned))

    def bundle(self, row: DocumentRow) -> bytes:
        """The evidence bundle of a document, without an event."""
        pdf = self._stored(row, row.signed_sha256)
        keys = self.vkey(), self.scan_keys()
        return build(self.database, self.publisher, row, pdf, *keys, certificates=self._certificates(row))

    def _stored(self, row: DocumentRow, sha256: str | None) -> bytes:
        if sha256 is None:
            raise _not_made(row)
        try:
            data = self.objects.get(object_key(sha256))
        except ObjectMissingError as e:
            if row.state in UNMADE:  # a digest is written down before its object
                raise _not_made(row) from e
            raise
        if sha256_hex(data) != sha256:
            raise AlteredError(f"{row.number}的存储文件已被改动，不予提供；its stored file was altered")
        return data

    def _certificates(self, row: DocumentRow) -> Sequence[bytes]:
        with self.database.read() as tx:
            agency = tx.agencies.get(row.agency_id)
            registered = tx.agencies.list()
        if agency is None:
            return []
        agencies = joint_agencies(json.loads(row.case_json), agency, registered) or (agency,)
        chains = (der for one in agencies for der in self.chains.of(one.seal))
        return [ssl.DER_cert_to_PEM_cert(der).encode() for der in dict.fromkeys(chains)]


UNMADE = frozenset({State.ACCEPTED, State.RENDERING, State.AWAITING_SIGNATURES, State.FAILED})


def _not_made(row: DocumentRow) -> ConflictError:
    why = f"：{row.reason}" if row.reason else ""
    return ConflictError(f"{row.number}尚未制成（{row.state}）{why}；it is not made yet: {row.state}")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _file(data: bytes, name: str, media_type: str) -> File:
    return File(data, sha256_hex(data), name, media_type)
