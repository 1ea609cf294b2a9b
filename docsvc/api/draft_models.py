"""The JSON of the workbench, as pydantic models: drafts, what came of them, versions."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from docsvc.api.models import Model


class Place(Model):
    """Where in a template: part, paragraph and run (from 1), and the paragraph's text."""

    part: str
    paragraph: int
    run: int
    text: str


class DraftNote(Model):
    """One thing that lint found; an error keeps a draft from being published."""

    kind: str
    severity: Literal["error", "warning"]
    message: str
    message_en: str
    place: Place | None


class Proof(Model):
    """A sample laid out: addresses of its PDF, marked as a draft, and of its pages' pictures."""

    sample: str
    pdf: str
    pictures: list[str]


class DraftDifference(Model):
    """What a draft makes of a sample otherwise: its text as a unified diff, and the pages (from 1)."""

    sample: str
    lines: list[str]
    pages: list[int]


class Published(Model):
    """The version that a draft became."""

    version: str
    sha256: str


class DraftError(Model):
    """Why nothing came of it."""

    kind: Annotated[str, Field(examples=["template", "conflict", "limit"])]
    message: str


class Draft(Model):
    """A draft and what came of it.

    `notes` of lint, `proofs` of preview, `differences` and `code` of diff, `version` of publish; else the
    `error`.
    """

    id: str
    action: Literal["lint", "preview", "diff", "publish"]
    doc_type: str
    state: Literal["waiting", "done", "refused"]
    notes: list[DraftNote] | None = None
    proofs: list[Proof] | None = None
    differences: list[DraftDifference] | None = None
    code: Annotated[str | None, Field(description="同意代码 — what publishing asks for")] = None
    version: Published | None = None
    error: DraftError | None = None


class VersionRemark(Model):
    """Who did it, when and why."""

    by: str
    at: dt.datetime
    why: str


class Version(Model):
    """A version of a template; one that came with the service was published by nobody."""

    version: str
    sha256: str
    in_force: bool
    published: VersionRemark | None
    retired: VersionRemark | None


class VersionList(Model):
    """Every version of a template, oldest first."""

    versions: list[Version]


class RetireRequest(Model):
    """Why no new document may be made with it."""

    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["所依据的文件已废止"])]
