"""The operator's commands: keys, registry, and a look at the whole machine."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from docsvc.bootstrap import Algorithm, diagnose, init_development_pki, make_token_key, open_service
from docsvc.domain.errors import UsageError


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
    """Look at everything the service needs; a line each; exit 1 where something is missing."""
    faults = 0
    for name, fault, detail in diagnose():
        faults += fault
        click.echo(f"{'FAULT' if fault else 'ok   '} {name}: {detail}")
    return 1 if faults else 0
