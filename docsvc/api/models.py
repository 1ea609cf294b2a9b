"""The JSON that the API takes and gives, as pydantic models: what is sent is what the OpenAPI file says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from docsvc.domain.document import DocumentRow, Level, State
from docsvc.domain.verdict import Report
from docsvc.usecases.find import LogPlace

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Model(BaseModel):
    """Closed: an answer has these members and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pades(Model):
    """PAdES baseline levels (ETSI EN 319 142-1)."""

    target: Annotated[Level, Field(description="所求级别 — PAdES level asked for")]
    achieved: Annotated[Level | None, Field(description="已达级别 — level reached; null until it is sealed")]
    shortfall: Annotated[str | None, Field(description="未达原因 — why it is less; it is lifted later")]


class Log(Model):
    """Where the log records the document's file."""

    index: Annotated[int, Field(ge=0, description="条目 — leaf that records the file")]
    checkpoint_size: Annotated[int, Field(ge=1, description="检查点 — size of the newest checkpoint over it")]


class Links(Model):
    """Addresses of what belongs to the document."""

    self: str
    content: str
    docx: str
    evidence: str
    events: str
    preview: Annotated[str, Field(description="首页图像 — picture of the first page")]
    scan: Annotated[str, Field(description="二维码页面 — what the QR code on the document leads to")]


class Summary(Model):
    """A document in a list."""

    id: str
    doc_type: str
    title: str
    title_en: str
    number: str
    state: State
    reason: Annotated[
        str | None, Field(description="失败、等待或者作废的原因 — why it failed, waits or was voided")
    ]
    retryable: Annotated[bool, Field(description="原因可能消失 — the reason may pass")]
    agency: str
    party_name: str
    action_code: str
    issue_date: dt.date
    created_at: dt.datetime
    sha256: Annotated[
        str | None, Field(pattern="^[0-9a-f]{64}$", description="已盖章PDF的摘要 — of the signed PDF")
    ]
    size: Annotated[int | None, Field(ge=1)]
    pades: Pades
    warnings: Annotated[list[str], Field(description="注意事项 — doubts that intake had")]
    links: Links


class Document(Summary):
    """A document; `log` is null until a published checkpoint covers it."""

    log: Log | None


class DocumentPage(Model):
    """A page of a search, newest first."""

    documents: list[Summary]
    next: Annotated[str | None, Field(description="下一页的游标 — cursor of the next page; null at the end")]


class Actor(Model):
    """Who did it."""

    kind: Literal["client", "user"]
    id: str
    name: str


class Event(Model):
    """Something that happened to a document."""

    at: dt.datetime
    type: Annotated[str, Field(examples=["document.accepted", "document.sealed", "document.delivered"])]
    by: Annotated[Actor | None, Field(description="由谁 — null: the service itself")]
    detail: dict[str, Any]
    log_index: Annotated[int | None, Field(description="日志条目 — its leaf; null while it waits for the log")]


class History(Model):
    """Everything that happened to a document, in order."""

    events: list[Event]


class VoidRequest(Model):
    """Why a document is voided."""

    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["当事人名称有误，另行制作"])]


class Template(Model):
    """A type of document that can be made."""

    doc_type: str
    title: str
    title_en: str
    version: str
    level: Level
    legal_nature: str
    layouts: Annotated[list[str], Field(description="版式，首个为默认 — layouts to ask for; the first is its own")]
    schema_link: Annotated[str, Field(serialization_alias="schema", description="案件JSON的结构 — its JSON Schema")]


class TemplateList(Model):
    """What can be made."""

    templates: list[Template]


class Alive(Model):
    """The process answers."""

    status: Literal["ok"]


class PartState(Model):
    """One thing that the service needs."""

    name: Literal["database", "broker", "store", "keys", "converter", "sequencer"]
    status: Literal["ok", "degraded", "failed"]
    detail: str
    detail_en: str


class Ready(Model):
    """`failed`: can't work; `degraded`: what is accepted now is done later."""

    status: Literal["ok", "degraded", "failed"]
    parts: list[PartState]


class ProblemError(Model):
    """One thing that is wrong, and where."""

    pointer: Annotated[str, Field(description="JSON Pointer (RFC 6901)")]
    rule: Annotated[str, Field(examples=["SCHEMA", "G05"])]
    message: str
    message_en: str


class Problem(Model):
    """RFC 9457, in Chinese with English beside it."""

    type: str
    title: str
    title_en: str
    status: int
    request_id: str | None
    detail: str | None = None
    detail_en: str | None = None
    errors: list[ProblemError] | None = None


def _written_out(value: Any) -> Any:
    """A day as RFC 3339 writes it; pydantic would take a number as well, as seconds since 1970."""
    if isinstance(value, str) and not DAY.fullmatch(value):
        raise ValueError("须为 YYYY-MM-DD；not a day as YYYY-MM-DD")
    return value


Day = Annotated[dt.date, BeforeValidator(_written_out)]


class PostQuery(Model):
    """How a new document is to be made."""

    layout: Annotated[
        str | None,
        Field(
            max_length=40,
            description="版式，不填则依机关登记表和文书类型 — layout; else the agency's, or the type's own",
        ),
    ] = None


class DocumentQuery(Model):
    """Filters of a search; all that are given must hold. An unknown one is refused: a slip would find too much."""

    number: Annotated[str | None, Field(max_length=100, description="文号的一部分 — any part of it")] = None
    party: Annotated[str | None, Field(max_length=100, description="当事人名称的一部分 — any part of the name")] = (
        None
    )
    agency: Annotated[str | None, Field(max_length=80, description="机关 — its id in the registry")] = None
    type: Annotated[str | None, Field(max_length=80, description="文书类型 — document type")] = None
    state: Annotated[State | None, Field(description="状态 — state")] = None
    date_from: Annotated[Day | None, Field(description="成文日期起 — issued on or after")] = None
    date_to: Annotated[Day | None, Field(description="成文日期止 — issued on or before")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="每页份数 — how many on a page")] = 50
    cursor: Annotated[
        str | None, Field(min_length=1, max_length=400, description="上一页给出的游标 — from the page before")
    ] = None


class PreviewQuery(Model):
    """How wide."""

    width: Annotated[int, Field(ge=50, le=2400, description="像素宽度 — pixels")] = 800


def summary(row: DocumentRow, title: tuple[str, str], scan: str, base: str) -> Summary:
    """A row as a list shows it; `base` is the path of its resource."""
    return Summary(**_members(row, title, scan, base))


def document(row: DocumentRow, title: tuple[str, str], scan: str, base: str, log: LogPlace | None) -> Document:
    """A row as its own resource shows it."""
    place = None if log is None else Log(index=log.index, checkpoint_size=log.checkpoint_size)
    return Document(**_members(row, title, scan, base), log=place)


def _members(row: DocumentRow, title: tuple[str, str], scan: str, base: str) -> dict[str, Any]:
    sealed = row.signed_sha256 is not None
    return {
        "id": row.id,
        "doc_type": row.doc_type,
        "title": title[0],
        "title_en": title[1],
        "number": row.number,
        "state": row.state,
        "reason": row.reason,
        "retryable": row.retryable,
        "agency": row.agency_id,
        "party_name": row.party_name,
        "action_code": row.action_code,
        "issue_date": row.issue_date,
        "created_at": row.created_at,
        "sha256": row.signed_sha256,
        "size": row.size if sealed else None,
        "pades": Pades(target=row.target_level, achieved=row.achieved_level, shortfall=row.shortfall),
        "warnings": list(row.warnings),
        "links": Links(
            self=base,
            content=f"{base}/content",
            docx=f"{base}/docx",
            evidence=f"{base}/evidence",
            events=f"{base}/events",
            preview=f"{base}/preview/1.png",
            scan=scan,
        ),
    }


def report_schema() -> Mapping[str, Any]:
    """JSON Schema of a verification report: the domain's own dataclass, and the name of the file."""
    schema = TypeAdapter(Report).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schema["properties"] = {"file": {"type": ["string", "null"]}, **schema["properties"]}
    schema["required"] = ["file", *schema["required"]]
    return schema
