"""`docsvc jobs`: what is not made yet and why, and letting it be tried again."""

from __future__ import annotations

import datetime as dt
import json

import click

from docsvc.bootstrap import open_process
from docsvc.domain.document import DocumentRow
from docsvc.domain.errors import DocsvcError, UsageError


@click.group()
def jobs() -> None:
    """Documents that are not made yet: list them, let them be tried again."""


@jobs.command("list")
@click.option("--failed", is_flag=True, help="only those that are no longer tried")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a document")
def list_jobs(failed: bool, as_json: bool) -> None:  # noqa: FBT001 - click gives bools
    """A line a document: number, state, attempts, age, reason; oldest first."""
    with open_process() as service:
        for job in service.jobs.open(failed=failed):
            row = job.row
            if as_json:
                fields = {
                    "id": row.id,
                    "number": row.number,
                    "state": row.state,
                    "attempts": row.attempts,
                    "age_s": round(job.age.total_seconds()),
                    "holder": job.holder,
                    "reason": row.reason,
                    "retryable": row.retryable,
                }
                click.echo(json.dumps(fields, ensure_ascii=False))
            else:
                click.echo(f"{row.number}  {row.state}  {row.attempts}×  {_age(job.age)}  {row.reason or '-'}")


@jobs.command()
@click.argument("documents", nargs=-1)
@click.option("--all-failed", is_flag=True, help="every document that failed")
def retry(documents: tuple[str, ...], all_failed: bool) -> int:  # noqa: FBT001 - click gives a bool
    """Let DOCUMENTS (numbers or ids) be tried again, from the first attempt on."""
    if bool(documents) == all_failed:
        raise UsageError("请给出文号或编号，或用 --all-failed；name documents, or give --all-failed")
    refused = 0
    with open_process() as service:
        if all_failed:
            for row in service.jobs.retry_failed():
                _tell(row)
        for document in documents:
            try:
                _tell(service.jobs.retry(document))
            except DocsvcError as e:
                refused += 1
                click.echo(f"{document}: {e}", err=True)
    return 1 if refused else 0


def _tell(row: DocumentRow) -> None:
    click.echo(f"{row.number}  {row.state}")


def _age(age: dt.timedelta) -> str:
    """In its largest unit."""
    seconds = int(age.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
