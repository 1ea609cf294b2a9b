"""Which holders are known to be dead: only those that we would see if they ran."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from docsvc.adapters.processes import LinuxProcesses, end_with


@pytest.fixture
def processes():
    return LinuxProcesses()


def as_pid(holder, pid, start=None):
    *place, _, started = holder.split("/")
    return "/".join([*place, str(pid), str(started if start is None else start)])


def stat(pid):
    """State, parent …: what stands in /proc/PID/stat behind the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def in_child(code):
    """Run `code` in a forked child; what it returned."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, code().encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    return said


def test_this_process_lives(processes):
    assert not processes.dead(processes.me)
    assert processes.me == processes.me == LinuxProcesses().me
    assert len(processes.me) <= 120


def test_a_forked_child_is_another_holder_and_dead_once_it_is_gone(processes):
    mine = processes.me
    child = in_child(lambda: processes.me)
    assert child
    assert child != mine
    assert processes.dead(child)
    assert in_child(lambda: str(processes.dead(mine))) == "False"


def test_a_zombie_is_dead(processes):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    holder = as_pid(processes.me, process.pid, stat(process.pid)[19])
    assert not processes.dead(holder)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes.dead(holder)
    process.communicate()
    assert processes.dead(holder)


def test_a_pid_that_was_given_again_is_another_process(processes):
    assert processes.dead(as_pid(processes.me, os.getpid(), start=1))


@pytest.mark.parametrize(
    "change",
    [
        lambda place: ["elsewhere", *place[1:]],
        lambda place: [place[0], "another-boot", *place[2:]],
        lambda place: [*place[:2], "4026531999", *place[3:]],
    ],
    ids=["host", "boot", "namespace"],
)
def test_nothing_is_known_of_other_machines_and_containers(processes, change):
    elsewhere = "/".join(change(as_pid(processes.me, 2**22 + 7).split("/")))
    assert processes.dead(as_pid(processes.me, 2**22 + 7))
    assert not processes.dead(elsewhere)


@pytest.mark.parametrize("holder", ["", "host", "a/b/c/d/e", "////", "host/boot/ns/-1/-", "x/y/z/1/2/3/4"])
def test_what_is_no_holder_of_ours_is_not_dead(processes, holder):
    assert not processes.dead(holder)


def test_without_proc_nobody_is_known_to_be_dead(tmp_path):
    blind = LinuxProcesses(tmp_path)
    assert not blind.dead(blind.me)
    assert not blind.dead(as_pid(blind.me, 2**22 + 7, start=1))


def test_a_process_ends_with_its_parent():
    # The middle one starts the child and ends; the child would wait for ever.
    child = "import os, sys; from docsvc.adapters.processes import end_with; end_with(int(sys.argv[1])); input()"
    middle = (
        "import os, subprocess, sys\n"
        "read, write = os.pipe()\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())], stdin=read)\n"
        "print(p.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", middle], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if stat(pid)[0] == "Z":
            return
        signal.sigtimedwait([signal.SIGUSR2], 0.1)
    pytest.fail("the child still runs")


def test_one_whose_parent_has_ended_already_ends_at_once():
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        end_with(1 if os.getppid() != 1 else 2)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
