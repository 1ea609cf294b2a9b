"""Handing out all documents of a batch at once: a zip of the signed files, or their pages in one file to print."""

from __future__ import annotations

import io
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from docsvc.domain.access import Principal
from docsvc.domain.batch import BatchRow, BatchState, Outcome
from docsvc.domain.document import State
from docsvc.domain.errors import ConflictError, OverloadedError
from docsvc.ports import Database
from docsvc.usecases.batches import own
from docsvc.usecases.deliver import Delivery, File

A_READ: Final = 1000  # rows asked for at a time
IN_FORCE: Final = frozenset({State.RECORDED})


@dataclass(frozen=True, slots=True)
class HandingOut:
    """Every document that leaves is held against its digest and written down, as if it were taken singly.

    `merge` writes one PDF of documents by name. Only `places` callers are served at the same time: each takes long,
    and threads are left for everybody else.
    """

    database: Database
    delivery: Delivery
    merge: Callable[[Mapping[str, Path], Path], None]
    places: int = 2
    _place: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", threading.BoundedSemaphore(self.places))

    @contextmanager
    def place(self) -> Iterator[None]:
        """To be held while files go out. Raises OverloadedError where all are taken."""
        if not self._place.acquire(blocking=False):
            raise OverloadedError(
                "同时下载整批的人过多，请稍后重试；too many whole batches are going out: try again"
            )
        try:
            yield
        finally:
            self._place.release()

    def documents(self, principal: Principal, batch_id: str) -> Sequence[str]:
        """Ids of the batch's documents in force, in the order of the rows, once each.

        Raises NotFoundError, ForbiddenError; ConflictError before the batch is done, and where there are none.
        """
        with self.database.read() as tx:
            own(tx, principal, batch_id)
            if tx.batches.counts(batch_id).state is not BatchState.DONE:
                raise ConflictError("批次尚未完成；the batch is not done yet")
            rows: list[BatchRow] = []
            while some := tx.batches.rows(batch_id, rows[-1].number if rows else -1, A_READ, Outcome.ACCEPTED):
                rows += some
        ids = dict.fromkeys(row.document[0] for row in rows if row.document and row.document[2] in IN_FORCE)
        if not ids:
            raise ConflictError("批次中没有有效的文书；no document of the batch is in force")
        return list(ids)

    def zipped(self, principal: Principal, document_ids: Sequence[str]) -> Iterator[bytes]:
        """A zip of the signed files, piece by piece: no more than one of them is in memory.

        Raises as Delivery does, also in the middle: then the zip has no end, and no program opens it.
        """
        tape = _Tape()
        with zipfile.ZipFile(tape, "w", zipfile.ZIP_STORED) as archive:  # PDFs are packed already
            for document_id in document_ids:
                file = self.delivery.deliver(principal, document_id, "content")
                archive.writestr(file.name, file.data)
                yield tape.taken()
        yield tape.taken()

    @contextmanager
    def printed(self, principal: Principal, document_ids: Sequence[str]) -> Iterator[BinaryIO]:
        """Their pages in one file without signatures, open at its beginning; it is gone after the block.

        Raises as Delivery does.
        """
        with tempfile.TemporaryDirectory(prefix="docsvc-print-") as folder:
            given: dict[str, File] = {}
            paths: dict[str, Path] = {}
            for document_id in document_ids:
                file = self.delivery.look(principal, document_id, "content")
                path = Path(folder) / f"{len(paths)}.pdf"
                path.write_bytes(file.data)
                paths[file.name.removesuffix(".pdf")] = path
                given[document_id] = File(b"", file.sha256, file.name, file.media_type)
            target = Path(folder) / "print.pdf"
            self.merge(paths, target)
            for document_id, file in given.items():
                self.delivery.went_out(principal, document_id, "print", file)
            with target.open("rb") as stream:
                yield stream


class _Tape(io.RawIOBase):
    """What zipfile writes to: whole members can be taken away as soon as they stand, the place goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._before, self._now = 0, io.BytesIO()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._before + self._now.tell()

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Within what was not taken yet: a member's head is written again when its length is known."""
        self._now.seek(place - self._before if whence == io.SEEK_SET else place, whence)
        return self.tell()

    def write(self, data: object) -> int:
        return self._now.write(data)  # type: ignore[arg-type]  # whatever zipfile writes

    def taken(self) -> bytes:
        """All since the last time."""
        data = self._now.getvalue()
        self._before, self._now = self._before + len(data), io.BytesIO()
        return data
