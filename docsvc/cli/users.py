"""`docsvc users`: the accounts of people."""

from __future__ import annotations

import sys

import click

from docsvc.bootstrap import now, open_service
from docsvc.domain.access import Role, User
from docsvc.domain.errors import UsageError

from_stdin = click.option("--password-stdin", is_flag=True, help="the password is the first line of standard input")
generate = click.option("--generate", is_flag=True, help="make a password up and print it, this once")


@click.group()
def users() -> None:
    """People who sign in."""


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([r.value for r in Role]), required=True)
@click.option("--agency", metavar="ID", help="the agency whose documents they see")
@click.option("--all-agencies", is_flag=True, help="they see every agency's")
@from_stdin
@generate
def users_add(
    *, name: str, role: str, agency: str | None, all_agencies: bool, password_stdin: bool, generate: bool
) -> None:
    """Add a person who signs in as NAME."""
    if (agency is None) != all_agencies:
        raise UsageError("须指定--agency或者--all-agencies之一；name one of --agency ID and --all-agencies")
    password = _password(stdin=password_stdin, generate=generate)
    with open_service() as service:
        user = service.accounts.add(name, Role(role), agency, password)
    click.echo(f"已添加 {user.name} ({user.role}, {user.agency_id or 'all agencies'})")
    if generate:
        click.echo(f"密码 password: {password}")


@users.command("list")
def users_list() -> None:
    """List accounts: name, role, agency, state."""
    with open_service() as service:
        for user in service.accounts.list():
            click.echo(f"{user.name}\t{user.role}\t{user.agency_id or '*'}\t{_state(user)}")


@users.command("disable")
@click.argument("name")
def users_disable(name: str) -> None:
    """End NAME's sessions and let them sign in no more; history keeps their name."""
    with open_service() as service:
        user = service.accounts.disable(name)
    click.echo(f"已停用 {user.name} (disabled)")


@users.command("enable")
@click.argument("name")
def users_enable(name: str) -> None:
    """Let NAME sign in again."""
    with open_service() as service:
        user = service.accounts.enable(name)
    click.echo(f"已启用 {user.name} (enabled)")


@users.command("password")
@click.argument("name")
@from_stdin
@generate
def users_password(*, name: str, password_stdin: bool, generate: bool) -> None:
    """Give NAME another password: ends their sessions and lifts a lock."""
    password = _password(stdin=password_stdin, generate=generate)
    with open_service() as service:
        service.accounts.set_password(name, password)
    click.echo(f"密码 password: {password}" if generate else f"已更改 {name} 的密码 (changed)")


def _password(*, stdin: bool, generate: bool) -> str:
    from docsvc.usecases.accounts import make_password

    if stdin and generate:
        raise UsageError("--password-stdin与--generate不能并用；not both of --password-stdin and --generate")
    if generate:
        return make_password()
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not _at_terminal():
        raise UsageError(
            "没有终端，请用--password-stdin或者--generate；no terminal: --password-stdin or --generate"
        )
    return str(click.prompt("密码 password", hide_input=True, confirmation_prompt="再次输入 again"))


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _state(user: User) -> str:
    if user.disabled_at:
        return f"disabled since {user.disabled_at:%Y-%m-%d}"
    if user.locked_until and now() < user.locked_until:
        return f"locked until {user.locked_until:%Y-%m-%d %H:%M} UTC"
    return "active"
