"""The custody of seals: no key is operated before its use is counted and written down, and each use is settled."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.custody import SM2_DOOR, Quota, SealUse, day_of, hour_of, opens_at
from docsvc.domain.document import Accepted, DocumentRow, LaidOut
from docsvc.domain.errors import LogError, QuotaError, SealError
from docsvc.domain.leaf import ACCEPTED, SEAL_USED, parse_opening
from docsvc.ports import Database, SealKey, SealKeys, Transaction
from docsvc.usecases.events import happened


class WatchedKeys:
    """The keys as whoever seals gets them (fits ports.SealKeys): which one was operated for a seal is noted.

    While one key of a seal follows another, the sealer takes the next where the first is not trusted any more.
    Noted for the thread that seals, from `begin` on. A seal that comes from development may have keys of both
    kinds: from then on the sealer is given those alone that the document may bear.
    """

    def __init__(self, keys: SealKeys) -> None:
        self._keys = keys
        self._thread = threading.local()

    @property
    def roots(self) -> Sequence[bytes]:
        return self._keys.roots

    def of(self, design: SealDesign) -> SealKey:
        return self._watched(design)[0]

    def all_of(self, design: SealDesign) -> Sequence[SealKey]:
        wanted = getattr(self._thread, "development", None)
        found = [key for key in self._watched(design) if wanted in (None, key.development)]
        if not found:
            raise SealError(
                f"印章“{design.name}”的密钥已更换，不得用于该文书；"
                f"the key of the seal {design.id} was replaced by one that must not seal this document"
            )
        return found

    def begin(self, *, development: bool) -> None:
        """Forget what was noted before; whether the document is for development keys, or for no such key."""
        self._thread.operated = {}
        self._thread.development = development

    def operated(self) -> dict[str, str]:
        """The SHA-256 of the certificate whose key was operated, by seal."""
        return dict(getattr(self._thread, "operated", {}))

    def _watched(self, design: SealDesign) -> list[SealKey]:
        return [_WatchedKey(key, partial(self._note, design.id)) for key in self._keys.all_of(design)]

    def _note(self, seal_id: str, chain: Sequence[bytes]) -> None:
        self._thread.operated = {**self.operated(), seal_id: sha256_hex(chain[0])}


@dataclass(frozen=True, slots=True)
class _WatchedKey:
    key: SealKey
    note: Callable[[Sequence[bytes]], None]

    @property
    def chain(self) -> Sequence[bytes]:
        return self.key.chain

    @property
    def development(self) -> bool:
        return self.key.development

    @property
    def digest(self) -> str:
        return self.key.digest

    @property
    def door(self) -> str:
        return self.key.door

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        self.note(self.key.chain)
        return self.key.sign_detached(digest, stamp)


@dataclass(frozen=True, slots=True)
class Custody:
    """Lets seals be used, each for its own agency and within its quota, and knows what became of it."""

    keys: WatchedKeys  # those that the sealer has too
    quota: Callable[[str], Quota]  # of a seal, by its id
    zone: dt.tzinfo
    clock: Callable[[], dt.datetime]

    def keys_for(self, accepted: Accepted) -> list[SealKey]:
        """The keys of all agencies that seal, in their order. Raises SealError, KeyAwayError."""
        keys = [self.keys.of(agency.seal) for agency in accepted.sealing]
        check_effect(accepted, keys)
        return keys

    def begin(
        self, tx: Transaction, row: DocumentRow, accepted: Accepted, laid_out: LaidOut, keys: Sequence[SealKey]
    ) -> None:
        """Count and write down the use of each seal on the unsigned PDF, which this run has made and read back.

        `row` is the document's as it stands in `tx`. Raises SealError where the PDF is not the one that the row
        names, QuotaError.
        """
        if sha256_hex(laid_out.pdf) != row.unsigned_sha256 or accepted.case.sha256 != row.case_sha256:
            raise SealError(
                f"{row.number} 的版式文件不是本次制作的文件，不予用印；"
                f"{row.number}: the PDF is not the one that was just made of its case: no seal is used"
            )
        now = self.clock()
        tx.seal_uses.fail(row.id, "处理进程在用印中被终止；the process was ended while it sealed", now)
        tx.seal_uses.lock(agency.seal.id for agency in accepted.sealing)
        for agency, key in zip(accepted.sealing, keys, strict=True):
            self._check_quota(tx, agency, now, sm2=key.door == SM2_DOOR)
        self.keys.begin(development=accepted.case.is_test)
        asked_by = _asked_by(tx, row)
        for agency, key in zip(accepted.sealing, keys, strict=True):
            use = SealUse(
                id=str(uuid.uuid4()),
                seal_id=agency.seal.id,
                agency_id=agency.id,
                document_id=row.id,
                certificate_sha256=sha256_hex(key.chain[0]),
                door=key.door,
                asked_by=asked_by,
                unsigned_sha256=row.unsigned_sha256,
                begun_at=now,
            )
            tx.seal_uses.add(use)
            tx.events.add(happened(SEAL_USED, row, now, {**_detail(use), **({"by": asked_by} if asked_by else {})}))

    def signed(self, tx: Transaction, row: DocumentRow, signed_sha256: str) -> None:
        """The keys gave a signed file, whose digest is known before it is stored."""
        tx.seal_uses.sign(row.id, signed_sha256, self.keys.operated())

    def kept(self, tx: Transaction, row: DocumentRow, sha256: str | None = None) -> dict[str, Any]:
        """The signed file is stored (by default the row's): what its event says of the uses that it bears."""
        uses = tx.seal_uses.keep(row.id, sha256 or row.signed_sha256 or "", self.clock())
        return {"seals": [_detail(use) for use in uses]} if uses else {}

    def failed(self, tx: Transaction, row: DocumentRow, reason: str) -> None:
        """Nothing came of what was begun."""
        tx.seal_uses.fail(row.id, reason, self.clock())

    def _check_quota(self, tx: Transaction, agency: Agency, now: dt.datetime, *, sm2: bool) -> None:
        # Each of a seal's two keys has the quota for itself: copies hold no document up, and are bounded too.
        quota, seal_id = self.quota(agency.seal.id), agency.seal.id
        today = tx.seal_uses.count(seal_id, day_of(now, self.zone), sm2=sm2)
        this_hour = tx.seal_uses.count(seal_id, hour_of(now, self.zone), sm2=sm2)
        opens = opens_at(quota, today, this_hour, now, self.zone)
        if opens is not None:
            raise QuotaError(
                f"{agency.name}的印章已达用印限额（本日{today}次，本小时{this_hour}次），"
                f"{opens:%Y-%m-%d %H:%M}后自动继续；the seal {seal_id} was used {today} times today and "
                f"{this_hour} in this hour, which is its quota: work goes on at {opens:%Y-%m-%d %H:%M}",
                opens,
            )


def check_effect(accepted: Accepted, keys: Iterable[SealKey]) -> None:
    """Test data is sealed by keys without legal effect, and nothing else is. Raises SealError."""
    for key in keys:
        if accepted.case.is_test and not key.development:
            raise SealError(
                f"{accepted.number.text} 是测试数据，不得加盖正式印章；"
                f"{accepted.number.text} is test data: it must not be sealed with a production key"
            )
        if not accepted.case.is_test and key.development:
            raise SealError(
                f"{accepted.number.text} 不是测试数据，不得加盖开发用印章；"
                f"{accepted.number.text} is no test data: it must not be sealed with a development key"
            )


@dataclass(frozen=True, slots=True)
class Entry:
    """A use, and the document that it was for."""

    use: SealUse
    doc_type: str
    number: str


@dataclass(frozen=True, slots=True)
class Account:
    """What is to be said of one seal for a time: its quota, how much of it is used today, and every use."""

    agency: Agency
    quota: Quota
    today: int
    this_hour: int
    entries: Sequence[Entry]


Wanted = tuple[str | None, dt.datetime | None, dt.datetime | None]
"""A seal (None: all), and from when to when (excluded) its uses are told."""


def accounts(
    database: Database, quota: Callable[[str], Quota], zone: dt.tzinfo, now: dt.datetime, wanted: Wanted
) -> Iterator[Account]:
    """The custody report of one seal, or of all of the registry."""
    seal_id, since, until = wanted
    with database.read() as tx:
        for agency in tx.agencies.list():
            own = agency.seal.id
            if seal_id not in (None, own):
                continue
            uses = tx.seal_uses.list(own, since, until)
            rows = {name: tx.documents.find(id=name) for name in {use.document_id for use in uses}}
            entries = [
                Entry(use, row.doc_type, row.number) for use in uses if (row := rows[use.document_id]) is not None
            ]
            today = tx.seal_uses.count(own, day_of(now, zone))
            this_hour = tx.seal_uses.count(own, hour_of(now, zone))
            yield Account(agency, quota(own), today, this_hour, entries)


def _detail(use: SealUse) -> dict[str, Any]:
    """What events say of a use; digests of the document stand in the opening anyhow."""
    return {
        "use": use.id,
        "seal": use.seal_id,
        "agency": use.agency_id,
        "certificate": use.certificate_sha256,
        "door": use.door,
    }


def _asked_by(tx: Transaction, row: DocumentRow) -> Mapping[str, Any]:
    """Who posted the case, as its event says; nothing for the service's own command line."""
    for event in tx.events.of(row.id):
        if event.type == ACCEPTED:
            try:
                return dict(parse_opening(event.opening).detail.get("by", {}))
            except LogError as e:
                raise SealError(
                    f"{row.number} 的受理记录已损坏，不予用印；"
                    f"{row.number}: the record of its acceptance is damaged: no seal is used"
                ) from e
    return {}
