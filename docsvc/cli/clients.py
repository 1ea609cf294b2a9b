"""`docsvc clients`: the systems that call the API, and their keys."""

from __future__ import annotations

import click

from docsvc.bootstrap import open_service
from docsvc.domain.access import Permission
from docsvc.domain.errors import UsageError


@click.group()
def clients() -> None:
    """Systems that call the API."""


@clients.command("add")
@click.argument("name")
@click.option("--agency", metavar="ID", help="the agency that it posts for and reads")
@click.option("--all-agencies", is_flag=True, help="it posts for and reads every agency")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([p.value for p in Permission]),
    help="what it may do; may be repeated; default: create and read",
)
def clients_add(*, name: str, agency: str | None, all_agencies: bool, scopes: tuple[str, ...]) -> None:
    """Add a system called NAME and print its API key, this once."""
    if (agency is None) != all_agencies:
        raise UsageError("须指定--agency或者--all-agencies之一；name one of --agency ID and --all-agencies")
    wanted = [Permission(s) for s in scopes] or [Permission.CREATE, Permission.READ]
    with open_service() as service:
        client, key = service.callers.add(name, agency, wanted)
    may = ", ".join(sorted(client.scopes))
    click.echo(f"已添加 {client.name} ({client.agency_id or 'all agencies'}: {may})", err=True)
    click.echo("密钥只显示这一次；the key is shown this once:", err=True)
    click.echo(key)


@clients.command("list")
def clients_list() -> None:
    """List systems: name, id, agency, scopes, state."""
    with open_service() as service:
        for c in service.callers.list():
            state = f"revoked {c.revoked_at:%Y-%m-%d}" if c.revoked_at else "active"
            click.echo(f"{c.name}\t{c.id}\t{c.agency_id or '*'}\t{' '.join(sorted(c.scopes))}\t{state}")


@clients.command("revoke")
@click.argument("name")
def clients_revoke(name: str) -> None:
    """End the key of NAME (or an id) at once; its documents and their history stay."""
    with open_service() as service:
        client = service.callers.revoke(name)
    click.echo(f"已撤销 {client.name} ({client.id} revoked)")
