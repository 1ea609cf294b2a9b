"""A log with documents in it, on real SQLite and a real folder of objects, without Word, office or PAdES."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import secrets
import shutil
import sqlite3
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docsvc.adapters.db.database import SqlDatabase
from docsvc.adapters.notary import KeyFileNotary, TrustedLogKeys, create_log_key
from docsvc.adapters.stores.local import LocalStore
from docsvc.adapters.stores.publisher import LocalPublisher
from docsvc.domain.canonical import canonical_json, sha256_hex
from docsvc.domain.case import Case
from docsvc.domain.document import DocumentRow, Level, State
from docsvc.domain.leaf import ACCEPTED, SEALED, SM2_SEALED, UPGRADED, VOIDED, make_event
from docsvc.domain.merkle import LogEvent
from docsvc.pipeline.store import store
from docsvc.usecases.audit_log import fsck
from docsvc.usecases.record import sequence

ORIGIN = "log.example/docs"
NOON = dt.datetime(2026, 10, 12, 4, 0, tzinfo=dt.UTC)


def document_row(n: int, document_id: str | None = None, **fields: Any) -> DocumentRow:
    """Document number `n`, accepted and nothing more, unless `fields` say otherwise."""
    case = Case.of({"n": n, "party": {"name": f"舟山示例第{n}公司"}})
    row = DocumentRow(
        id=document_id or str(uuid.uuid4()),
        doc_type="advice",
        agency_id="demo-market",
        number=f"舟示市监建〔2026〕{n}号",
        state=State.ACCEPTED,
        case_sha256=case.sha256,
        case_json=json.dumps(case.data, ensure_ascii=False),
        action_code=f"133099926{n:05d}",
        party_name=f"舟山示例第{n}公司",
        issue_date=dt.date(2026, 10, 12),
        created_at=NOON,
        template_sha256="aa" * 32,
        docx_sha256=None,
        unsigned_sha256=None,
        signed_sha256=None,
        size=None,
        target_level=Level.B_LTA,
        achieved_level=None,
        shortfall=None,
        reason=None,
        retryable=False,
        attempts=0,
        warnings=(),
    )
    return dataclasses.replace(row, **fields)


def event_of(row: DocumentRow, type_: str, at: dt.datetime = NOON, **detail: Any) -> LogEvent:
    """An event with a fresh salt and an id of its own."""
    return make_event(row, id=str(uuid.uuid4()), type=type_, at=at, salt=secrets.token_bytes(32), detail=detail)


@dataclass
class RegistryOffice:
    """A log in `folder`: database, store, publisher, key. Does with documents what the service does."""

    folder: Path
    origin: str = ORIGIN
    url: str | None = None  # of another database than the SQLite file
    objects: Any = None
    publisher: Any = None
    pdfs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / "docsvc.db"
        self.store_path = self.folder / "objects"
        self.database = SqlDatabase(self.url or f"sqlite:///{self.path}")
        self.database.upgrade()
        self.objects = self.objects or LocalStore(self.store_path)
        self.publisher = self.publisher or LocalPublisher(self.store_path)
        create_log_key(self.folder / "log.key")
        self.notary = KeyFileNotary(self.folder / "log.key", self.origin)
        self.keys = TrustedLogKeys([self.notary.vkey])

    @property
    def log_folder(self) -> Path:
        """The published log."""
        return self.store_path / "log"

    def accept(self) -> DocumentRow:
        """The next document, with its number."""
        with self.database.begin() as tx:
            row = document_row(tx.numbers.take("demo-market", "舟示市监建", 2026))
            tx.documents.add(row)
            tx.events.add(event_of(row, ACCEPTED))
        return row

    def seal(self, row: DocumentRow) -> DocumentRow:
        """Files in the store, digests in the row, the event: as after production."""
        case = canonical_json(json.loads(row.case_json))
        docx, laid_out = b"docx of " + row.number.encode(), b"%PDF-1.7 of " + row.number.encode()
        return self._signed(
            row,
            SEALED,
            laid_out + b" signed",
            case,
            docx,
            laid_out,
            docx_sha256=sha256_hex(docx),
            unsigned_sha256=sha256_hex(laid_out),
            achieved_level=Level.B_B,
        )

    def upgrade(self, row: DocumentRow) -> DocumentRow:
        """The same document with more appended, at its target level."""
        assert row.signed_sha256
        return self._signed(row, UPGRADED, self.pdf(row) + b" stamped", achieved_level=Level.B_LTA)

    def _signed(self, row: DocumentRow, type_: str, pdf: bytes, *others: bytes, **fields: Any) -> DocumentRow:
        for data in (*others, pdf):
            store(data, self.objects)
        self.pdfs[sha256_hex(pdf)] = pdf
        fields |= {"state": State.SEALED, "signed_sha256": sha256_hex(pdf), "size": len(pdf)}
        with self.database.begin() as tx:
            tx.documents.update(row.id, **fields)
            row = tx.documents.find(id=row.id)
            tx.events.add(event_of(row, type_))
        return row

    def copy_in_sm2(self, row: DocumentRow) -> bytes:
        """A copy under the SM2 profile: file and event, as after its sealing."""
        pdf = self.pdf(row) + b" sm2"
        store(pdf, self.objects)
        with self.database.begin() as tx:
            tx.events.add(event_of(row, SM2_SEALED, profile="docsvc-sm2", sha256=sha256_hex(pdf), size=len(pdf)))
        return pdf

    def void(self, row: DocumentRow) -> None:
        with self.database.begin() as tx:
            tx.documents.update(row.id, state=State.VOIDED, reason="依申请")
            tx.events.add(event_of(row, VOIDED, reason="依申请"))

    def issue(self, count: int = 1) -> list[DocumentRow]:
        """Accepted and sealed documents, not yet sequenced."""
        return [self.seal(self.accept()) for _ in range(count)]

    def fill(self, leaves: int) -> None:
        """Many leaves of one document in one transaction, for big trees."""
        row = self.accept()
        with self.database.begin() as tx:
            for _ in range(leaves - 1):
                tx.events.add(event_of(row, "document.downloaded"))

    def pdf(self, row: DocumentRow) -> bytes:
        return self.pdfs[row.signed_sha256 or ""]

    def row(self, document_id: str) -> DocumentRow:
        with self.database.begin() as tx:
            found = tx.documents.find(id=document_id)
        assert found is not None
        return found

    def sequence(self) -> int:
        return sequence(self.database, self.notary, self.objects, self.publisher)

    def fsck(self) -> list[str]:
        return fsck(self.database, self.objects, self.publisher, self.keys)

    def tamper(self, statement: str, *values: Any) -> None:
        """Change the database behind the service's back, as an operator could."""
        with sqlite3.connect(self.path) as db:
            changed = db.execute(statement, values).rowcount
        db.close()
        assert changed, "nothing was tampered with"

    def tamper_object(self, path: str, change: Any) -> None:
        """Change a file of the store behind the service's back."""
        file = self.store_path / path
        data = change(file.read_bytes())
        file.chmod(0o600)
        file.write_bytes(data)

    def copy(self, folder: Path) -> RegistryOffice:
        """The same office in another folder, to be altered there. Cheaper than making one."""
        self.close()  # brings everything into the database's one file
        shutil.copytree(self.folder, folder)
        return RegistryOffice(folder, self.origin, pdfs=dict(self.pdfs))

    def close(self) -> None:
        self.database.close()
