import pytest

from docsvc.adapters.stores.local import TEMPORARY
from docsvc.adapters.stores.publisher import LocalPublisher
from docsvc.domain.errors import StoreError


def test_the_checkpoint_is_a_file_in_the_log_s_folder(tmp_path):
    LocalPublisher(tmp_path / "objects").publish(b"note")
    assert (tmp_path / "objects/log/checkpoint").read_bytes() == b"note"
    assert list((tmp_path / "objects" / TEMPORARY).iterdir()) == []


def test_a_failed_publication_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    publisher = LocalPublisher(tmp_path)
    publisher.publish(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(StoreError):
            publisher.publish(b"new")
    assert publisher.published() == b"old"
    assert list((tmp_path / TEMPORARY).iterdir()) == []


def test_a_checkpoint_that_can_not_be_read_is_not_taken_for_none(tmp_path):
    (tmp_path / "log/checkpoint").mkdir(parents=True)
    with pytest.raises(StoreError):
        LocalPublisher(tmp_path).published()
