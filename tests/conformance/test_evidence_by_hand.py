"""The commands in a bundle's README, run as a reader would run them: sh, openssl and coreutils alone."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile

import pytest

from docsvc.usecases.evidence import build
from tests.support.registry_office import RegistryOffice

TOOLS = ("sh", "openssl", "base64", "sha256sum", "sed", "cut", "grep", "mktemp")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = [pytest.mark.judge, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")]


@pytest.fixture(params=[1, 3, 40], ids=lambda n: f"{n}-documents")
def folder(request, tmp_path):
    """An unpacked bundle."""
    office = RegistryOffice(tmp_path / "office")
    row = office.issue(request.param)[request.param // 2]
    office.sequence()
    bundle = build(office.database, office.publisher, row, office.pdf(row), office.notary.vkey)
    office.close()
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def run(folder):
    (script,) = re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    return subprocess.run(["sh"], input=script, cwd=folder, capture_output=True, text=True, check=False)


def test_three_times_ok(folder):
    result = run(folder)
    assert (result.returncode, result.stdout, result.stderr) == (0, "OK\nOK\nOK\n", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "oks"),
    [
        ("document.pdf", b"signed", b"singed", 0),
        ("openings", b"\xe8\x88\x9f", b"\xe8\x88\xa0", 0),
        ("entries", b'"document":', b'"DOCUMENT":', 1),
        ("checkpoint", b"log.example", b"log.elpmaxe", 2),
    ],
)
def test_what_was_altered_is_not_ok(folder, name, old, new, oks):
    file = folder / name
    if file.is_dir():
        file = max(file.iterdir(), key=lambda p: int(p.stem))
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new))
    result = run(folder)
    assert result.returncode != 0
    assert result.stdout == "OK\n" * oks
