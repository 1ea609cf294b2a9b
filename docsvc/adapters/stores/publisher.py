"""Where the log's newest checkpoint stands: the one object that is replaced, whole, never seen half written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from docsvc.adapters.stores.bucket import Bucket, S3Target
from docsvc.adapters.stores.keys import checked
from docsvc.adapters.stores.local import TEMPORARY, make_folders, sync_folder, temporary_file
from docsvc.domain.errors import ObjectMissingError, StoreError

CHECKPOINT: Final = "log/checkpoint"  # C2SP tlog-tiles: beside `log/tile/`


class LocalPublisher:
    """A file in the folder of a LocalStore, beside the tiles."""

    def __init__(self, folder: Path, key: str = CHECKPOINT) -> None:
        self._folder = folder
        self._path = folder / checked(key)

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint atomically and durably. Raises StoreError."""
        try:
            (self._folder / TEMPORARY).mkdir(mode=0o700, parents=True, exist_ok=True)
            make_folders(self._path.parent, self._folder)
            with temporary_file(self._folder / TEMPORARY, note) as written:
                os.replace(written, self._path)  # noqa: PTH105 - reads as the system call that it is
                sync_folder(self._path.parent)
        except OSError as e:
            raise StoreError(f"检查点无法发布；the checkpoint can't be published: {e.strerror}") from e

    def published(self) -> bytes | None:
        """The checkpoint that readers see. Raises StoreError where it stands but can't be read."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as e:
            raise StoreError(f"检查点无法读取；the checkpoint can't be read: {e.strerror}") from e


class S3Publisher:
    """An object beside the tiles, overwritten and never locked; a versioned bucket keeps those before it."""

    def __init__(self, target: S3Target, key: str = CHECKPOINT) -> None:
        self._bucket = Bucket(target)
        self._key = checked(key)

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint and read it back. Raises StoreError."""
        version = self._bucket.write(self._key, note)
        if self._bucket.read(self._key, version) != note:
            raise StoreError("检查点读回不符；the published checkpoint reads back otherwise")

    def published(self) -> bytes | None:
        """The checkpoint that readers see. Raises StoreError."""
        try:
            return self._bucket.read(self._key)
        except ObjectMissingError:
            return None
