"""The worker: takes ids of documents up and makes them, each of its processes with an office of its own."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from docsvc.bootstrap import Service, now, open_process
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import BusyError, DatabaseError, DocsvcError, SealUnusableError, SetupError
from docsvc.telemetry import logger

if TYPE_CHECKING:
    import structlog

SAMPLE: Final = "样"
MADE: Final = (State.SEALED, State.RECORDED)
PAUSES_S: Final = (1, 4, 15)  # while the database is away: together far shorter than a lease


def run_worker() -> int:
    """Work until SIGTERM or SIGINT; the exit code. Raises SetupError where this machine can't make documents."""
    with open_process() as trial:
        if trial.settings.lease_s <= trial.settings.task_limit_s:
            # Another worker would take each long document over, again and again, until its attempts are used up.
            raise SetupError("租约须长于单件时限；DOCSVC_LEASE_S must be above DOCSVC_TASK_LIMIT_S")
        # What is missing is said here in one sentence, and what is imported and read here the processes share.
        trial.production  # noqa: B018 - building it looks keys, fonts and authorities up
        for role in filter(None, map(trial.fonts.role, trial.fonts.families)):
            trial.fonts.split(role, SAMPLE)
    with open_process() as service:
        settings = service.settings
        return service.queue.consume(opened_maker, settings.worker_processes, settings.task_limit_s, warn)


def warn(name: str) -> None:
    """Said by the queue, of a message or of a fault that it is handling: then with what the fault was."""
    _log().warning(name, exc_info=sys.exc_info()[0] is not None)


@contextlib.contextmanager
def opened_maker() -> Iterator[Callable[[str], None]]:
    """What makes a document by its id, and never raises; its office runs already."""
    with open_process() as service:
        warm(service)
        _log().info("worker_ready")
        yield lambda document_id: make(service, document_id)


def warm(service: Service) -> None:
    """Do what can be done without a case, so that the first document takes no longer than the next."""
    service.production  # noqa: B018 - built before the first document comes
    try:
        doc_type = service.templates.get(service.templates.names()[0])
        service.verifier.verify(service.converter.convert(doc_type.template), now())
    except DocsvcError as e:
        _log().warning("worker_not_warm", kind=e.kind, error=str(e))  # the document that meets it says so as well


def make(service: Service, document_id: str) -> None:
    """Make one document. Whatever happens is in the database, or will be when somebody claims it again."""
    log = _log(document=document_id)
    away = False
    for pause in (*PAUSES_S, None):
        try:
            if away:
                service.leases.abandon(document_id)
            row = step(service, document_id)
        except BusyError:
            log.info("document_held_by_another")
        except DatabaseError as e:
            # The lease may still be ours, so that nobody else can go on: try again as long as that is of use.
            log.warning("database_away", error=str(e))
            away = True
            if pause is not None:
                time.sleep(pause)
                continue
        except DocsvcError as e:
            if isinstance(e, SealUnusableError):
                log = log.bind(reason=e.reason)
            log.warning("document_not_made", kind=e.kind, error=str(e), exc_info=e.__cause__ is not None)
        except Exception:
            log.exception("document_not_made", kind="internal")
        else:
            log.info("document_made", state=row.state)
        return


def step(service: Service, document_id: str) -> DocumentRow:
    """Complete a signature that was given, or make the document, or after the last signature both."""
    if service.completion.concerns(document_id):
        row = service.completion.advance(document_id)
        if row.state is not State.RENDERING:
            return row
    row = service.production.produce(document_id)
    if row.state in MADE:
        service.copy_in_sm2(row)
    return row


def _log(**fields: str) -> structlog.typing.FilteringBoundLogger:
    return logger(process="worker", **fields)
