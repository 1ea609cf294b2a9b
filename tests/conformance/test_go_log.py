"""Other people's code (Go's sumdb, transparency.dev) judges what we publish and hand out."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from docsvc.usecases.evidence import build
from tests.support.registry_office import RegistryOffice

SOURCE = Path(__file__).parent / "go-log"
GO = shutil.which("go")

pytestmark = [pytest.mark.judge, pytest.mark.skipif(GO is None, reason="the Go toolchain is not installed")]


@pytest.fixture(scope="module")
def golog(tmp_path_factory):
    """The judge, built from its source; its modules come from the module proxy, pinned by go.sum."""
    program = tmp_path_factory.mktemp("go") / "golog"
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"}
    built = subprocess.run(
        [GO, "build", "-o", program, "."], cwd=SOURCE, env=environment, capture_output=True, text=True, check=False
    )
    if built.returncode and re.search(
        r"dial tcp|no such host|proxyconnect|i/o timeout|requires go >=", built.stderr
    ):
        pytest.skip(f"Go can't fetch the judge's modules or is too old: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr

    def judge(*words):
        return subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)

    return judge


@pytest.fixture
def office(tmp_path):
    office = RegistryOffice(tmp_path / "office")
    yield office
    office.close()


def test_the_published_log_of_several_sizes(office, golog):
    office.sequence()
    for leaves in (1, 2, 250, 3, 400, 45):
        office.fill(leaves)
        office.sequence()
    result = golog("log", office.log_folder, office.notary.vkey)
    assert (result.stdout, result.stderr) == ("ok 701 entries, 7 checkpoints\n", "")


@pytest.mark.parametrize("leaves", [0, 1, 256])
def test_the_published_log_of_one_size(office, golog, leaves):
    if leaves:
        office.fill(leaves)
    office.sequence()
    assert golog("log", office.log_folder, office.notary.vkey).stdout == f"ok {leaves} entries, 1 checkpoints\n"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("log/tile/0/001", lambda d: bytes([d[0] ^ 1]) + d[1:]),
        ("log/tile/1/000.p/2", lambda d: d[:-1] + bytes([d[-1] ^ 1])),
        ("log/tile/entries/002.p/88", lambda d: d.replace(b"accepted", b"acceptee").replace(b"load", b"lord", 1)),
        ("log/checkpoint", lambda d: d.replace(b"\n600\n", b"\n599\n")),
        ("log/checkpoints/300", lambda d: d.replace(b"\n300\n", b"\n299\n")),
    ],
)
def test_the_judge_does_judge(office, golog, path, change):
    office.fill(300)
    office.sequence()
    office.fill(300)
    office.sequence()
    office.tamper_object(path, change)
    result = golog("log", office.log_folder, office.notary.vkey)
    assert result.returncode == 1
    assert "FAULT" in result.stderr


def test_the_proofs_of_an_evidence_bundle(office, golog, tmp_path):
    row = office.issue(7)[3]
    office.sequence()
    office.fill(300)
    row = office.upgrade(row)
    office.sequence()
    bundle = build(office.database, office.publisher, row, office.pdf(row), office.notary.vkey)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        archive.extractall(tmp_path / "bundle")
    result = golog("proof", tmp_path / "bundle", office.notary.vkey)
    assert (result.stdout, result.stderr) == ("ok 3 proofs\n", "")

    entry = next((tmp_path / "bundle" / "entries").iterdir())
    entry.write_bytes(entry.read_bytes().replace(b"B-", b"C-"))
    assert golog("proof", tmp_path / "bundle", office.notary.vkey).returncode == 1
