"""Reading a published log out of a folder; the HTTP side is tested against a server."""

from __future__ import annotations

import os

import pytest

from docsvc.adapters.log_reader import FolderLog, HttpLog, open_log
from docsvc.domain.errors import LogError, UsageError


def test_what_is_opened(tmp_path):
    assert isinstance(open_log(str(tmp_path)), FolderLog)
    assert isinstance(open_log("https://log.example/docs/"), HttpLog)
    for other in (
        "ftp://log.example",
        "https://",
        "file:///etc",
        "https://log.example/?q",
        "https://log.example/#f",
    ):
        with pytest.raises(UsageError):
            open_log(other)
    with pytest.raises(UsageError, match="no such folder"):
        open_log(str(tmp_path / "none"))


def test_files_of_a_folder(tmp_path):
    (tmp_path / "tile").mkdir()
    (tmp_path / "tile" / "000").write_bytes(b"12345")
    log = FolderLog(tmp_path)
    assert log.read("tile/000", 5) == b"12345"
    assert log.read("tile/001", 5) is None
    assert log.read("tile/000/x", 5) is None
    with pytest.raises(LogError, match="longer than 4"):
        log.read("tile/000", 4)


def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "circle").symlink_to("circle")
    log = FolderLog(tmp_path)
    for name in ("pipe", "folder", "endless", "circle"):
        with pytest.raises(LogError, match=name):
            log.read(name, 100)
