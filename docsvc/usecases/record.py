"""The sequencer: puts events into the tree, signs a checkpoint, publishes it, marks the documents it covers."""

from __future__ import annotations

from typing import Final

from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import LogError
from docsvc.domain.leaf import SIGNING_EVENTS, parse_leaf
from docsvc.domain.merkle import LogEvent, leaf_hash, root
from docsvc.domain.note import Checkpoint, VerifierKey, parse_note
from docsvc.domain.tiles import Tile, pack_bundle, pack_tile, parents, split_hashes, tiles_of
from docsvc.ports import Database, LogRepo, Notary, ObjectStore, Publisher, Transaction

BATCH: Final = 1000
PREFIX: Final = "log/"  # keys below it, with the checkpoint beside them, are a static tlog-tiles log
CHECKPOINTS: Final = "log/checkpoints/"


def sequence(database: Database, notary: Notary, objects: ObjectStore, publisher: Publisher) -> int:
    """Give every waiting event its leaf, publish the checkpoint over them, and mark documents as recorded.

    Returns how many leaves were added. The order makes it safe to be cut off anywhere and run again, also by
    several processes at once:

    1. Publish what an earlier run signed and did not publish.
    2. In one transaction, under the log's lock: append, sign, save the checkpoint. Only where the one before has
       been published, so that every checkpoint ever signed is published, in order.
    3. Write bundles and tiles, then the checkpoint's own copy, once each.
    4. Under the log's lock: replace the published checkpoint, mark documents.

    Raises LogError where database, signature and published checkpoint contradict each other: then nothing is
    signed.
    """
    while True:
        publish(database, notary, objects, publisher)
        with database.begin() as tx:
            tx.lock_log()
            if _unpublished(tx.log, notary, publisher):
                continue  # another process has signed since
            added = _extend(tx, notary)
            break
    publish(database, notary, objects, publisher)
    return added


def publish(database: Database, notary: Notary, objects: ObjectStore, publisher: Publisher) -> None:
    """Steps 3 and 4 for the newest checkpoint: what the published one did not need is written, again if need be."""
    with database.begin() as tx:
        tx.lock_log()  # size, checkpoint and hashes are read one after the other: nobody may append in between
        newest = tx.log.checkpoint()
        if newest is None:
            return
        since = published_size(tx.log, notary, publisher)
        if since != newest[0]:
            _check_continuity(tx.log, notary)
        # Nothing is published: at the beginning, or the store lost the log. Then it gets all of it.
        missing = [newest] if since else tx.log.checkpoints()
    size, note = newest
    if since is None or since < size:
        for tile in tiles_of(size, since or 0):
            with database.read() as tx:
                data = tile_bytes(tx.log, tile)
            objects.put(PREFIX + tile.path, data)
        for signed_at, signed in missing:
            objects.put(f"{CHECKPOINTS}{signed_at}", signed)
    with database.begin() as tx:
        tx.lock_log()  # two processes must not publish in the wrong order
        since = published_size(tx.log, notary, publisher)
        if since is None or since < size:
            publisher.publish(note)
            since = size
        _mark_recorded(tx, since)


def tile_bytes(log: LogRepo, tile: Tile) -> bytes:
    """A tile or bundle out of the database.

    It can't be taken back once it is in the store, so it is held against the hashes above it first; those lead to
    the root that was signed. Raises LogError where something of it is missing or was altered.
    """
    if tile.level is None:
        entries = [entry for _, entry in log.entries(tile.first, tile.first + tile.width)]
        data = pack_bundle(entries)
        above = dict(zip(tile.hash_ids, map(leaf_hash, entries), strict=True))
    else:
        data = pack_tile(tile, log.hashes)
        above = parents(tile, split_hashes(data, tile.width))
    stored = log.hashes(list(above))
    if wrong := [id_ for id_, h in above.items() if stored.get(id_) != h]:
        raise LogError(f"{tile.path} 与数据库的存储哈希不符；it contradicts the stored hashes at {wrong[:5]}")
    return data


def published_size(log: LogRepo, notary: Notary, publisher: Publisher) -> int | None:
    """Size of the published checkpoint, None where there is none yet.

    Raises LogError where it is not ours, or the database is not its continuation (restored from an old copy, say):
    to go on signing then would fork the log.
    """
    data = publisher.published()
    if data is None:
        return None
    checkpoint = _own(data, notary)
    if checkpoint.size > log.size():
        raise LogError(
            f"已公布的检查点含 {checkpoint.size} 条，数据库仅 {log.size()} 条；"
            "the published checkpoint is ahead of the database: was it restored from an old copy?"
        )
    if root(checkpoint.size, log.hashes) != checkpoint.root:
        raise LogError(
            f"数据库与已公布的检查点（{checkpoint.size}）不符；the database contradicts the published checkpoint"
        )
    return checkpoint.size


def _own(data: bytes, notary: Notary) -> Checkpoint:
    note = parse_note(data)
    checkpoint = Checkpoint.parse(note.text)
    if not notary.signed(note) or checkpoint.origin != _origin(notary):
        raise LogError("检查点不是本日志的密钥所签；a checkpoint is not signed by this log's key")
    return checkpoint


def _origin(notary: Notary) -> str:
    return VerifierKey.parse(notary.vkey).name


def _unpublished(log: LogRepo, notary: Notary, publisher: Publisher) -> bool:
    newest = log.checkpoint()
    return newest is not None and published_size(log, notary, publisher) != newest[0]


def _extend(tx: Transaction, notary: Notary) -> int:
    _check_continuity(tx.log, notary)
    added = tx.log.size()
    while events := tx.events.unsequenced(BATCH):
        tx.log.append([(event.id, event.entry) for event in events])
    size = tx.log.size()
    newest = tx.log.checkpoint()
    if newest is None or newest[0] != size:
        checkpoint = Checkpoint(_origin(notary), size, root(size, tx.log.hashes))
        tx.log.save_checkpoint(size, notary.sign(checkpoint.text))
    return size - added


def _check_continuity(log: LogRepo, notary: Notary) -> None:
    """What is to be continued is what was signed last: new hashes come from these, so no fork can be signed."""
    size = log.size()
    newest = log.checkpoint()
    if newest is None:
        if size:
            raise LogError("日志有条目而无检查点；the database holds leaves but no checkpoint")
        return
    checkpoint = _own(newest[1], notary)
    if not checkpoint.size == newest[0] == size:
        raise LogError(
            f"日志有 {size} 条，最新检查点为 {checkpoint.size} 条；the database and its checkpoint differ in size"
        )
    if root(size, log.hashes) != checkpoint.root:
        raise LogError("数据库与其最新检查点不符；the database contradicts its own newest checkpoint")


def _mark_recorded(tx: Transaction, size: int) -> None:
    for row in tx.documents.search(state=State.SEALED):
        if any(covers(tx.log, event, row, size) for event in tx.events.of(row.id)):
            tx.documents.update(row.id, state=State.RECORDED)


def covers(log: LogRepo, event: LogEvent, row: DocumentRow, size: int) -> bool:
    """Does this event, among the first `size` leaves, record the signed file that the document now is?

    Asks the leaf, not the event: what was altered afterwards covers nothing (and the audit names it).
    """
    if event.type not in SIGNING_EVENTS or event.leaf_index is None or event.leaf_index >= size:
        return False
    ((event_id, entry),) = log.entries(event.leaf_index, event.leaf_index + 1)
    return event_id == event.id and parse_leaf(entry).signed_sha256 == row.signed_sha256
