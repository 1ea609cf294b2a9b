"""Documents: their states, their PAdES levels, and the artifacts that the stages hand on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.case import Case
from docsvc.domain.envelope import SignatureRule
from docsvc.domain.errors import Finding
from docsvc.domain.numbering import DocNumber


class State(enum.StrEnum):
    """Where a document is on its one way through."""

    ACCEPTED = "accepted"  # numbered; its job waits, or waits to be tried again (reason says why)
    RENDERING = "rendering"  # a worker holds its lease
    AWAITING_SIGNATURES = "awaiting_signatures"  # laid out; people have to sign before the agency seals it
    SEALED = "sealed"  # signed, verified by our own verifier, stored
    RECORDED = "recorded"  # covered by a published checkpoint
    FAILED = "failed"  # for good, or until a person lets it be tried again
    VOIDED = "voided"  # by a person, with a reason; the number is never used again


class Signing(enum.StrEnum):
    """Who signs a document beside the agency, whose seal it bears in any case."""

    SEAL = "seal"  # nobody here: the case tells what was signed on paper
    ENVELOPE = "envelope"  # it goes round among those whom the manifest names


class Level(enum.StrEnum):
    """PAdES baseline levels of ETSI EN 319 142-1."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class LegalNature(enum.StrEnum):
    """Which ending a document must carry (行诉解释 2018 第1条第2款第3项)."""

    GUIDANCE = "guidance"  # voluntariness notice, no remedies
    DECISION = "decision"  # remedies
    RECORD = "record"  # neither
    PROCEDURAL = "procedural"  # neither, by default


@dataclass(frozen=True, slots=True)
class Stage:
    """One of several documents that a type makes, named by `stage` in the body of the case."""

    title: str
    legal_nature: LegalNature


@dataclass(frozen=True, slots=True)
class Manifest:
    """manifest.toml of a document type. `number_word` follows an agency's short name in the numbers of a type for
    which the registry names no numbering word; where it is empty too, the agency can't issue this type.
    """

    doc_type: str
    title: str  # 文书名称, e.g. 行政建议书
    title_en: str
    version: str
    legal_nature: LegalNature
    level: Level  # PAdES level asked for
    retention_years: int
    copies: Mapping[str, int]  # defaults: total, party, archive
    cross_page_seal: bool = False  # 骑缝章, where the document has more than one page
    layout: str = "form"  # the profile of template.docx; others lie in layouts/
    number_word: str = ""
    stages: Mapping[str, Stage] = field(default_factory=dict)
    signatures: tuple[SignatureRule, ...] = ()  # who signs where it goes round in an envelope

    def title_of(self, body: Mapping[str, Any]) -> str:
        """The title of the document with this body."""
        stage = self._stage(body)
        return stage.title if stage else self.title

    def nature_of(self, body: Mapping[str, Any]) -> LegalNature:
        """Its legal nature."""
        stage = self._stage(body)
        return stage.legal_nature if stage else self.legal_nature

    def _stage(self, body: Mapping[str, Any]) -> Stage | None:
        return self.stages.get(str(body.get("stage")))


ROLL = "narrow-"  # how the names of layouts for rolls of paper begin


@dataclass(frozen=True, slots=True)
class Layout:
    """A Word file of a type. `sha256` covers it with the manifest and the schema."""

    file: str
    template: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Who did something, when, and what they said of it."""

    by: str
    at: dt.datetime
    why: str


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A version of a template, read: what can be made, from which JSON, and in which layout.

    `layouts` are all that it has, by name; this one's is `layout`, and at first the manifest's. `common` are the
    files that they share, by name; `sha256` is that of `listing`, which names those and the layout's own. A
    `retired` version makes no new documents; one that came with the service was `published` by nobody.
    """

    manifest: Manifest
    schema: Mapping[str, Any]
    template: bytes
    sha256: str
    layout: str = ""
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    common: Mapping[str, bytes] = field(default_factory=dict)
    published: Remark | None = None
    retired: Remark | None = None

    @property
    def files(self) -> dict[str, bytes]:
        """What this layout was read from, by name."""
        return {**self.common, self.layouts[self.layout].file: self.template}

    @property
    def everything(self) -> dict[str, bytes]:
        """What all layouts were read from, by name."""
        return {**self.common, **{each.file: each.template for each in self.layouts.values()}}

    @property
    def listing(self) -> bytes:
        """The digests of its files, as `sha256sum` writes them."""
        return listing(self.files)

    @property
    def layout_names(self) -> list[str]:
        """Layouts to choose from; the first is what it is in now."""
        return [self.layout, *sorted(self.layouts.keys() - {self.layout})]

    @property
    def cross_page_seal(self) -> bool:
        """骑缝章? Not on a roll: it is hardly wider than a seal, and its pages are not bound."""
        return self.manifest.cross_page_seal and not self.on_roll

    @property
    def on_roll(self) -> bool:
        """Laid out for a roll of paper?"""
        return self.layout.startswith(ROLL)

    def in_layout(self, name: str) -> DocumentType | None:
        """The same type laid out so; None where it has no such layout."""
        found = self.layouts.get(name)
        if found is None:
            return None
        return dataclasses.replace(self, template=found.template, sha256=found.sha256, layout=name)

    def with_digest(self, sha256: str) -> DocumentType | None:
        """The same type in the layout that has this digest; None where none has."""
        name = next((name for name, each in self.layouts.items() if each.sha256 == sha256), None)
        return None if name is None else self.in_layout(name)


def listing(files: Mapping[str, bytes]) -> bytes:
    """A line a file: its SHA-256, two spaces, its name; in order."""
    return "".join(f"{sha256_hex(files[name])}  {name}\n" for name in sorted(files)).encode()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What intake hands on: a case that holds, with its number."""

    document_id: str
    case: Case
    agency: Agency
    number: DocNumber
    doc_type: DocumentType
    joint: tuple[Agency, ...] = ()  # all agencies that seal, in their order, where there is more than one
    signing: Signing = Signing.SEAL

    @property
    def sealing(self) -> tuple[Agency, ...]:
        return self.joint or (self.agency,)


@dataclass(frozen=True, slots=True)
class Filled:
    """The filled Word file. `made_from` is the SHA-256 of case + template."""

    docx: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class LaidOut:
    """The unsigned PDF/A, and what people have made of it by signing."""

    pdf: bytes
    sha256: str
    pages: int
    signed: bytes | None = None


@dataclass(frozen=True, slots=True)
class SealPlace:
    """Where the seal is pressed: page (from 0) and centre, in PDF points from the page's lower left corner.

    With `across_pages` also, in slices, over the right edges of all pages.
    """

    page: int
    x: float
    y: float
    across_pages: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """One signature of the ordered list that a document bears: where it shows, whose seal it is, its field's name.

    All fields are declared when the first is signed; the last one closes the document.
    """

    place: SealPlace
    design: SealDesign
    field: str = "Seal"


@dataclass(frozen=True, slots=True)
class Sealed:
    """The signed PDF with the level it reached and, where that is less than asked, why."""

    pdf: bytes
    sha256: str
    target: Level
    achieved: Level
    shortfall: str | None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the database holds it."""

    id: str
    doc_type: str
    agency_id: str
    number: str
    state: State
    case_sha256: str
    case_json: str
    action_code: str
    party_name: str
    issue_date: dt.date
    created_at: dt.datetime
    template_sha256: str
    docx_sha256: str | None
    unsigned_sha256: str | None
    signed_sha256: str | None
    size: int | None
    target_level: Level
    achieved_level: Level | None
    shortfall: str | None
    reason: str | None
    retryable: bool
    attempts: int
    warnings: tuple[Finding, ...]
    renew_before: dt.datetime | None = (
        None  # when the last document time-stamp weakens; None: none, or not looked yet
    )
    signing: Signing = Signing.SEAL


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """What a search asks for; None asks nothing. All of it must hold."""

    agency_id: str | None = None
    doc_type: str | None = None
    state: State | None = None
    number: str | None = None  # any part of it
    party: str | None = None  # any part of the name
    issued_from: dt.date | None = None
    issued_to: dt.date | None = None  # inclusive
