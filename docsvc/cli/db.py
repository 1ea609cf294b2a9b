"""The operator's commands for the database: what version its schema has, and bringing it to this one."""

from __future__ import annotations

import click

from docsvc.bootstrap import open_database

UP_TO_DATE = "数据库结构已是最新 (up to date)"


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Run the migrations that are missing, all of them or none."""
    with open_database() as database:
        done = database.upgrade()
    for name in done:
        click.echo(f"已执行 (done)\t{name}")
    if not done:
        click.echo(UP_TO_DATE)


@db.command()
def status() -> int:
    """List the migrations that are missing; exit 1 where there are any."""
    with open_database() as database:
        pending = database.pending()
    for name in pending:
        click.echo(f"待执行 (pending)\t{name}")
    if not pending:
        click.echo(UP_TO_DATE)
    return 1 if pending else 0
