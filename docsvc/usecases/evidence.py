"""Evidence: build a document's bundle out of what is published, check one offline, show that the log only grew."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from docsvc.domain import merkle
from docsvc.domain.document import DocumentRow
from docsvc.domain.errors import EvidenceError, LogError
from docsvc.domain.evidence import (
    CHECKPOINT,
    KEY_PEM,
    PDF,
    README,
    VKEY,
    Recorded,
    TlogProof,
    entry_name,
    examine,
    opening_name,
    proof_name,
    public_key_pem,
)
from docsvc.domain.evidence_guide import guide
from docsvc.domain.leaf import DELIVERED, SIGNING_EVENTS, parse_leaf, parse_opening
from docsvc.domain.merkle import LogEvent, inclusion_proof
from docsvc.domain.note import Checkpoint, VerifierKey, parse_note, shown
from docsvc.domain.verdict import Check, Indication
from docsvc.ports import Database, LogKeys, LogRepo, Publisher

MAX_BUNDLE_BYTES: Final = 128 * 1024 * 1024
MAX_PDF_BYTES: Final = 64 * 1024 * 1024
MAX_SMALL_BYTES: Final = 256 * 1024
MAX_FILES: Final = 4000
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same evidence is the same bytes, whenever it is built
NAME: Final = re.compile(
    r"document\.pdf|checkpoint|README\.md|keys/log\.(?:vkey|pem)|keys/scan[\w-]{0,60}\.pub|certificates/\d{1,3}\.pem"
    r"|(?:entries|openings)/(?:0|[1-9]\d{0,18})\.json|proofs/(?:0|[1-9]\d{0,18})\.tlog-proof",
    re.ASCII,
)


def build(
    database: Database,
    publisher: Publisher,
    row: DocumentRow,
    pdf: bytes,
    vkey: str,
    scan_keys: Mapping[str, bytes] = MappingProxyType({}),
    certificates: Sequence[bytes] = (),
) -> bytes:
    """The bundle (zip) of a document under the published checkpoint; the same bytes for the same state of the log.

    `pdf` is its signed file, `scan_keys` the public keys of codes by file name, `certificates` PEM, the seal's
    chain. What the database says is handed out as it is: where it was altered, the bundle does not pass. Raises
    EvidenceError where the document is not recorded yet.
    """
    published = publisher.published()
    if published is None:
        raise EvidenceError("日志尚未公布检查点；the log has not published a checkpoint yet")
    note = parse_note(published)
    checkpoint = Checkpoint.parse(note.text)
    with database.read() as tx:
        events = [
            _recorded(event, event.leaf_index, checkpoint, published, tx.log)
            for event in tx.events.of(row.id)
            if event.type != DELIVERED  # who fetched it is no business of who holds the bundle
            and event.leaf_index is not None
            and event.leaf_index < checkpoint.size
        ]
    if not any(e.leaf.type in SIGNING_EVENTS for e in events):
        raise EvidenceError(f"{row.number} 尚未登记入日志；it is not recorded in the log yet")
    files = {
        README: guide(events, checkpoint, note).encode(),
        PDF: pdf,
        CHECKPOINT: published,
        VKEY: f"{vkey}\n".encode(),
        KEY_PEM: public_key_pem(VerifierKey.parse(vkey).public),
    }
    files |= {f"keys/{name}": pem for name, pem in scan_keys.items() if NAME.fullmatch(f"keys/{name}")}
    for e in events:
        files |= {
            entry_name(e.index): e.entry,
            opening_name(e.index): e.opening_bytes,
            proof_name(e.index): e.proof.text,
        }
    files |= {f"certificates/{n}.pem": pem for n, pem in enumerate(certificates)}
    return _zip(files)


def _recorded(event: LogEvent, index: int, checkpoint: Checkpoint, note: bytes, log: LogRepo) -> Recorded:
    proof = TlogProof(index, tuple(inclusion_proof(index, checkpoint.size, log.hashes)), note)
    return Recorded(index, event.entry, parse_leaf(event.entry), event.opening, parse_opening(event.opening), proof)


def check(bundle: bytes, pdf: bytes, log_keys: LogKeys, at: dt.datetime) -> list[Check]:
    """What the bundle proves of `pdf`, offline. Never raises for what is in the bytes.

    A checkpoint that no trusted key has signed is INDETERMINATE, whatever key lies in the bundle.
    """
    try:
        files = _unzip(bundle)
    except EvidenceError as e:
        return [Check("evidence-form", Indication.FAILED, str(e), str(e))]
    return examine(files, pdf, log_keys.signer, at)


@dataclass(frozen=True, slots=True)
class Growth:
    """That the tree of `old_size` leaves is the beginning of the one under `checkpoint` (RFC 9162, 2.1.4)."""

    old_size: int
    checkpoint: bytes
    hashes: tuple[bytes, ...]


def consistency(database: Database, old_size: int) -> Growth:
    """Proof from a tree of `old_size` leaves (an old bundle's, say) to the newest checkpoint.

    Raises LogError where the log has no checkpoint, or is smaller than that: then it was cut or restored.
    """
    with database.read() as tx:
        newest = tx.log.checkpoint()
        if newest is None or not 0 <= old_size <= newest[0]:
            raise LogError(f"日志不足 {old_size} 条；the log has fewer than {old_size} entries")
        size, note = newest
        return Growth(old_size, note, tuple(merkle.consistency_proof(old_size, size, tx.log.hashes)))


def check_consistency(old_checkpoint: bytes, growth: Growth, log_keys: LogKeys) -> bool:
    """Is the old checkpoint's tree the beginning of the new one's, both signed by one trusted key?

    Raises NoteError for a checkpoint that can't be read or that a wrong signature stands on.
    """
    old_note, new_note = parse_note(old_checkpoint), parse_note(growth.checkpoint)
    old, new = Checkpoint.parse(old_note.text), Checkpoint.parse(new_note.text)
    signers = log_keys.signer(old_note), log_keys.signer(new_note)
    return (
        signers == (old.origin, new.origin)
        and old.origin == new.origin
        and old.size == growth.old_size
        and merkle.verify_consistency(old.size, new.size, old.root, new.root, growth.hashes)
    )


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # stored: no two zlibs compress alike
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def _unzip(bundle: bytes) -> dict[str, bytes]:
    """The bundle's files. Raises EvidenceError for anything that `build` would not write (but for compression)."""
    if len(bundle) > MAX_BUNDLE_BYTES:
        raise EvidenceError("证据包过大；the bundle is too large")
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            infos = archive.infolist()
            _check_names(infos)
            files: dict[str, bytes] = {}
            left = MAX_BUNDLE_BYTES
            for info in infos:
                files[info.filename] = _member(archive, info, left)
                left -= len(files[info.filename])
            return files
    except EvidenceError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        LookupError,
        NotImplementedError,
        RuntimeError,
    ) as e:
        raise EvidenceError("证据包不是可读取的zip文件；the bundle is not a zip file that can be read") from e


def _check_names(infos: Sequence[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if len(names) > MAX_FILES or len(set(names)) < len(names):
        raise EvidenceError("证据包文件过多或重名；too many files in the bundle, or one name twice")
    for info in infos:
        if not NAME.fullmatch(info.filename) or info.filename != info.orig_filename:
            raise EvidenceError(
                f"证据包含有不明文件 {shown(info.filename[:80])}；the bundle holds a file of another kind"
            )
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or info.flag_bits & 0x1:
            raise EvidenceError(
                "证据包被加密或压缩方式不支持；the bundle is encrypted or compressed in another way"
            )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """Reads no more than is allowed, whatever the headers say of the size; `left` bytes for all that follows."""
    limit = min(left, MAX_PDF_BYTES if info.filename == PDF else MAX_SMALL_BYTES)
    with archive.open(info) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise EvidenceError(f"证据包中的 {info.filename} 过大；it is too large")
    return data
