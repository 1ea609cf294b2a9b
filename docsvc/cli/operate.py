"""The operator's commands: keys, registry, templates, and a look at the whole machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import click

from docsvc.bootstrap import Algorithm, blank_table, diagnose, init_development_pki, open_service, open_templates
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


@click.group()
def agencies() -> None:
    """The registry of agencies, their seals and numbering words."""


@agencies.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def agencies_import(file: Path) -> None:
    """Import agencies from a JSON FILE (a list; templates/agencies.sample.json shows the form): all or none."""
    if not file.is_file():
        raise UsageError(f"no such file: {file}")
    with open_service() as service:
        changed = service.import_agencies(file.read_bytes())
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


@click.group()
def templates() -> None:
    """What can be made."""


@templates.command("list")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def templates_list(as_json: bool) -> None:  # noqa: FBT001 - click gives a bool
    """List document types: id, title, version, level asked for."""
    folder = open_templates()
    manifests = [folder.get(name).manifest for name in folder.names()]
    if as_json:
        rows = [
            {
                "doc_type": m.doc_type,
                "title": m.title,
                "title_en": m.title_en,
                "version": m.version,
                "level": m.level,
            }
            for m in manifests
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for m in manifests:
            click.echo(f"{m.doc_type}\t{m.title}\t{m.title_en}\t{m.version}\t{m.level}")


@templates.command("sheet")
@click.argument("doc_type", metavar="TYPE")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="FILE.xlsx or FILE.csv")
def templates_sheet(doc_type: str, out: Path) -> None:
    """Write a table to fill in, a row a case, for `docsvc issue`: names, paths, and what belongs in each column."""
    suffix = out.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise UsageError(f"--out is FILE.xlsx or FILE.csv, not {out.name}")
    out.write_bytes(blank_table(suffix, doc_type))
    click.echo(out)


@click.command()
def doctor() -> int:
    """Look at everything the service needs; a line each; exit 1 where something is missing."""
    faults = 0
    for name, fault, detail in diagnose():
        faults += fault
        click.echo(f"{'FAULT' if fault else 'ok   '} {name}: {detail}")
    return 1 if faults else 0
