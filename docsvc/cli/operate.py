"""The operator's commands: keys, registry, and a look at the whole machine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final, get_args

import click

from docsvc.bootstrap import (
    Algorithm,
    diagnose,
    import_seal,
    init_development_pki,
    list_certificates,
    make_token_key,
    open_service,
    renew_seal,
    revoke_certificate,
)
from docsvc.domain.errors import UsageError

DAY: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z"])
WORDS: Final = {"ok": "ok   ", "warn": "WARN ", "fault": "FAULT"}


@click.group()
def pki() -> None:
    """Keys and certificates."""


@pki.command("init")
@click.option(
    "--algorithm",
    type=click.Choice(get_args(Algorithm)),
    default="rsa-2048",
    show_default=True,
    help="of keys that are made now; a PKI that is there keeps its own",
)
def pki_init(algorithm: Algorithm) -> None:
    """Make development keys and certificates where they are missing; what is there stays as it is."""
    for line in init_development_pki(algorithm):
        click.echo(line)


@pki.command("list")
def pki_list() -> None:
    """List certificates: of seals (the one in use first), authorities and roots, with serial number and end."""
    for one, words in list_certificates():
        click.echo(f"{one.role}\t{one.name}\t{one.serial:x}\t{words}")


@pki.command("renew")
@click.argument("seal_id")
@click.option("--from", "begins", type=DAY, help="day from which it is used [default: at once]")
def pki_renew(seal_id: str, begins: dt.datetime | None) -> None:
    """Make the next key and certificate of the seal SEAL_ID (development keys only).

    Running processes take it up by themselves. The one before stays as it is: what it sealed keeps its verdict.
    """
    path = renew_seal(seal_id, begins)
    click.echo(f"{path.name}: 新证书已就绪 (the next certificate of {seal_id} is there)")


@pki.command("import")
@click.argument("seal_id")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "begins", type=DAY, help="day from which it is used [default: at once]")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    help="file with the password of FILE [default: it is asked for]",
)
def pki_import(seal_id: str, file: Path, begins: dt.datetime | None, password_file: Path | None) -> None:
    """Take the next key and certificate of the seal SEAL_ID out of a PKCS#12 FILE.

    It is kept under the password of the other key files. Running processes take it up by themselves.
    """
    try:
        password = password_file.read_text("utf-8").strip() if password_file else None
    except OSError as e:
        raise UsageError(f"口令文件无法读取；the password file can't be read: {e.strerror}") from e
    if password is None:
        password = click.prompt("password", hide_input=True, err=True)
    path = import_seal(seal_id, file, password, begins)
    click.echo(f"{path.name}: 新证书已就绪 (the next certificate of {seal_id} is there)")


@pki.command("revoke")
@click.argument("name")
@click.option(
    "--reason", default="unspecified", show_default=True, help="as in RFC 5280: keyCompromise, superseded …"
)
def pki_revoke(name: str, reason: str) -> None:
    """Take the certificate NAME (as `pki list` names it) out of use at once; running processes notice.

    In the development PKI it is revoked as well. Elsewhere its authority has to do that.
    """
    if revoke_certificate(name, reason):
        click.echo(f"{name}: 已吊销 (revoked)")
    else:
        click.echo(f"{name}: 已停用，请另向发证机构申请吊销 (out of use; ask its authority to revoke it)")


@pki.command("enrol")
@click.argument("seal")
@click.option(
    "--algorithm", default="rsa-3072", show_default=True, help="rsa-2048, -3072, -4096, ecdsa-p256, -p384"
)
@click.option("--label", help="what the token is to call the key; else the seal's id")
@click.option("--csr", type=click.Path(path_type=Path, dir_okay=False), help="write a certificate request there")
def pki_enrol(seal: str, algorithm: str, label: str | None, csr: Path | None) -> None:
    """Make the key of SEAL (its id in the registry) in the PKCS#11 token, which it can't leave.

    With development keys it gets its certificate at once. In production --csr writes the request for the authority;
    the certificate with its chain then goes to seals/SEAL.pem, and keys.toml says door = "pkcs11".
    """
    with open_service() as service:
        click.echo(make_token_key(service, seal, algorithm, label, csr))


@click.group()
def agencies() -> None:
    """The registry of agencies, their seals and numbering words."""


@agencies.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def agencies_import(file: Path) -> None:
    """Import agencies from a JSON FILE (a list; templates/agencies.sample.json shows the form): all or none.

    A seal may name a picture (PNG, red on white or transparent, 300 dpi or more) that lies beside the file.
    """
    if not file.is_file():
        raise UsageError(f"no such file: {file}")
    with open_service() as service:
        changed = service.import_agencies(file.read_bytes(), file.resolve().parent)
        click.echo(f"{changed} 个机关已更新 (agencies new or changed)")
        # In development a new agency's seal is made as well; a seal in production is the operator's to bring.
        for line in init_development_pki() if service.own_pki else ():
            click.echo(line)


@agencies.command("list")
def agencies_list() -> None:
    """List the registry."""
    with open_service() as service:
        for a in service.agencies():
            click.echo(f"{a.id}\t{a.name}\t{a.seal.id}\t{a.seal.diameter_mm:g} mm")


@click.command()
def doctor() -> int:
    """Look at everything the service needs; a line each; exit 1 where something is missing.

    WARN is what still works: a certificate that ends within `DOCSVC_EXPIRY_WARNING_DAYS`, say.
    """
    faults = 0
    for name, verdict, detail in diagnose():
        faults += verdict == "fault"
        click.echo(f"{WORDS[verdict]} {name}: {detail}")
    return 1 if faults else 0
