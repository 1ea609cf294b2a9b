"""The published log as its readers fetch it: the newest checkpoint, and files that never change."""

from __future__ import annotations

from dataclasses import dataclass

from docsvc.domain.errors import NotFoundError, ObjectMissingError
from docsvc.domain.tiles import parse_path
from docsvc.ports import ObjectStore, Publisher
from docsvc.usecases.record import PREFIX


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """What C2SP tlog-tiles lays out below the log's prefix. Open to anyone: leaves name no one."""

    objects: ObjectStore
    publisher: Publisher

    def checkpoint(self) -> bytes:
        """The newest signed tree head. Raises NotFoundError where none is published yet, StoreError."""
        note = self.publisher.published()
        if note is None:
            raise NotFoundError("日志尚未公布检查点；the log has not published a checkpoint yet")
        return note

    def tile(self, path: str) -> bytes:
        """The tile or entry bundle at a path such as `tile/0/x001/234.p/7`.

        Raises NotFoundError for a path that is not in the one right form or not there, StoreError.
        """
        tile = parse_path(path)
        if tile is not None:
            try:
                return self.objects.get(PREFIX + tile.path)
            except ObjectMissingError:
                pass
        raise NotFoundError("日志没有这个文件；the log has no such file")
