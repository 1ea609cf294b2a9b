"""`docsvc issue`, `upgrade` and `evidence`: from case files to sealed, recorded PDFs in a folder."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from docsvc.bootstrap import Service, merge_pages, now, open_service
from docsvc.cli.sources import Source, sources_of, tell_refusal
from docsvc.domain.document import DocumentRow, Signing, State
from docsvc.domain.errors import BusyError, ConflictError, DocsvcError, Finding, UsageError

RECORD_EVERY_S = 1.0
OURS = dt.timedelta(minutes=5)
LOOK_AGAIN_S = 0.25
MADE = frozenset({State.SEALED, State.RECORDED, State.VOIDED})


@dataclass(frozen=True, slots=True)
class Done:
    """A document of this call that waits for its checkpoint."""

    source: Source
    row: DocumentRow
    new: bool
    sm2: bytes | None  # its copy under the SM2 profile


@click.command()
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="folder for the PDFs")
@click.option(
    "--zip", "zip_file", type=click.Path(path_type=Path, dir_okay=False), help="all files in one ZIP as well"
)
@click.option(
    "--merge", type=click.Path(path_type=Path, dir_okay=False), help="all pages in one PDF to print as well"
)
@click.option("--layout", help="layout of new documents, as `docsvc templates list` names them; else the agency's")
@click.option(
    "--signing",
    type=click.Choice([s.value for s in Signing]),
    default=Signing.SEAL.value,
    help="envelope: the document waits until those whom its type names have signed it; default: seal",
)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a document on standard output")
def issue(
    cases: tuple[Path, ...],
    out: Path,
    zip_file: Path | None,
    merge: Path | None,
    layout: str | None,
    signing: str,
    as_json: bool,  # noqa: FBT001 - click gives a bool
) -> int:
    """Issue the documents of case files: number, file and SHA-256, a line a document.

    A CASE is a .json file with one case, or a .jsonl, .csv or .xlsx file with a case a row (`docsvc templates
    sheet` makes one to fill in). A bad row is told with its column, and the others are issued.

    The same case again gives the same document again; a call that was cut off is finished by running it again.
    Each PDF gets its evidence bundle (.evidence.zip) beside it.
    """
    gone = [str(c) for c in cases if not c.is_file()]
    if gone:
        raise UsageError(f"no such file: {', '.join(gone)}")
    for folder in [out, *(file.parent for file in (zip_file, merge) if file)]:
        folder.mkdir(parents=True, exist_ok=True)
    refused = 0
    given: dict[Path, Path] = {}
    with open_service() as service:
        _check_layout(service, layout)
        sources = sources_of(service, cases)
        with _progress(len(sources)) as step:
            waiting: list[Done] = []
            first: dict[str, Source] = {}
            recorded_at = time.monotonic()
            for source in sources:
                step(source.name)
                try:
                    waiting.append(_issue_one(service, source, first, layout, Signing(signing)))
                except DocsvcError as e:
                    refused += 1
                    tell_refusal(source, e, as_json=as_json)
                if time.monotonic() - recorded_at > RECORD_EVERY_S:
                    given |= _finish(service, waiting, out, as_json=as_json)
                    recorded_at = time.monotonic()
            given |= _finish(service, waiting, out, as_json=as_json)
    if refused and len(sources) > 1:
        click.echo(f"{len(given)}件已制作，{refused}件被退回 (issued, refused)", err=True)
    if zip_file and given:
        _pack(zip_file, [file for pair in given.items() for file in pair])
    if merge and given:
        part = merge.with_name(f".{merge.name}.{os.getpid()}")
        merge_pages({pdf.stem: pdf for pdf in given}, part)
        part.replace(merge)
    return 1 if refused else 0


def _check_layout(service: Service, layout: str | None) -> None:
    """Raises UsageError for a layout that no type has; a type that lacks it refuses its cases."""
    known = {name for doc_type in service.templates.names() for name in service.templates.get(doc_type).layouts}
    if layout is not None and layout not in known:
        raise UsageError(f"没有版式 {layout}；no type has that layout, only: {', '.join(sorted(known))}")


def _issue_one(
    service: Service, source: Source, first: dict[str, Source], layout: str | None, signing: Signing
) -> Done:
    """The document of one case; `first` is who brought each document of this call first."""
    # Due later: we make it now, and a running service finishes what we leave behind when we are killed.
    acceptance = service.intake.accept(source.read(), due_at=now() + OURS, layout=layout, signing=signing)
    warnings = list(acceptance.warnings)
    if (other := first.setdefault(acceptance.row.id, source)) is not source:
        warnings.append(
            Finding("", "", f"与{other.name}事实相同，是同一份文书", f"the same facts and document as {other.name}")
        )
    for f in warnings:
        click.echo(source.line(replace(f, rule="注意")), err=True)
    row = _make(service, acceptance.row)
    return Done(source, row, acceptance.new, service.copy_in_sm2(row))


def _make(service: Service, row: DocumentRow) -> DocumentRow:
    """The document, made (or laid out for those who sign it) by us or by whoever works on it now.

    Raises its fault, ConflictError for a voided one.
    """
    if row.state is State.FAILED:
        service.jobs.retry(row.id)
    while row.state not in MADE and row.state is not State.AWAITING_SIGNATURES:
        try:
            row = service.production.produce(row.id)
        except BusyError:
            time.sleep(LOOK_AGAIN_S)
            row = service.document(row.id)
            if row.state is State.FAILED:
                raise ConflictError(f"{row.number}：{row.reason}") from None
    if row.state is State.VOIDED:
        raise ConflictError(f"{row.number}已作废，不再出件；it was voided: {row.reason}")
    return row


def _finish(service: Service, waiting: list[Done], out: Path, *, as_json: bool) -> dict[Path, Path]:
    """Record what waits, then hand it out: nobody gets a document that no checkpoint covers. Each PDF's bundle."""
    given: dict[Path, Path] = {}
    if not waiting:
        return given
    service.sequence()
    for done in waiting:
        row = service.document(done.row.id)
        if row.state is State.AWAITING_SIGNATURES:
            _tell_awaited(service, done, as_json=as_json)
            continue
        pdf = _hand_out(out / f"{row.number}.pdf", service.content(row))
        bundle = given[pdf] = _hand_out(pdf.with_suffix(".evidence.zip"), service.evidence(row))
        if done.sm2:
            _hand_out(pdf.with_suffix(".sm2.pdf"), done.sm2)
        elif service.settings.sm2_profile:
            click.echo(f"{row.number}：国密SM2副本未制成（见日志）；no SM2 copy, the log says why", err=True)
        if row.shortfall:
            click.echo(
                f"{row.number}: {row.achieved_level}, not {row.target_level}: {row.shortfall}; "
                "`docsvc upgrade` lifts it",
                err=True,
            )
        if as_json:
            _print_json(
                {
                    **done.source.members(),
                    "id": row.id,
                    "number": row.number,
                    "state": row.state,
                    "file": str(pdf),
                    "sha256": row.signed_sha256,
                    "size": row.size,
                    "evidence": str(bundle),
                    "template": asdict(service.versions.name(row)),
                    "pades": {"target": row.target_level, "achieved": row.achieved_level},
                    "new": done.new,
                    "warnings": [done.source.error(f) for f in row.warnings],
                }
            )
        else:
            click.echo(f"{row.number}  {pdf}  {row.signed_sha256}")
    waiting.clear()
    return given


def _tell_awaited(service: Service, done: Done, *, as_json: bool) -> None:
    """No file yet: who has to sign first, in their order."""
    row, slots = done.row, service.signatures(done.row)
    people = [
        {"field": s.field, "role": s.signatory.role, "name": s.signatory.name, "state": s.state} for s in slots
    ]
    if as_json:
        known = {"id": row.id, "number": row.number, "state": row.state, "signatures": people, "new": done.new}
        _print_json({**done.source.members(), **known})
        return
    click.echo(f"{row.number}  {row.state}  待签名后盖章 (to be signed, then sealed)")
    for person in people:
        click.echo(f"    {person['field']:<12} {person['name']}  {person['state']}")


def _hand_out(path: Path, data: bytes) -> Path:
    """Write whole or not at all: a reader never sees half a file under its name."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)
    return path


def _pack(path: Path, files: Sequence[Path]) -> None:
    """The files in one ZIP, stored: PDFs and bundles are packed already."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            archive.write(file, file.name)
    part.replace(path)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar on standard error for many, where a person looks on."""
    if total == 1 or not sys.stderr.isatty():
        yield lambda _name: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, completed=-1)
        yield lambda name: bar.update(task, advance=1, description=name)
        bar.update(task, advance=1)


@click.command()
def upgrade() -> int:
    """Lift documents that stayed below the level asked for, renew those whose last time-stamp weakens.

    A line a document; exit 1 where one is still below, or is protected by its time-stamp no longer.
    """
    below = 0
    with open_service() as service:
        for row in service.unread_renewals():
            service.upgrades.look(row)
        for row in service.due_renewals():
            renewed = service.upgrades.renew(row)
            why = f": {renewed.shortfall}" if renewed.shortfall else ""
            click.echo(f"{row.number}  {_day(row)} -> {_day(renewed.row)}{why}")
        for row in service.lapsed():
            below += 1
            click.echo(f"{row.number}  时间戳已失效，未及时续期 (its time-stamp lapsed on {_day(row)})")
        for row in service.below_level():
            lifted = service.upgrades.lift(row)
            reached = lifted.row.achieved_level
            below += reached is None or reached.rank < row.target_level.rank
            why = f": {lifted.shortfall}" if lifted.shortfall else ""
            click.echo(f"{row.number}  {row.achieved_level} -> {reached}{why}")
        service.sequence()
    return 1 if below else 0


def _day(row: DocumentRow) -> str:
    """Until when its last time-stamp protects a document."""
    return f"{row.renew_before:%Y-%m-%d}" if row.renew_before else "-"


@click.command()
@click.argument("number")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="folder for the files")
def evidence(number: str, out: Path) -> None:
    """Write the newest PDF and the evidence bundle of the document with this NUMBER into a folder."""
    with open_service() as service:
        row = service.document_by_number(number)
        out.mkdir(parents=True, exist_ok=True)
        click.echo(_hand_out(out / f"{row.number}.pdf", service.content(row)))
        click.echo(_hand_out(out / f"{row.number}.evidence.zip", service.evidence(row)))


@click.command()
@click.argument("number")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="folder for the file")
def sm2(number: str, out: Path) -> None:
    """Write the SM2 copy of the document with this NUMBER into a folder, made now where there is none yet.

    A copy is no PAdES signature, and few readers know it. DOCSVC_SM2_PROFILE turns the profile on.
    """
    with open_service() as service:
        if not service.settings.sm2_profile:
            raise UsageError("国密SM2签名未启用；the SM2 profile is off: set DOCSVC_SM2_PROFILE=true")
        row, pdf = service.sm2_copies.make(service.document_by_number(number).id)
        service.sequence()
        out.mkdir(parents=True, exist_ok=True)
        click.echo(_hand_out(out / f"{row.number}.sm2.pdf", pdf))
