"""Reading a log over HTTP from a real server, kind or hostile."""

from __future__ import annotations

import functools
import gzip
import http.server
import socket
import threading

import pytest

from docsvc.adapters import log_reader
from docsvc.adapters.log_reader import HttpLog
from docsvc.domain.errors import LogError
from docsvc.usecases.check_log import check_log
from tests.support.registry_office import RegistryOffice


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers by the last part of the path."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        getattr(self, self.path.rsplit("/", 1)[-1])()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def gone(self):
        self.answer(410)

    def broken(self):
        self.answer(500, b"secret")

    def redirect(self):
        self.answer(302, Location="http://169.254.169.254/latest")

    def zipped(self):
        self.answer(200, gzip.compress(b"plain text"), Content_Encoding="gzip")

    def bomb(self):
        self.answer(200, gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")

    def mangled(self):
        self.answer(200, b"not gzip", Content_Encoding="gzip")

    def short(self):
        self.answer(200, b"half", Content_Length="100")

    def large(self):
        self.answer(200, bytes(1000))

    def drip(self):
        self.answer(200)
        try:
            while not self.server.stopping.wait(0.01):
                self.wfile.write(b"x")
        except OSError:
            pass  # the reader has had enough, which is what is tested


@pytest.fixture
def serve():
    """Starts servers on free ports of the loopback; stops them at the end."""
    servers = []

    def start(handler):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.stopping = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def hostile(serve):
    log = HttpLog(serve(Hostile) + "/prefix")
    yield log
    log.close()


def test_our_published_log_over_http(tmp_path, serve):
    office = RegistryOffice(tmp_path / "office")
    office.fill(300)
    office.sequence()
    log = HttpLog(serve(functools.partial(Quiet, directory=office.log_folder)) + "/")
    verdict = check_log(log, office.keys)
    assert (verdict.faults, verdict.checkpoint.size) == ((), 300)
    office.tamper_object("log/tile/0/000", lambda d: d[32:] + d[:32])
    assert check_log(log, office.keys).faults
    (office.log_folder / "checkpoint").unlink()
    assert "no checkpoint" in check_log(log, office.keys).faults[0]
    log.close()
    office.close()


def test_what_is_gone_is_missing(hostile):
    assert hostile.read("gone", 10) is None


def test_compressed_answers_are_read(hostile):
    assert hostile.read("zipped", 10) == b"plain text"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("broken", "answered 500"),
        ("redirect", "answered 302"),
        ("bomb", "longer than 100000 bytes"),
        ("mangled", "could not be fetched"),
        ("short", "could not be fetched"),
    ],
)
def test_what_can_not_be_used_is_said(hostile, name, word):
    with pytest.raises(LogError, match=word) as fault:
        hostile.read(name, 100_000)
    assert "secret" not in str(fault.value)


def test_no_more_than_the_limit_is_taken(hostile):
    assert len(hostile.read("large", 1000)) == 1000
    with pytest.raises(LogError, match="longer than 999"):
        hostile.read("large", 999)


def test_a_server_that_drips_does_not_hold_us(hostile, monkeypatch):
    monkeypatch.setattr(log_reader, "FILE_S", 0.2)
    with pytest.raises(LogError, match="took longer"):
        hostile.read("drip", 1_000_000)


def test_nobody_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        log = HttpLog(f"http://127.0.0.1:{taken.getsockname()[1]}")
        verdict = check_log(log, None)
        log.close()
    assert "could not be fetched" in verdict.faults[0]
