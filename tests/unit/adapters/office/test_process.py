import os
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

from docsvc.adapters.office import process
from docsvc.adapters.office.process import BridgeGoneError, BridgeProcess

FRAMES = """
import json, os, signal, struct, subprocess, sys, time
def say(kind, payload):
    data = struct.pack(">cQ", kind, len(payload)) + payload
    while data: data = data[os.write(1, data):]
def read(n):
    data = b""
    while len(data) < n:
        chunk = os.read(0, n - len(data))
        if not chunk: sys.exit(0)
        data += chunk
    return data
def hear():
    kind, length = struct.unpack(">cQ", read(9))
    return kind, read(length)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Starts a program of a few lines in the bridge's place."""
    started = []

    def start(program):
        script = tmp_path / "program.py"
        script.write_text(FRAMES + textwrap.dedent(program))
        monkeypatch.setattr(process, "BRIDGE", script)
        lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
        try:
            bridge = BridgeProcess(Path(sys.executable), {"x": 1}, {"A": "b"}, tmp_path / "log", lock)
        finally:
            os.close(lock)
        started.append(bridge)
        return bridge

    yield start
    for bridge in started:
        bridge.kill()


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_request_is_answered(run):
    bridge = run("while True: kind, data = hear(); say(kind.lower(), data[::-1])")
    assert bridge.ask(b"C", b"abc", 30) == (b"c", b"cba")
    assert bridge.ask(b"D", b"", 30) == (b"d", b"")


def test_large_frames_pass_both_ways(run):
    data = bytes(range(256)) * 8192
    assert run("kind, data = hear(); say(b'P', data * 2)").ask(b"C", data, 60) == (b"P", data * 2)


def test_it_is_told_who_its_parent_is_and_nothing_else(run, monkeypatch):
    monkeypatch.setenv("SECRET", "1")
    kind, said = run("say(b'S', json.dumps([json.loads(sys.argv[1]), dict(os.environ)]).encode())").hear(30)
    assert kind == b"S"
    assert f'"parent": {os.getpid()}'.encode() in said
    assert b"SECRET" not in said


def test_what_it_prints_about_itself_goes_to_the_log(run, tmp_path):
    run("print('trouble', file=sys.stderr, flush=True); say(b'S', b'')").hear(30)
    assert (tmp_path / "log").read_text() == "trouble\n"


def test_silence_ends_in_a_time_out(run):
    with pytest.raises(TimeoutError):
        run("hear(); time.sleep(600)").ask(b"C", b"x", 0.2)


def test_an_answer_that_stops_half_way_ends_in_a_time_out(run):
    with pytest.raises(TimeoutError):
        run("os.write(1, struct.pack('>cQ', b'P', 100) + b'half'); time.sleep(600)").hear(1)


def test_a_bridge_that_takes_nothing_in_ends_in_a_time_out(run):
    with pytest.raises(TimeoutError):
        run("time.sleep(600)").ask(b"C", bytes(10_000_000), 0.2)


def test_a_dead_bridge_is_noticed(run):
    with pytest.raises(BridgeGoneError):
        run("hear(); os._exit(1)").ask(b"C", b"x", 30)


def test_last_words_are_heard_even_when_nothing_more_is_taken_in(run):
    bridge = run("say(b'X', b'why'); os.close(0); time.sleep(600)")
    assert bridge.ask(b"C", bytes(10_000_000), 30) == (b"X", b"why")


def test_an_absurd_length_is_no_frame(run):
    with pytest.raises(BridgeGoneError, match="announced"):
        run("os.write(1, struct.pack('>cQ', b'P', 1 << 60)); time.sleep(600)").hear(30)


def test_quiet_means_alive_with_nothing_to_say(run):
    bridge = run("say(b'S', b''); hear(); say(b'P', b''); hear()")
    bridge.hear(30)
    assert bridge.quiet()
    bridge.ask(b"C", b"", 30)
    assert bridge.quiet()
    os.kill(bridge.pid, signal.SIGKILL)
    while not gone(bridge.pid):
        time.sleep(0.01)
    assert not bridge.quiet()


def test_ending_closes_its_input_and_reaps_it(run):
    bridge = run("say(b'S', b''); hear()")
    bridge.hear(30)
    bridge.end()
    assert gone(bridge.pid)
    bridge.end()


def test_one_that_will_not_end_is_killed_with_its_group(run, monkeypatch):
    monkeypatch.setattr(process, "PARTING_S", 0.1)
    bridge = run("""
        child = subprocess.Popen(["sleep", "600"])
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say(b"S", str(child.pid).encode())
        time.sleep(600)
    """)
    child = int(bridge.hear(30)[1])
    bridge.end()
    while not gone(child):
        time.sleep(0.01)
    assert gone(bridge.pid)


def test_a_forked_child_lets_go_without_killing(run):
    bridge = run("say(b'S', b''); hear(); say(b'P', b'')")
    bridge.hear(30)
    pid = os.fork()
    if pid == 0:
        bridge.forget()
        bridge.kill()
        os._exit(0)
    os.waitpid(pid, 0)
    assert bridge.ask(b"C", b"", 30) == (b"P", b"")
