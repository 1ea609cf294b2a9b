"""Drafts that clerks send over HTTP: handed in, worked on by a press in a process that may be ended, fetched."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import DocumentType, Remark
from docsvc.domain.errors import ConflictError, DocsvcError, ForbiddenError, NotFoundError, SetupError, UsageError
from docsvc.ports import DraftBox
from docsvc.usecases.keep_templates import Draft, Press, Proof, TemplateDesk

Action = Literal["lint", "preview", "diff", "publish"]

TEMPLATE: Final = "template.docx"
SCHEMA: Final = "schema.json"
CASE: Final = "case.json"
CASES: Final = "cases/"
KEPT: Final = dt.timedelta(hours=24)
LIMITED: Final = {
    "error": {"kind": "limit", "message": "处理超过时限或者占用内存过多；it took too long or too much memory"}
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done with a draft of a type; `why` and `code` are for publishing."""

    action: Action
    doc_type: str
    by: str
    why: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and, once it was worked on, what came of it."""

    request: Request
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class DraftCounter:
    """Where keepers of templates hand drafts in. Templates are every agency's: who keeps them belongs to none."""

    desk: TemplateDesk
    box: DraftBox
    clock: Callable[[], dt.datetime]

    def hand_in(self, principal: Principal, request: Request, files: Mapping[str, bytes]) -> str:
        """The id to ask for it by. `files` by the names of a draft's folder, `case.json` the clerk's own case.

        Raises ForbiddenError, NotFoundError for an unknown type, OverloadedError, ConflictError where the folder of
        published templates is read-only.
        """
        self._admit(principal, request.doc_type)
        told = dataclasses.asdict(dataclasses.replace(request, by=principal.name))
        try:
            return self.box.put(told, files)
        except SetupError as e:
            raise ConflictError(str(e)) from e

    def look(self, principal: Principal, name: str) -> Answered:
        """Raises ForbiddenError, NotFoundError."""
        self._admit(principal)
        request, result = self.box.look(name)
        return Answered(Request(**request), result)

    def made(self, principal: Principal, name: str, file: str) -> bytes:
        """A file that was made. Raises ForbiddenError, NotFoundError."""
        self._admit(principal)
        return self.box.made(name, file)

    def versions(self, principal: Principal, doc_type: str) -> Sequence[DocumentType]:
        """Raises ForbiddenError, NotFoundError."""
        self._admit(principal, doc_type)
        return self.desk.templates.versions(doc_type)

    def retire(self, principal: Principal, doc_type: str, version: str, reason: str) -> None:
        """Raises ForbiddenError, NotFoundError, UsageError, ConflictError (also where the folder is read-only)."""
        self._admit(principal, doc_type)
        try:
            self.desk.retire(doc_type, version, Remark(principal.name, self.clock(), reason))
        except SetupError as e:
            raise ConflictError(str(e)) from e

    def _admit(self, principal: Principal, doc_type: str | None = None) -> None:
        principal.require(Permission.KEEP)
        if principal.agency_id is not None:
            raise ForbiddenError(
                "模板为各机关共用，须用不属于任何机关的密钥；templates are every agency's: use a key of no agency"
            )
        if doc_type is not None and doc_type not in self.desk.templates.names():
            raise NotFoundError("没有这种文书；no such document type")


@dataclass(frozen=True, slots=True)
class PressRoom:
    """Takes one request after the other. `run` works on the request in a folder, in a process of its own, and says
    whether it came to an end by itself; after `limit` it is ended.
    """

    box: DraftBox
    run: Callable[[Path], bool]
    clock: Callable[[], dt.datetime]
    limit: dt.timedelta

    def step(self) -> bool:
        """Work on one request; False where none waited."""
        now = self.clock()
        self.box.forget(now - KEPT)
        for left in self.box.abandoned(now - 2 * self.limit):  # by a press that ended with it
            self.box.finish(left, LIMITED)
        taken = self.box.take()
        if taken is None:
            return False
        ended = self.run(taken)
        self.box.finish(taken, None if ended else LIMITED)
        return True


def work(
    desk: TemplateDesk, press: Press, request: Request, files: Mapping[str, bytes]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result of a request, and the files that were made. What is wrong with the draft is a result too."""
    samples = {name.removeprefix(CASES): raw for name, raw in files.items() if name.startswith(CASES)}
    draft = Draft(files.get(TEMPLATE), files.get(SCHEMA), samples or None)
    try:
        match request.action:
            case "lint":
                notes = desk.lint(request.doc_type, draft)
                return {"notes": [dataclasses.asdict(note) for note in notes]}, {}
            case "preview" if CASE in files:
                return _shown([desk.proof(request.doc_type, press, draft, files[CASE])], press)
            case "preview":
                return _shown(list(desk.proofs(request.doc_type, press, draft)), press)
            case "diff":
                comparison = desk.compare(request.doc_type, press, draft)
                return dataclasses.asdict(comparison), {}
            case "publish":
                remark = Remark(request.by, desk.clock(), request.why)
                version = desk.publish(request.doc_type, press, draft, remark, request.code)
                return {"version": {"version": version.manifest.version, "sha256": version.sha256}}, {}
            case _:
                raise UsageError(f"没有这种操作；there is no such action: {request.action}")
    except DocsvcError as e:
        return {"error": {"kind": e.kind, "message": str(e)}}, {}


def _shown(proofs: Sequence[Proof], press: Press) -> tuple[dict[str, Any], dict[str, bytes]]:
    made: dict[str, bytes] = {}
    told = []
    for proof in proofs:
        pdf = f"{proof.sample}.pdf"
        pictures = [f"{proof.sample}-page-{n}.png" for n in range(1, len(proof.pictures) + 1)]
        made |= {pdf: press.pages.mark_draft(proof.pdf), **dict(zip(pictures, proof.pictures, strict=True))}
        told.append({"sample": proof.sample, "pdf": pdf, "pictures": pictures})
    return {"proofs": told}, made
