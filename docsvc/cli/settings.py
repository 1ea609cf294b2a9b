"""The command `docsvc settings`: what holds on this machine, or every setting as the manual's table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from docsvc.domain.errors import UsageError
from docsvc.settings import Settings, load_settings

START: Final = "<!-- settings -->\n"
END: Final = "<!-- /settings -->\n"


@click.command()
@click.option("--markdown", is_flag=True, help="the table of all settings, with default and meaning")
@click.option("--into", type=click.Path(path_type=Path), help=f"put that table between {START.strip()} and its end")
def settings(markdown: bool, into: Path | None) -> None:  # noqa: FBT001 - click gives a bool
    """Show the settings that hold here, those that were set marked with *; secrets as stars."""
    if into:
        try:
            into.write_text(refreshed(into.read_text("utf-8")), "utf-8")
        except ValueError as e:
            raise UsageError(f"{into}中没有表格的标记；{into} lacks the marks {START.strip()} {END.strip()}") from e
        return
    if markdown:
        click.echo(table(), nl=False)
        return
    found = load_settings()
    for name in Settings.model_fields:
        mark = "*" if name in found.model_fields_set else " "
        click.echo(f"{mark} {variable(name)} = {_text(getattr(found, name))}")


def variable(name: str) -> str:
    """A setting's name in the environment."""
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


def table() -> str:
    """Every setting, in the order of the code, as a Markdown table."""
    rows = [
        f"| `{variable(name)}` | {_default(field)} | {' '.join((field.description or '').split())} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def refreshed(manual: str) -> str:
    """`manual` with today's table between its marks. Raises ValueError where a mark is missing."""
    start = manual.index(START) + len(START)
    return manual[:start] + table() + manual[manual.index(END, start) :]


def _default(field: FieldInfo) -> str:
    """As one would write it in the environment; empty where the meaning says it."""
    default = field.default if field.default_factory is None else None
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    return f"`{text}`" if (text := _text(default)) else ""


def _text(value: Any) -> str:
    match value:
        case None | ():
            return ""
        case bool():
            return str(value).lower()
        case tuple() | dict():  # what the environment takes as JSON
            return json.dumps(value, ensure_ascii=False, default=Path.as_posix)
        case _:
            return str(value)
