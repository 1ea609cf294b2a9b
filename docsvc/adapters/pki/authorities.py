"""The embedded authorities over HTTP on loopback: time-stamps, OCSP, CRLs and CA certificates; for development.

Addresses, all under `/<pki id>/`: POST `tsa`; POST `ocsp`, GET `ocsp/<base64 query>`; GET `crl/root.crl`,
`crl/issuing.crl`; GET `ca/root.cer`, `ca/issuing.cer`. Several processes of one checkout serve the same port at
once, so that one which dies takes nothing from the others.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import http.client
import socket
import threading
from collections.abc import Callable
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import unquote_to_bytes

from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.folder import HOST, describe, password_of, service_path
from docsvc.adapters.pki.keyfile import read_key
from docsvc.adapters.pki.revocation import CA_NAMES, VALID_FOR, RevocationAuthority
from docsvc.adapters.pki.timestamping import SYSTEM_FAILURE, TimeStampAuthority, refusal
from docsvc.domain.errors import SetupError

QUERY_BYTES = 16 * 1024  # a time-stamp or OCSP query has some hundred
IDLE_S = 30
PROBE_S = 2


class Authorities:
    """The server: `start` and `stop`, or a `with` block. `clock` returns an aware datetime.

    Raises SetupError where the folder holds no PKI, a key does not open, or another program has the port.
    """

    def __init__(
        self,
        folder: Path,
        password: str | None = None,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.description = describe(folder)
        secret = password_of(folder, password)
        self.clock = clock
        self.revocation = RevocationAuthority(folder, secret, clock)
        stamps = read_key(folder / "tsa.p12", secret)
        self._stamps_until = stamps.certificate.not_valid_after_utc
        self._refuse_expired(self._stamps_until)
        # The token carries the whole chain but the root, which whoever asks must already trust.
        self.timestamps = TimeStampAuthority(
            signer_with(stamps.key, stamps.chain_der[:-1], pss=self.description.pss), clock
        )
        self.certificates = {name: service_path(folder, name).read_bytes() for name in CA_NAMES}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def _refuse_expired(self, end: dt.datetime) -> None:
        if self.clock() > end:
            raise SetupError(f"the time-stamp authority's certificate expired on {end:%Y-%m-%d}")

    def stamp(self, query: bytes) -> bytes:
        """TimeStampResp; a refusal once the authority's certificate has expired: a token of then proves nothing."""
        if self.clock() > self._stamps_until:
            return refusal(SYSTEM_FAILURE, f"the authority's certificate expired on {self._stamps_until:%Y-%m-%d}")
        return self.timestamps.answer(query)

    def start(self) -> Self:
        """Serve in a thread of this process; returns when the port answers with our own PKI."""
        if self._server:
            return self
        answering = answering_pki(self.description.port)
        if answering not in (None, self.description.pki_id):
            raise SetupError(
                f"port {self.description.port} on {HOST}, on which the embedded authorities answer, is served by "
                "another program: stop it, or move the keys' folder away and run `docsvc pki init`"
            )
        try:
            self._server = _Server((HOST, self.description.port), _Handler, self)
        except OSError as e:
            raise SetupError(f"the embedded authorities can't listen on port {self.description.port}: {e}") from e
        self._thread = threading.Thread(target=self._server.serve_forever, name="authorities", daemon=True)
        self._thread.start()
        self.ensure()
        return self

    def ensure(self) -> None:
        """Raises SetupError unless what answers on the port is this PKI, from this process or another."""
        answering = answering_pki(self.description.port)
        if answering != self.description.pki_id:
            self.stop()
            raise SetupError(f"port {self.description.port} on {HOST} does not answer for these keys")

    def stop(self) -> None:
        """Stop serving; other processes of the same PKI go on."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def answering_pki(port: int) -> str | None:
    """The PKI that answers on a loopback port; None where nothing listens, "" where it is something else."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PROBE_S)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        text = answer.read(100).decode("ascii", "replace").strip()
    except ConnectionRefusedError:
        return None
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return text.removeprefix("docsvc ") if text.startswith("docsvc ") else ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # idle keep-alive connections must not hold up the end
    request_queue_size = 64
    allow_reuse_address = True
    allow_reuse_port = True

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], authorities: Authorities
    ) -> None:
        self.authorities = authorities
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # Not HTTPServer's own, which asks the resolver for this machine's name.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in tuple(self._open):  # or a stopped authority would go on answering on them
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up or sends nonsense is no news, and its thread ends here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "docsvc-authorities"
    sys_version = ""
    timeout = IDLE_S
    wbufsize = -1  # head and body leave in one packet
    disable_nagle_algorithm = True
    server: _Server

    MEDIA: ClassVar[dict[str, tuple[str, str]]] = {
        "tsa": ("application/timestamp-query", "application/timestamp-reply"),
        "ocsp": ("application/ocsp-request", "application/ocsp-response"),
    }

    def do_POST(self) -> None:
        """Time-stamp and OCSP queries."""
        body = self._body()
        if body is None:
            return
        place = self._place()
        if place not in self.MEDIA:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        asks, answers = self.MEDIA[place]
        if self.headers.get_content_type() != asks:
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            return
        authorities = self.server.authorities
        reply = authorities.stamp(body) if place == "tsa" else authorities.revocation.answer(body)
        self._send(HTTPStatus.OK, answers, reply)

    def do_GET(self) -> None:
        """OCSP queries in the address (RFC 6960, A.1), CRLs, CA certificates; `/` names the PKI."""
        authorities = self.server.authorities
        place = self._place()
        if self.path == "/":
            self._send(HTTPStatus.OK, "text/plain", f"docsvc {authorities.description.pki_id}\n".encode())
        elif place.startswith("ocsp/"):
            try:
                query = base64.b64decode(unquote_to_bytes(place.removeprefix("ocsp/")), validate=True)
            except (binascii.Error, ValueError):
                query = b""
            self._send(HTTPStatus.OK, self.MEDIA["ocsp"][1], authorities.revocation.answer(query), cached=True)
        elif place in {f"crl/{name}.crl" for name in CA_NAMES}:
            try:
                crl = authorities.revocation.crl(place.removeprefix("crl/").removesuffix(".crl"))
            except (OSError, ValueError, KeyError):
                self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
                return
            self._send(HTTPStatus.OK, "application/pkix-crl", crl, cached=True)
        elif place in {f"ca/{name}.cer" for name in CA_NAMES}:
            name = place.removeprefix("ca/").removesuffix(".cer")
            self._send(HTTPStatus.OK, "application/pkix-cert", authorities.certificates[name])
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _place(self) -> str:
        """What follows `/<pki id>/`, else the empty string."""
        start = f"/{self.server.authorities.description.pki_id}/"
        return self.path.removeprefix(start) if self.path.startswith(start) else ""

    def _body(self) -> bytes | None:
        """The query; None when it was refused."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        if len(length) > len(str(QUERY_BYTES)) or int(length) > QUERY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True  # what is left of the body is not read
        self._send(status, "text/plain", f"{status.value} {status.phrase}\n".encode())

    def _send(self, status: HTTPStatus, media: str, body: bytes, *, cached: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        if cached:  # RFC 5019, 6.2
            end = self.server.authorities.clock().astimezone(dt.UTC) + VALID_FOR
            self.send_header("Expires", format_datetime(end.replace(microsecond=0), usegmt=True))
        else:
            self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Not logged: the sealer reports what it could not get."""
