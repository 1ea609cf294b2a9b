"""`docsvc scan`: check the code on a paper copy with a public key alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from docsvc.bootstrap import case_facts, check_scan
from docsvc.cli.report import EXIT, scan_text
from docsvc.domain.errors import UsageError


@click.group()
def scan() -> None:
    """The QR codes on documents."""


@scan.command()
@click.argument("code", metavar="CODE")
@click.argument("more", metavar="[NAME=VALUE]...", nargs=-1)
@click.option("--facts", metavar="NAME=VALUE", multiple=True, help="what the paper says; more may follow")
@click.option("--case", "case", type=click.Path(path_type=Path), help="case JSON to compare instead")
@click.option("--trust", type=click.Path(path_type=Path), help="folder of public keys scan*.pub")
def check(code: str, more: tuple[str, ...], facts: tuple[str, ...], case: Path | None, trust: Path | None) -> int:
    """Check the text CODE of a document's QR code, offline; exit codes as `docsvc verify`.

    Facts are number, title, agency, issue_date, party and action_code, as printed. Those that the code says itself
    (number, agency, issue_date) may be left out.
    """
    if trust and not trust.is_dir():
        raise UsageError(f"no such folder: {trust}")
    given = {**_case(case), **dict(map(_pair, (*facts, *more)))}
    verdict = check_scan(code, trust, given)
    click.echo(scan_text(verdict), nl=False)
    return EXIT[verdict.indication]


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise UsageError(f"not NAME=VALUE: {text[:80]}")
    return name, value


def _case(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        data: Any = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as e:
        raise UsageError(f"no such file: {path}") from e
    except (OSError, ValueError, RecursionError) as e:
        raise UsageError(f"not JSON: {path}") from e
    return case_facts(data)
