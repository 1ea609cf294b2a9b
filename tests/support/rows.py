"""Documents and events as rows, for tests that only need some."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

from docsvc.domain.document import DocumentRow, Level, State
from docsvc.domain.errors import Finding
from docsvc.domain.merkle import LogEvent

DOUBT = Finding("REF", "/a", "注意", 'a "quoted" one', "warning")


def document_row(number: str = "测示〔2026〕1号", **fields: Any) -> DocumentRow:
    """An accepted document whose unique fields follow from its number."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, number)),
        "doc_type": "advice",
        "agency_id": "demo-market",
        "number": number,
        "state": State.ACCEPTED,
        "case_sha256": hashlib.sha256(number.encode()).hexdigest(),
        "case_json": '{"doc_type":"advice"}',
        "action_code": "TEST-1",
        "party_name": "测试企业（堃喆）",
        "issue_date": dt.date(2026, 7, 1),
        "created_at": dt.datetime(2026, 7, 1, 1, 2, 3, 456789, dt.UTC),
        "template_sha256": "0" * 64,
        "docx_sha256": None,
        "unsigned_sha256": None,
        "signed_sha256": None,
        "size": None,
        "target_level": Level.B_LTA,
        "achieved_level": None,
        "shortfall": None,
        "reason": None,
        "retryable": False,
        "attempts": 0,
        "warnings": (),
    }
    return DocumentRow(**values | fields)


def log_event(document_id: str, name: str = "accepted", **fields: Any) -> LogEvent:
    """An event whose id follows from its document and its type."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{document_id}/{name}")),
        "document_id": document_id,
        "type": name,
        "at": dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))),
        "entry": b'{"event":"' + name.encode() + b'"}',
        "opening": b"\x00opening\xff",
    }
    return LogEvent(**values | fields)
