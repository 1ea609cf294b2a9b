"""The server process behind `isolation`: loads the libraries once, forks a limited child for each request."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from docsvc.adapters.pades.examination import examine
from docsvc.adapters.pades.found import conclude
from docsvc.adapters.pades.isolation import CHUNK, LENGTH
from docsvc.adapters.pades.limits import out_of_bounds

MEGABYTE = 1 << 20


def main() -> None:
    """Serve until the control socket (its descriptor is the one argument) closes."""
    logging.disable()  # what the libraries think of a file stands in the report
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    control = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            try:
                _serve(socket.socket(fileno=descriptors[0]))
            finally:
                os._exit(0)
        os.close(descriptors[0])


def _serve(connection: socket.socket) -> None:
    header = json.loads(_receive(connection))
    _limit(header["deadline_s"], header["memory_mb"])
    pdf, *anchors = [_receive(connection) for _ in range(header["blobs"])]
    at = dt.datetime.fromisoformat(header["at"])
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # GmSSL writes there what it dislikes
    try:
        report = examine(pdf, anchors, at, max_signatures=header["max_signatures"])
    except MemoryError:
        report = conclude(pdf, at, [out_of_bounds()])
    connection.sendall(json.dumps(report.as_json()).encode())
    connection.close()


def _limit(deadline_s: float, memory_mb: int) -> None:
    """The kernel ends the child at the deadline, whatever it is doing."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, deadline_s)
    seconds = int(deadline_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    space = pages * resource.getpagesize() + memory_mb * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (space, space))


def _receive(connection: socket.socket) -> bytes:
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        chunk = connection.recv(min(CHUNK, length - len(data)))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


if __name__ == "__main__":
    main()
