"""`docsvc log`: check our log against itself, or any tlog-tiles log against its key."""

from __future__ import annotations

import click

from docsvc.bootstrap import check_log, open_service


@click.group()
def log() -> None:
    """The Merkle log of everything that happened to documents."""


@log.command()
def fsck() -> int:
    """Recompute the whole log from the database and the store; exit 1 and a line a contradiction."""
    with open_service() as service:
        faults = service.fsck()
        for fault in faults:
            click.echo(fault, err=True)
        click.echo("日志一致 (the log is consistent)" if not faults else f"{len(faults)} 处矛盾 (contradictions)")
    return 1 if faults else 0


@log.command()
@click.argument("where", metavar="PATH|URL")
@click.option("--key", "vkey", metavar="VKEY", help="the log's verifier key; default: the trusted log keys")
def check(where: str, vkey: str | None) -> int:
    """Check a published tlog-tiles log: its checkpoint's signature, and its root from its entries and tiles."""
    result = check_log(where, vkey)
    for fault in result.faults:
        click.echo(fault, err=True)
    click.echo(result.summary)
    return 1 if result.faults else 0


@log.command()
def sequence() -> None:
    """Put events that wait into the tree, sign a checkpoint and publish it (each `docsvc issue` does so itself)."""
    with open_service() as service:
        service.sequence()
        click.echo(service.checkpoint_text())
