"""`docsvc worker`, `sequencer`, `scheduler` and `press`: one process each, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import click

from docsvc.bootstrap import end_with

supervised = click.option("--parent", type=int, hidden=True, help="process that this one ends with")


@click.command()
@supervised
def worker(parent: int | None) -> int:
    """Make accepted documents; finishes what it works on before it ends. As many as you like may run."""
    _begin(parent)
    from docsvc.worker.documents import run_worker

    return run_worker()


@click.command()
@supervised
def sequencer(parent: int | None) -> None:
    """Record what happens in the log and publish its checkpoints. One is enough; more do no harm."""
    _begin(parent)
    from docsvc.worker.loops import run_sequencer

    run_sequencer()


@click.command()
@supervised
def scheduler(parent: int | None) -> None:
    """Send again what was lost, lift documents to their level, forget what is old. One is enough."""
    _begin(parent)
    from docsvc.worker.loops import run_scheduler

    run_scheduler()


@click.command()
@supervised
def press(parent: int | None) -> None:
    """Work on drafts of templates that came over HTTP; needs an office, and no key. One is enough."""
    _begin(parent)
    from docsvc.worker.loops import run_press

    run_press()


def _begin(parent: int | None) -> None:
    if parent is not None:
        end_with(parent)
