"""The command `docsvc`: its sub-commands, and how a fault becomes one sentence and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from docsvc import __version__
from docsvc.domain.errors import CaseRefusedError, DocsvcError, RegistryRefusedError, UsageError

EXIT_FAULT = 1
EXIT_USAGE = 64  # sysexits.h EX_USAGE; 2 means INDETERMINATE in `docsvc verify`

# Each command lives in a module of its own that is imported when it is called: `verify` needs no database
# library, `templates list` no pyHanko.
COMMANDS = {
    "serve": ("docsvc.cli.serve", "serve"),
    "web": ("docsvc.cli.serve", "web"),
    "worker": ("docsvc.worker.commands", "worker"),
    "sequencer": ("docsvc.worker.commands", "sequencer"),
    "scheduler": ("docsvc.worker.commands", "scheduler"),
    "press": ("docsvc.worker.commands", "press"),
    "jobs": ("docsvc.cli.jobs", "jobs"),
    "issue": ("docsvc.cli.issue", "issue"),
    "verify": ("docsvc.cli.verify", "verify"),
    "scan": ("docsvc.cli.scan", "scan"),
    "upgrade": ("docsvc.cli.issue", "upgrade"),
    "evidence": ("docsvc.cli.issue", "evidence"),
    "sm2": ("docsvc.cli.issue", "sm2"),
    "log": ("docsvc.cli.log", "log"),
    "db": ("docsvc.cli.db", "db"),
    "pki": ("docsvc.cli.operate", "pki"),
    "seals": ("docsvc.cli.seals", "seals"),
    "agencies": ("docsvc.cli.operate", "agencies"),
    "templates": ("docsvc.cli.templates", "templates"),
    "users": ("docsvc.cli.users", "users"),
    "clients": ("docsvc.cli.clients", "clients"),
    "officers": ("docsvc.cli.officers", "officers"),
    "settings": ("docsvc.cli.settings", "settings"),
    "doctor": ("docsvc.cli.operate", "doctor"),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="docsvc")
def cli() -> None:
    """Official documents: filled, sealed, stored and logged so that each can be checked."""


def main() -> None:
    """Run the command line; exit 0 done, 1 refused or failed, 64 wrong usage (verify: 0, 1, 2, 64)."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("docsvc: interrupted; run the same command again to go on", err=True)
        status = 130
    except click.ClickException as e:
        e.show()
        status = EXIT_USAGE
    except UsageError as e:
        click.echo(f"docsvc: {e}", err=True)
        status = EXIT_USAGE
    except (CaseRefusedError, RegistryRefusedError) as e:
        for f in e.findings:
            click.echo(f"docsvc: {f.rule} {f.pointer or '/'} {f.message} ({f.message_en})", err=True)
        status = EXIT_FAULT
    except DocsvcError as e:
        click.echo(f"docsvc: {e}", err=True)
        status = EXIT_FAULT
    except OSError as e:  # a disk that is full, a folder that is not ours
        click.echo(f"docsvc: {e.filename or 'input/output'}: {e.strerror or e}", err=True)
        status = EXIT_FAULT
    sys.exit(status if isinstance(status, int) else 0)
