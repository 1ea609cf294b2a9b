"""The evidence bundle: which files it holds, and the steps by which it proves that a PDF was recorded."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import EvidenceError, LogError
from docsvc.domain.leaf import SIGNING_EVENTS, SM2_SEALED, VOIDED, Leaf, Opening, parse_leaf, parse_opening
from docsvc.domain.merkle import leaf_hash, verify_inclusion
from docsvc.domain.note import Checkpoint, Note, parse_note, shown
from docsvc.domain.verdict import Check, Indication

PDF: Final = "document.pdf"
CHECKPOINT: Final = "checkpoint"
VKEY: Final = "keys/log.vkey"
KEY_PEM: Final = "keys/log.pem"
README: Final = "README.md"
_ENTRY = re.compile(r"entries/(0|[1-9]\d{0,18})\.json", re.ASCII)
_PROOF_HEAD = "c2sp.org/tlog-proof@v1"
_SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: the DER in front of the 32 bytes

PASSED, UNSURE, FAILED = Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED
Signer = Callable[[Note], str | None]


def entry_name(index: int) -> str:
    """Where the bundle keeps a leaf's bytes."""
    return f"entries/{index}.json"


def opening_name(index: int) -> str:
    """Where the bundle keeps what the leaf commits to."""
    return f"openings/{index}.json"


def proof_name(index: int) -> str:
    """Where the bundle keeps the leaf's inclusion proof."""
    return f"proofs/{index}.tlog-proof"


def public_key_pem(public: bytes) -> bytes:
    """An Ed25519 public key as SubjectPublicKeyInfo (RFC 8410), for openssl."""
    body = base64.b64encode(_SPKI_ED25519 + public).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An inclusion proof with its checkpoint, as one text (C2SP tlog-proof)."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def text(self) -> bytes:
        lines = [_PROOF_HEAD, f"index {self.index}", *(base64.b64encode(h).decode() for h in self.hashes)]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """Raises EvidenceError."""
        head, blank, checkpoint = data.partition(b"\n\n")
        lines = head.decode(errors="replace").split("\n")
        if lines[0] != _PROOF_HEAD or not blank:
            raise EvidenceError("证明文件格式有误；not a tlog-proof")
        del lines[0]
        if lines and lines[0].startswith("extra "):
            del lines[0]
        m = re.fullmatch(r"index (0|[1-9]\d{0,18})", lines[0] if lines else "", re.ASCII)
        try:
            hashes = tuple(base64.b64decode(line, validate=True) for line in lines[1:])
        except (binascii.Error, ValueError) as e:
            raise EvidenceError("证明文件格式有误；a hash of the proof is not base64") from e
        if m is None:
            raise EvidenceError("证明文件格式有误；the proof names no index")
        return cls(int(m[1]), hashes, checkpoint)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event of the bundle with all that belongs to it."""

    index: int
    entry: bytes
    leaf: Leaf
    opening_bytes: bytes
    opening: Opening
    proof: TlogProof


def examine(files: Mapping[str, bytes], pdf: bytes, signer: Signer, at: dt.datetime) -> list[Check]:
    """What a bundle's files prove of `pdf`, in six steps; `signer` tells which trusted key signed a note.

    1. evidence-form: the files belong together and can be read.
    2. evidence-checkpoint: the tree head is signed by a trusted key of that log. The key inside is never trusted.
    3. evidence-inclusion: every entry stands in that tree.
    4. evidence-opening: every opening is the one that its entry commits to.
    5. evidence-file: the PDF is the one that an entry records.
    6. evidence-history: what else has happened to the document up to the checkpoint.
    """
    try:
        note, checkpoint, events = _read(files)
    except (LogError, EvidenceError, KeyError) as e:
        missing = f"缺少 {e.args[0]}；{e.args[0]} is missing" if isinstance(e, KeyError) else str(e)
        return [
            _check("evidence-form", FAILED, f"证据包无法读取：{missing}", f"the bundle can't be read: {missing}")
        ]
    form = f"证据包含 {len(events)} 项事件，检查点 {checkpoint.origin} 共 {checkpoint.size} 条"
    form_en = f"{len(events)} events under the checkpoint of {checkpoint.origin} at size {checkpoint.size}"
    return [
        _check("evidence-form", PASSED, form, form_en),
        _check_checkpoint(note, checkpoint, signer),
        _check_inclusion(events, checkpoint, files[CHECKPOINT]),
        _check_openings(events),
        _check_file(events, files[PDF], pdf, at),
        _check_history(events),
    ]


def _check(name: str, indication: Indication, message: str, message_en: str, sub: str | None = None) -> Check:
    # Bundles come from anybody: what they say of names and numbers is shown, never obeyed.
    return Check(name, indication, shown(message), shown(message_en), sub)


def _read(files: Mapping[str, bytes]) -> tuple[Note, Checkpoint, Sequence[Recorded]]:
    """Step 1. Raises LogError, EvidenceError, KeyError."""
    note = parse_note(files[CHECKPOINT])
    checkpoint = Checkpoint.parse(note.text)
    indices = sorted(int(m[1]) for name in files if (m := _ENTRY.fullmatch(name)))
    events = []
    for i in indices:
        entry, opening = files[entry_name(i)], files[opening_name(i)]
        proof = TlogProof.parse(files[proof_name(i)])
        events.append(Recorded(i, entry, parse_leaf(entry), opening, parse_opening(opening), proof))
    if PDF not in files:
        raise KeyError(PDF)
    if not events:
        raise EvidenceError("没有日志条目；there is no entry")
    if len({e.leaf.document for e in events}) > 1:
        raise EvidenceError("条目属于不同文书；the entries belong to different documents")
    if len({e.leaf.event_id for e in events}) < len(events):
        raise EvidenceError("同一事件出现两次；an event stands twice")
    return note, checkpoint, events


def _check_checkpoint(note: Note, checkpoint: Checkpoint, signer: Signer) -> Check:
    """Step 2 (C2SP tlog-proof: origin acceptable, signed by a key configured for that origin)."""
    name = "evidence-checkpoint"
    try:
        by = signer(note)
    except LogError:
        return _check(name, FAILED, "检查点的签名无效", "the checkpoint's signature is wrong", "SIG_CRYPTO_FAILURE")
    if by is None:
        return _check(
            name,
            UNSURE,
            f"检查点未经可信的日志密钥签名（{checkpoint.origin}）；证据包内自带的密钥不作为信任依据",
            f"no trusted log key has signed the checkpoint of {checkpoint.origin}; "
            "the key inside the bundle is not trusted by itself",
            "NO_CERTIFICATE_CHAIN_FOUND",
        )
    if by != checkpoint.origin:
        return _check(
            name,
            FAILED,
            f"检查点属于 {checkpoint.origin}，却由 {by} 的密钥签名",
            f"the checkpoint is of {checkpoint.origin} and signed by the key of {by}",
            "SIG_CONSTRAINTS_FAILURE",
        )
    return _check(
        name,
        PASSED,
        f"检查点由可信的日志密钥 {by} 签名，共 {checkpoint.size} 条",
        f"signed by the trusted log key {by}, {checkpoint.size} entries",
    )


def _check_inclusion(events: Sequence[Recorded], checkpoint: Checkpoint, note: bytes) -> Check:
    """Step 3 (RFC 9162, 2.1.3.2)."""
    wrong = [
        e.index
        for e in events
        if e.proof.index != e.index
        or e.proof.checkpoint != note
        or not verify_inclusion(leaf_hash(e.entry), e.index, checkpoint.size, e.proof.hashes, checkpoint.root)
    ]
    if wrong:
        shown = ", ".join(map(str, wrong))
        return _check(
            "evidence-inclusion",
            FAILED,
            f"日志条目 {shown} 不在检查点所证明的日志中：条目或证明被改动",
            f"entry {shown} is not in the tree of the checkpoint: the entry or its proof was altered",
            "HASH_FAILURE",
        )
    shown = ", ".join(str(e.index) for e in events)
    return _check(
        "evidence-inclusion",
        PASSED,
        f"日志条目 {shown} 均在检查点所证明的日志中",
        f"entry {shown}: in the tree of the checkpoint",
    )


def _check_openings(events: Sequence[Recorded]) -> Check:
    """Step 4: the opening's SHA-256 is the entry's commitment, digests that both hold agree, one set of facts."""
    wrong = [
        e.index
        for e in events
        if sha256_hex(e.opening_bytes) != e.leaf.commitment
        or e.opening.sha256.get("signed") != e.leaf.signed_sha256
        or e.opening.sha256.get("template") != e.leaf.template_sha256
        or e.opening.facts != events[0].opening.facts
    ]
    if wrong:
        shown = ", ".join(map(str, wrong))
        return _check(
            "evidence-opening",
            FAILED,
            f"条目 {shown} 的事实与其承诺不符",
            f"the facts shown for entry {shown} are not those it commits to",
            "HASH_FAILURE",
        )
    facts = events[0].opening.facts
    shown = "，".join(facts[k] for k in ("number", "agencies", "party", "issue_date") if k in facts)
    return _check(
        "evidence-opening",
        PASSED,
        f"所示事实与日志承诺一致：{shown}",
        f"the facts shown are those committed to: {shown}",
    )


def _check_file(events: Sequence[Recorded], bundled: bytes, pdf: bytes, at: dt.datetime) -> Check:
    """Step 5."""
    name = "evidence-file"
    digest = sha256_hex(pdf)
    signings = [e for e in events if e.leaf.type in SIGNING_EVENTS]
    match = next((e for e in signings if e.leaf.signed_sha256 == digest), None)
    copies = (e for e in events if e.leaf.type == SM2_SEALED)
    beside = next((e for e in copies if e.opening.detail.get("sha256") == digest), None)
    if match is None and beside is not None:
        return _check(
            name,
            PASSED,
            f"文件即日志条目 {beside.index} 所登记的国密SM2版本（{beside.leaf.at.isoformat()}），不是PAdES文书本身",
            f"the file is the SM2 copy that entry {beside.index} records ({beside.leaf.at.isoformat()}), "
            "not the PAdES document itself",
        )
    if match is None:
        return _check(
            name,
            FAILED,
            f"该文件的摘要 {digest} 不在证据包的日志条目中：不是所登记的文件",
            f"no entry records the digest {digest}: this is not the file that was recorded",
            "HASH_FAILURE",
        )
    if sha256_hex(bundled) != signings[-1].leaf.signed_sha256:
        return _check(
            name,
            FAILED,
            "证据包内的PDF不是日志最后登记的文件",
            "the PDF inside the bundle is not the one recorded last",
            "HASH_FAILURE",
        )
    if match.leaf.at > at:
        return _check(
            name,
            UNSURE,
            f"登记时间 {match.leaf.at.isoformat()} 晚于验证时间",
            f"recorded at {match.leaf.at.isoformat()}, later than the time of this check",
            "NO_POE",
        )
    last = match is signings[-1]
    return _check(
        name,
        PASSED,
        f"文件即日志条目 {match.index} 所登记者（{match.leaf.at.isoformat()}，PAdES {match.leaf.achieved}）"
        + ("" if last else f"；此后条目 {signings[-1].index} 登记了补强后的版本"),
        f"the file is the one that entry {match.index} records ({match.leaf.at.isoformat()}, "
        f"PAdES {match.leaf.achieved})"
        + ("" if last else f"; entry {signings[-1].index} records a later revision"),
    )


def _check_history(events: Sequence[Recorded]) -> Check:
    """Step 6. A voided document is told apart even where its file is whole."""
    shown = "; ".join(f"{e.index} {e.leaf.type} {e.leaf.at.isoformat()}" for e in events)
    if any(e.leaf.type == VOIDED for e in events):
        return _check(
            "evidence-history", FAILED, f"文书已作废：{shown}", f"the document was voided: {shown}", "REVOKED"
        )
    return _check("evidence-history", PASSED, f"文书历史：{shown}", f"history of the document: {shown}")
