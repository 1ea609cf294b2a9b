"""A time-stamp authority of somebody else: its own port, the key of a development PKI, started and stopped."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.folder import describe, password_of
from docsvc.adapters.pki.keyfile import read_key
from docsvc.adapters.pki.timestamping import TimeStampAuthority
from tests.support.servers import free_port


class OutsideTsa:
    """At `url`, from `start` to `stop`, and again."""

    def __init__(self, keys: Path, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        file = read_key(keys / "tsa.p12", password_of(keys))
        signer = signer_with(file.key, file.chain_der[:-1], pss=describe(keys).pss)
        self._authority = TimeStampAuthority(signer, clock)
        self._port = free_port()
        self._server: ThreadingHTTPServer | None = None
        self.answered = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/tsa"

    def start(self) -> None:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = outside._authority.answer(query)
                outside.answered += 1
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
