"""The JSON that the API takes and gives, as pydantic models: what is sent is what the OpenAPI file says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from docsvc.domain.batch import BatchState, Outcome
from docsvc.domain.document import DocumentRow, Level, Signing, State
from docsvc.domain.verdict import Report
from docsvc.usecases import template_versions
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
    signatures: Annotated[str, Field(description="由谁签名 — who signs it")]
    preview: Annotated[str, Field(description="首页图像 — picture of the first page")]
    scan: Annotated[str, Field(description="二维码页面 — what the QR code on the document leads to")]


class TemplateName(Model):
    """The version of its template that a document was made with."""

    type: str
    version: Annotated[
        str | None, Field(description="版本，只余摘要时为空 — null where only its digest is left", examples=["1"])
    ]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="其三个文件的摘要 — of its three files")]


class Remark(Model):
    """One thing in a case, and where: wrong (in a problem) or only doubtful (in a document's warnings)."""

    pointer: Annotated[str, Field(description="JSON Pointer (RFC 6901)")]
    rule: Annotated[str, Field(examples=["SCHEMA", "G05"])]
    message: str
    message_en: str


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
    signing: Annotated[Signing, Field(description="签署方式 — who signs beside the agency")]
    created_at: dt.datetime
    sha256: Annotated[
        str | None, Field(pattern="^[0-9a-f]{64}$", description="已盖章PDF的摘要 — of the signed PDF")
    ]
    size: Annotated[int | None, Field(ge=1)]
    pades: Pades
    template: TemplateName
    warnings: Annotated[list[Remark], Field(description="注意事项 — doubts that intake had")]
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


class BatchCounts(Model):
    """How many rows came to what; the last five add up to `accepted`."""

    total: int
    waiting: Annotated[int, Field(description="尚未收案 — not taken in yet")]
    refused: int
    accepted: int
    making: Annotated[int, Field(description="正在制作 — documents on their way")]
    recorded: int
    failed: int
    voided: int


class BatchLinks(Model):
    """Addresses of what belongs to the batch; the last two once it is done."""

    self: str
    rows: str
    documents: Annotated[str, Field(description="全部已盖章PDF — zip of the signed PDFs")]
    print: Annotated[str, Field(description="打印用合并件 — their pages in one PDF, to print")]


class Batch(Model):
    """A file of many cases, and how far it is."""

    id: str
    state: Annotated[BatchState, Field(description="reading: 逐行收案; issuing: 制作中; done: 结束")]
    format: Annotated[str, Field(examples=["jsonl", "csv", "xlsx"])]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="所交文件的摘要 — of the posted file")]
    created_at: dt.datetime
    progress: Annotated[float, Field(ge=0, le=1)]
    counts: BatchCounts
    links: BatchLinks


class BatchPage(Model):
    """The caller's batches, newest first."""

    batches: list[Batch]
    next: Annotated[str | None, Field(description="下一页的游标 — cursor of the next page; null at the end")]


class RowDocument(Model):
    """The document of a row."""

    id: str
    number: str
    state: State
    link: str


class RowError(Remark):
    """One thing that is wrong with a row; column and path in a table."""

    row: int
    column: Annotated[str | None, Field(description="列 — letter of the column", examples=["F"])]
    path: Annotated[str | None, Field(description="列名 — path of the column", examples=["party.uscc"])]


class BatchRow(Model):
    """What became of a row."""

    row: Annotated[int, Field(description="文件中的行号 — as the spreadsheet counts it; a line of JSON lines")]
    outcome: Outcome
    new: Annotated[bool | None, Field(description="false：同样的事实此前已有文书 — the same facts had one already")]
    document: RowDocument | None
    errors: list[RowError]


class BatchRowPage(Model):
    """Rows in the file's order."""

    rows: list[BatchRow]
    next: Annotated[str | None, Field(description="下一页的游标 — cursor of the next page; null at the end")]


class Problem(Model):
    """RFC 9457, in Chinese with English beside it."""

    type: str
    title: str
    title_en: str
    status: int
    request_id: str | None
    detail: str | None = None
    detail_en: str | None = None
    errors: list[Remark] | None = None


def _written_out(value: Any) -> Any:
    """A day as RFC 3339 writes it; pydantic would take a number as well, as seconds since 1970."""
    if isinstance(value, str) and not DAY.fullmatch(value):
        raise ValueError("须为 YYYY-MM-DD；not a day as YYYY-MM-DD")
    return value


Day = Annotated[dt.date, BeforeValidator(_written_out)]
Cursor = Annotated[
    str,
    Field(
        min_length=1,
        max_length=400,
        pattern="^[A-Za-z0-9_-]+$",
        description="上一页给出的游标 — from the page before",
    ),
]


class PostQuery(Model):
    """How a new document is to be made."""

    layout: Annotated[
        str | None,
        Field(
            max_length=40,
            description="版式，不填则依机关登记表和文书类型 — layout; else the agency's, or the type's own",
        ),
    ] = None
    signing: Annotated[
        Signing,
        Field(
            description="seal：在纸上签名，本服务盖章；envelope：依模板所定由各人在本服务逐一签名，最后盖章"
            " — envelope: those whom the manifest names sign here, one after the other, before the seal"
        ),
    ] = Signing.SEAL


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
    cursor: Cursor | None = None


class BatchQuery(Model):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=100, description="每页批数 — how many on a page")] = 20
    cursor: Cursor | None = None


class BatchRowQuery(Model):
    """Which rows."""

    outcome: Annotated[Outcome | None, Field(description="只看这一种结果 — of this outcome alone")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="每页行数 — how many on a page")] = 100
    cursor: Cursor | None = None


class PreviewQuery(Model):
    """How wide."""

    width: Annotated[int, Field(ge=50, le=2400, description="像素宽度 — pixels")] = 800


@dataclass(frozen=True, slots=True)
class Around:
    """What the API tells of a document beside its row; `base` is the path of its resource."""

    title: tuple[str, str]
    template: template_versions.TemplateName
    scan: str
    base: str


def summary(row: DocumentRow, around: Around) -> Summary:
    """A row as a list shows it."""
    return Summary(**_members(row, around))


def document(row: DocumentRow, around: Around, log: LogPlace | None) -> Document:
    """A row as its own resource shows it."""
    place = None if log is None else Log(index=log.index, checkpoint_size=log.checkpoint_size)
    return Document(**_members(row, around), log=place)


def _members(row: DocumentRow, around: Around) -> dict[str, Any]:
    base = around.base
    sealed = row.signed_sha256 is not None
    return {
        "id": row.id,
        "doc_type": row.doc_type,
        "title": around.title[0],
        "title_en": around.title[1],
        "number": row.number,
        "state": row.state,
        "reason": row.reason,
        "retryable": row.retryable,
        "agency": row.agency_id,
        "party_name": row.party_name,
        "action_code": row.action_code,
        "issue_date": row.issue_date,
        "created_at": row.created_at,
        "signing": row.signing,
        "sha256": row.signed_sha256,
        "size": row.size if sealed else None,
        "pades": Pades(target=row.target_level, achieved=row.achieved_level, shortfall=row.shortfall),
        "template": TemplateName(**asdict(around.template)),
        "warnings": [
            Remark(pointer=f.pointer, rule=f.rule, message=f.message, message_en=f.message_en) for f in row.warnings
        ],
        "links": Links(
            self=base,
            content=f"{base}/content",
            docx=f"{base}/docx",
            evidence=f"{base}/evidence",
            events=f"{base}/events",
            signatures=f"{base}/signatures",
            preview=f"{base}/preview/1.png",
            scan=around.scan,
        ),
    }


def report_schema() -> Mapping[str, Any]:
    """JSON Schema of a verification report: the domain's own dataclass, and the name of the file."""
    schema = TypeAdapter(Report).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schema["properties"] = {"file": {"type": ["string", "null"]}, **schema["properties"]}
    schema["required"] = ["file", *schema["required"]]
    return schema
