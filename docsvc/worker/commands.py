"""`docsvc worker`, `sequencer`, `scheduler` and `press`: one process each, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from pathlib import Path

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
@click.option("--request", type=click.Path(path_type=Path, exists=True, file_okay=False), hidden=True, help="one")
def press(parent: int | None, request: Path | None) -> None:
    """Work on drafts of templates that came over HTTP; needs an office, and no key. One is enough."""
    _begin(parent)
    from docsvc.worker.press import run_press, run_request

    if request is None:
        run_press()
    else:
        run_request(request)


def _begin(parent: int | None) -> None:
    if parent is not None:
        end_with(parent)
