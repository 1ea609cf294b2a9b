import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys

import pytest

from docsvc.adapters.stores.local import TEMPORARY, LocalStore
from docsvc.domain.errors import ObjectMissingError, SetupError, StoreError


def digest_key(data):
    digest = hashlib.sha256(data).hexdigest()
    return f"sha256/{digest[:2]}/{digest[2:]}"


@pytest.fixture
def objects(tmp_path):
    return LocalStore(tmp_path / "objects")


def test_files_are_read_only(objects):
    objects.put("log/x", b"x")
    assert stat.S_IMODE((objects.folder / "log/x").stat().st_mode) == 0o444


def test_nothing_temporary_stays(objects):
    objects.put("log/x", b"x")
    objects.put("log/x", b"x")
    with pytest.raises(StoreError):
        objects.put("log/x", b"y")
    assert list((objects.folder / TEMPORARY).iterdir()) == []


def test_a_file_altered_on_disk_is_not_handed_out(objects):
    data = b"signed"
    objects.put(digest_key(data), data)
    path = objects.folder / digest_key(data)
    path.chmod(0o600)
    path.write_bytes(b"forged")
    with pytest.raises(StoreError, match="altered"):
        objects.get(digest_key(data))
    with pytest.raises(StoreError, match="holds other bytes"):
        objects.put(digest_key(data), data)


@pytest.mark.parametrize("size", [0, 3])
def test_a_file_cut_short_is_not_handed_out(objects, size):
    data = b"signed"
    objects.put(digest_key(data), data)
    os.truncate(objects.folder / digest_key(data), size)
    with pytest.raises(StoreError, match="altered"):
        objects.get(digest_key(data))


def test_a_link_is_not_followed(objects, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (objects.folder / "log").mkdir()
    (objects.folder / "log/x").symlink_to(tmp_path / "secret")
    with pytest.raises(StoreError):
        objects.get("log/x")


def test_a_key_below_an_object_or_in_place_of_a_folder_is_refused(objects):
    objects.put("a/b", b"x")
    with pytest.raises(StoreError):
        objects.put("a/b/c", b"y")
    with pytest.raises(StoreError):
        objects.put("a", b"y")
    with pytest.raises(ObjectMissingError):
        objects.get("a")
    assert list(objects.keys("")) == ["a/b"]


def test_the_start_sweeps_what_dead_writers_left(objects):
    leftover = objects.folder / TEMPORARY / "1-dead"
    leftover.write_bytes(b"half")
    LocalStore(objects.folder)
    assert not leftover.exists()


def test_a_folder_that_can_not_be_is_a_fault_of_setup(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SetupError):
        LocalStore(tmp_path / "file" / "objects")


# Every system call that a put makes is made to fail in turn. Whatever fails, the key has the whole object or none,
# the caller hears of it, and the next put succeeds.
CALLS = ("open", "write", "fchmod", "fsync", "link", "mkdir", "unlink")


class Breaking:
    """Lets the first `good` calls of os functions pass, fails the next."""

    def __init__(self, monkeypatch, good):
        self.left = good
        self.failed = None
        for name in CALLS:
            monkeypatch.setattr(os, name, self.around(name, getattr(os, name)))

    def around(self, name, real):
        def call(*args, **kwargs):
            self.left -= 1
            if self.left == -1:
                self.failed = name
                raise OSError(errno.EIO, "made to fail")
            return real(*args, **kwargs)

        return call


def test_whatever_system_call_fails_no_half_object_appears(tmp_path):
    data = b"d" * 100_000
    failed = []
    for good in range(100):
        objects = LocalStore(tmp_path / str(good))
        with pytest.MonkeyPatch.context() as patch:
            breaking = Breaking(patch, good)
            try:
                objects.put(digest_key(data), data)
            except StoreError as e:
                assert isinstance(e.__cause__, OSError)  # noqa: PT017 - most rounds raise, the last does not
            else:
                assert breaking.failed is None
        if breaking.failed is None:
            break
        failed.append(breaking.failed)
        path = objects.folder / digest_key(data)
        assert not path.exists() or path.read_bytes() == data
        again = LocalStore(objects.folder)
        again.put(digest_key(data), data)
        assert again.get(digest_key(data)) == data
        assert list((again.folder / TEMPORARY).iterdir()) == []
    assert set(failed) == set(CALLS)


WRITER = """
import hashlib, pathlib, sys
from docsvc.adapters.stores.local import LocalStore
objects = LocalStore(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
for n in range(10**9):
    data = n.to_bytes(8, "big") * 100_000
    digest = hashlib.sha256(data).hexdigest()
    objects.put(f"sha256/{digest[:2]}/{digest[2:]}", data)
    print(n, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_objects_only(objects):
    for round_ in range(6):
        command = [sys.executable, "-c", WRITER, str(objects.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            for _ in range(round_ + 1):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            acknowledged = round_ + sum(1 for line in process.stdout if line.endswith("\n"))
        keys = list(objects.keys("sha256/"))
        assert len(keys) > acknowledged  # what was said to be stored is
        for key in keys:
            objects.get(key)  # raises for half an object
            assert stat.S_IMODE((objects.folder / key).stat().st_mode) == 0o444
        objects = LocalStore(objects.folder)
        assert list((objects.folder / TEMPORARY).iterdir()) == []
