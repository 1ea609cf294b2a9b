"""`docsvc web` and `docsvc serve`: the web process, and the embedded way, which supervises one of each process."""

from __future__ import annotations

import socket
from typing import Any, Final

import click

from docsvc.bootstrap import Service, end_with, open_process, open_service
from docsvc.cli.demo import prepare
from docsvc.cli.supervisor import Child, supervise
from docsvc.domain.errors import SetupError
from docsvc.settings import Settings

BACKLOG: Final = 512
GRACE_S: Final = 30  # calls that run when the web process is told to stop
KEEP_ALIVE_S: Final = 30
SILENT_S: Final = 60  # a web process that does not move for so long is replaced
IN_USE: Final = "端口被占用或不可用；nothing can listen on {listen}: {why} (DOCSVC_LISTEN chooses another address)"


@click.command()
@click.option("--parent", type=int, hidden=True, help="process that this one ends with")
@click.option("--descriptor", type=int, hidden=True, help="socket that listens already")
def web(parent: int | None, descriptor: int | None) -> None:
    """Answer HTTP: the API and the pages."""
    if parent is not None:
        end_with(parent)
    with open_process() as service:
        settings = service.settings
    listening = socket.socket(fileno=descriptor) if descriptor is not None else listen(settings.listen)
    run_web(settings, listening.detach())  # gunicorn's from here on, which closes it


def run_web(settings: Settings, descriptor: int) -> None:
    """Answer on a socket that listens; returns never."""
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in _options(settings, descriptor).items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from gunicorn.util import import_app

            return import_app("docsvc.wsgi:create_app()")

    Application().run()


def _options(settings: Settings, descriptor: int) -> dict[str, Any]:
    return {
        "bind": f"fd://{descriptor}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": settings.web_threads,
        "timeout": SILENT_S,
        "graceful_timeout": GRACE_S,
        "keepalive": KEEP_ALIVE_S,
        "proc_name": "docsvc web",
        "loglevel": "warning",
        "accesslog": None,  # the application logs its requests itself, without query strings
        "secure_scheme_headers": {},  # what a proxy says is judged by the application (`trusted_proxies`)
        "control_socket_disable": True,
        # Else it would hold the port for seconds after `kill -9` of its parent, against the one that comes next.
        "post_fork": lambda _, worker: end_with(worker.ppid),
    }


def listen(address: str) -> socket.socket:
    """A socket that listens on `HOST:PORT` or `[HOST]:PORT`. Raises SetupError."""
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server(
            # Everywhere has to be asked for by its name, 0.0.0.0 or [::].
            (host.strip("[]") or "no host", int(port)),
            family=socket.AF_INET6 if host.startswith("[") else socket.AF_INET,
            backlog=BACKLOG,
        )
    except (OSError, ValueError, OverflowError) as e:
        why = e.strerror if isinstance(e, OSError) and e.strerror else "not an address as HOST:PORT"
        raise SetupError(IN_USE.format(listen=address, why=why)) from e


@click.command()
@click.option("--demo", is_flag=True, help="with demonstration accounts, an API key and the sample documents")
def serve(*, demo: bool) -> int:
    """The whole service in one go: web, worker, sequencer, scheduler and press, until Ctrl-C."""
    with open_service() as service:
        settings = service.settings
        listening = listen(settings.listen)  # held here: calls wait while a web process is replaced
        children = _children(service, listening.fileno())
        shown = prepare(service) if demo else None
        return supervise(
            children,
            ready=lambda: answers(settings.listen) and (shown is None or shown.ready()),
            say=shown.text if shown else f"docsvc: {settings.public}  (Ctrl-C to stop)",
            stopping=listening.close,
        )


def _children(service: Service, descriptor: int) -> list[Child]:
    """In the order in which they are stopped: nothing that comes later waits for what went before."""
    settings = service.settings
    return [
        Child("web", ("--descriptor", str(descriptor)), patience_s=GRACE_S + 10, inherits=(descriptor,)),
        Child("worker", patience_s=settings.task_limit_s + 30),
        Child("sequencer", patience_s=60),
        Child("scheduler", patience_s=60),
        Child("press", patience_s=settings.task_limit_s + 30),
    ]


def answers(address: str) -> bool:
    """Does the web process answer?"""
    from http.client import HTTPConnection, HTTPException

    host, _, port = address.rpartition(":")
    here = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - compared, not bound
    connection = HTTPConnection(here, int(port), timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
