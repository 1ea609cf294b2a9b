"""`docsvc officers`: certificates of officers whose keys the service keeps for them, under their PIN."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from docsvc.bootstrap import now, open_service
from docsvc.domain.errors import UsageError
from docsvc.domain.signer import WRONG_IN_ALL


@click.group()
def officers() -> None:
    """Officers who sign with a certificate that the service keeps for them."""


@officers.command("enroll")
@click.argument("user")
@click.option("--name", required=True, help="the officer's name, as cases write it")
@click.option("--cert-no", required=True, help="number of their enforcement certificate")
@click.option(
    "--pkcs12",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="their key and certificate; else a key with a development certificate is made",
)
@click.option(
    "--pkcs12-password-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="a file whose first line is the password of the PKCS#12 file",
)
@click.option(
    "--pin-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="a file whose first line is the PIN; else it is asked for",
)
def officers_enroll(
    *,
    user: str,
    name: str,
    cert_no: str,
    pkcs12: Path | None,
    pkcs12_password_file: Path | None,
    pin_file: Path | None,
) -> None:
    """Keep a certificate for USER, who signs with it by their PIN. Enrolling again replaces it."""
    pin = _first_line(pin_file) if pin_file else _asked("PIN", again=True)
    with open_service() as service:
        if pkcs12 is None:
            made = service.made_officer_key(name, cert_no)
        else:
            password = (
                _first_line(pkcs12_password_file) if pkcs12_password_file else _asked("PKCS#12 密码 password")
            )
            made = service.read_officer_key(pkcs12, password)
        signer = service.signers.enroll(user, name, cert_no, made, pin)
    click.echo(f"已登记 {user}: {signer.name} ({signer.cert_no})")


@officers.command("list")
def officers_list() -> None:
    """List whose certificates are kept: user, name, number, state."""
    with open_service() as service:
        for user, signer in service.signers.list():
            state = "active"
            if signer.failures >= WRONG_IN_ALL:
                state = "locked: enroll anew"
            elif signer.locked_until and signer.locked(now()):
                state = f"locked until {signer.locked_until:%Y-%m-%d %H:%M} UTC"
            click.echo(f"{user.name if user else '-'}\t{signer.name}\t{signer.cert_no}\t{state}")


@officers.command("remove")
@click.argument("user")
def officers_remove(user: str) -> None:
    """Forget the key that is kept for USER; what they have signed stays as it is."""
    with open_service() as service:
        service.signers.remove(user)
    click.echo(f"已删除 {user} 的签名证书 (removed)")


def _first_line(path: Path) -> str:
    return path.read_text("utf-8").partition("\n")[0].rstrip("\r")


def _asked(what: str, *, again: bool = False) -> str:
    if not sys.stdin.isatty():
        raise UsageError("没有终端，请用文件给出；no terminal: give it in a file (--pin-file)")
    return str(click.prompt(what, hide_input=True, confirmation_prompt="再次输入 again" if again else False))
