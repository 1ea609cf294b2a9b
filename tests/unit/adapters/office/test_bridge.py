"""The parts of the bridge that need no office; the rest is tested with a real one."""

import errno
import json
import os
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from docsvc.adapters.office import bridge
from docsvc.adapters.office.profile import fonts_conf

PROGRAM = Path(bridge.__file__)

TRY_SOCKETS = """
import ctypes, socket, sys
sys.path.insert(0, sys.argv[1])
import bridge
libc = ctypes.CDLL(None)
program = bridge.only_local_sockets()
assert libc.prctl(bridge.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(bridge.PR_SET_SECCOMP, bridge.SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
def made(family):
    try:
        socket.socket(family).close()
    except OSError as e:
        return e.errno
    return 0
print(made(socket.AF_UNIX), made(socket.AF_INET), made(socket.AF_INET6))
"""


def idle_bridge():
    return bridge.Bridge({"profile": "/nowhere", "pipe": "p", "parent": os.getppid(), "families": []}, -1)


def frame(payload, seconds=30.0):
    body = struct.pack(">d", seconds) + payload
    return struct.pack(">cQ", b"C", len(body)) + body


@pytest.mark.skipif(
    platform.machine() not in bridge.SOCKET_CALL, reason="the filter knows x86_64 and aarch64 alone"
)
def test_the_filter_lets_local_sockets_pass_and_no_others():
    said = subprocess.run(
        [sys.executable, "-c", TRY_SOCKETS, PROGRAM.parent], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["0", str(errno.EACCES), str(errno.EACCES)]


def test_a_machine_that_the_filter_does_not_know_goes_without(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "z80")
    assert bridge.only_local_sockets() is None


def test_requests_are_taken_whole_however_they_arrive():
    waiting = idle_bridge()
    buffer = bytearray()
    for byte in frame(b"docx"):
        assert waiting.requests.empty()
        buffer.append(byte)
        waiting.take(buffer)
    assert waiting.requests.get_nowait() == b"docx"
    assert buffer == b""


def test_what_follows_a_request_stays_in_the_buffer():
    waiting = idle_bridge()
    buffer = bytearray(frame(b"one") + b"C\x00")
    waiting.take(buffer)
    assert waiting.requests.get_nowait() == b"one"
    assert buffer == b"C\x00"


def test_a_request_brings_its_deadline_and_shortens_the_watch():
    waiting = idle_bridge()
    assert waiting.patience() == bridge.WATCH_S
    waiting.take(bytearray(frame(b"x", seconds=0)))
    assert waiting.patience() < bridge.WATCH_S


def test_a_bridge_whose_reader_is_gone_does_not_raise():
    read, write = os.pipe()
    os.close(read)
    talking = idle_bridge()
    talking.out = write
    talking.reply(b"P", bytes(100))
    os.close(write)


@pytest.mark.office
def test_families_are_looked_up_under_the_given_configuration(tmp_path):
    conf = tmp_path / "fonts.conf"
    conf.write_text(fonts_conf([tmp_path], [], tmp_path / "cache"))
    ask = f"import sys, json; sys.path.insert(0, {str(PROGRAM.parent)!r}); import bridge; "
    ask += "print(json.dumps(bridge.unknown_families(['Nowhere Sans', '没有'])))"
    said = subprocess.run(
        [sys.executable, "-c", ask],
        capture_output=True,
        text=True,
        check=True,
        env={"FONTCONFIG_FILE": str(conf), "HOME": str(tmp_path)},
    ).stdout
    assert json.loads(said) == ["Nowhere Sans", "没有"]


def test_a_killed_office_takes_its_socket_files_along(tmp_path):
    left = tmp_path / "OSL_PIPE_0_x"
    left.touch()
    office = bridge.Office({"profile": str(tmp_path), "pipe": "p"})
    office.sockets = [str(left), str(tmp_path / "gone")]
    office.kill()
    assert not left.exists()
    assert office.ended()
