"""The letter box for drafts: each request is one folder, whole wherever it is seen, and taken once."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from docsvc.adapters.draft_box import MOST_WAITING, DraftBox
from docsvc.domain.errors import NotFoundError, OverloadedError, SetupError


@pytest.fixture
def box(tmp_path):
    return DraftBox(tmp_path / "box")


def test_the_oldest_is_taken_first_and_once(box):
    names = [box.put({"n": n}, {"cases/valid-1.json": b"{}"}) for n in range(3)]
    for age, name in enumerate(names):
        os.utime(box._folder / "waiting" / name, (0, 1000 - age))
    other = DraftBox(box._folder)
    assert [other.take().name, box.take().name, other.take().name, box.take()] == [*reversed(names), None]
    assert box.look(names[0]) == ({"n": 0}, None)


def test_what_is_done_keeps_result_and_files_and_no_draft(box):
    name = box.put({}, {"template.docx": b"x"})
    taken = box.take()
    assert (taken / "draft" / "template.docx").read_bytes() == b"x"
    (taken / "made").mkdir()
    (taken / "made" / "valid-1.pdf").write_bytes(b"%PDF")
    box.finish(taken, {"proofs": []})
    assert box.look(name) == ({}, {"proofs": []})
    assert box.made(name, "valid-1.pdf") == b"%PDF"
    assert not (box._folder / "done" / name / "draft").exists()


@pytest.mark.parametrize("name", ["", "..", "0" * 31, "0" * 32, "../waiting", "0" * 31 + "/"])
def test_no_other_folder_is_looked_into(box, name):
    box.put({}, {})
    with pytest.raises(NotFoundError):
        box.look(name)
    with pytest.raises(NotFoundError):
        box.made(name, "request.json")


@pytest.mark.parametrize("file", ["", "..", "../request.json", "/etc/passwd", "a" * 81, "none.pdf"])
def test_no_other_file_is_handed_out(box, file):
    name = box.put({}, {})
    box.finish(box.take(), {})
    with pytest.raises(NotFoundError):
        box.made(name, file)


def test_no_more_than_so_many_wait(box):
    for _ in range(MOST_WAITING):
        box.put({}, {})
    with pytest.raises(OverloadedError):
        box.put({}, {})


def test_an_empty_box_and_one_that_can_not_be_written(box, tmp_path):
    assert box.take() is None
    assert list(box.abandoned(dt.datetime.now(dt.UTC))) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="DOCSVC_PUBLISHED_DIR"):
        DraftBox(tmp_path / "file" / "box").put({}, {})
