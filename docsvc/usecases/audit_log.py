"""`log fsck`: recompute everything that can be recomputed, and say in words what contradicts what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.case import Case
from docsvc.domain.document import DocumentRow, State
from docsvc.domain.errors import LogError, StoreError
from docsvc.domain.leaf import (
    ACCEPTED,
    SIGNED,
    SIGNING_EVENTS,
    SM2_SEALED,
    VOIDED,
    Opening,
    digests_of,
    facts_of,
    parse_leaf,
    parse_opening,
)
from docsvc.domain.merkle import LogEvent
from docsvc.domain.note import shown
from docsvc.domain.numbering import DocNumber
from docsvc.pipeline.store import object_key
from docsvc.ports import Database, LogKeys, LogRepo, ObjectStore, Publisher
from docsvc.usecases.audit_tree import TreeAudit

MADE: Final = (State.SEALED, State.RECORDED)  # states that an event of signing brings about
KEPT: Final = (*MADE, State.VOIDED)  # states whose files must be in the store, if any were signed
FILED: Final = (*KEPT, State.AWAITING_SIGNATURES)


def fsck(database: Database, objects: ObjectStore, publisher: Publisher, log_keys: LogKeys) -> list[str]:
    """Contradictions, each a sentence that names leaf and document number where there are any; none: all holds.

    Every leaf against its event and the stored hashes; every checkpoint's signature and root; every published file;
    every document against its leaves, their openings and its files; the numbers. Reads everything and stops nobody:
    the database is asked in short transactions.
    """
    tree = TreeAudit(database, objects, publisher, log_keys).run()
    documents = _DocumentAudit(database, objects, tree.published_size)
    documents.run()
    return [shown(fault) for fault in tree.faults + documents.faults]


@dataclass(slots=True)
class _DocumentAudit:
    """Documents against their leaves and files."""

    database: Database
    objects: ObjectStore
    published_size: int
    faults: list[str] = field(default_factory=list)
    numbers: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)

    def run(self) -> None:
        with self.database.read() as tx:
            ids = [row.id for row in tx.documents.search()]
        for document_id in ids:
            with self.database.read() as tx:
                row = tx.documents.find(id=document_id)
                if row is None:
                    continue  # its leaves were looked at: they miss it
                events = tx.events.of(document_id)
                self._history(row, events, tx.log)
            self._files(row, events)
            self._number(row)
        for (agency, word, year), places in sorted(self.numbers.items()):
            if holes := _holes(places):
                self.faults.append(
                    f"{agency} {word}〔{year}〕缺号 {holes}；number {holes} of {word}〔{year}〕 is missing"
                )

    def say(self, row: DocumentRow, chinese: str, english: str) -> None:
        self.faults.append(f"{row.number}：{chinese}；document {row.number}: {english}")

    def _history(self, row: DocumentRow, events: Sequence[LogEvent], log: LogRepo) -> None:
        if _case_digest(row) != row.case_sha256:
            self.say(row, "案件内容与其摘要不符", "its case is not the one that its digest is of")
        if not any(e.type == ACCEPTED for e in events):
            self.say(row, "没有受理事件", f"it has no event {ACCEPTED}")
        for event in events:
            if event.leaf_index is not None and log.index_of(event.id) != event.leaf_index:
                self.say(
                    row,
                    f"事件 {event.type} 所记日志条目 {event.leaf_index} 不存在",
                    f"its event {event.type} names leaf {event.leaf_index}, which is not its own",
                )
            self._opening(row, event)
        if (row.state is State.VOIDED) != any(e.type == VOIDED for e in events):
            self.say(row, "作废状态与作废事件不一致", "its state and its events disagree on whether it is voided")
        signings = [e for e in events if e.type in SIGNING_EVENTS]
        if row.state in MADE and not signings:
            self.say(row, "没有签章事件", "it is sealed without an event that says so")
        if row.state in KEPT and signings:
            self._signing(row, signings[-1])

    def _opening(self, row: DocumentRow, event: LogEvent) -> None:
        where, where_en = _label(event)
        try:
            leaf, opening = parse_leaf(event.entry), parse_opening(event.opening)
        except LogError as e:
            self.say(row, f"{where}无法读取", f"{where_en}: {e}")
            return
        if sha256_hex(event.opening) != leaf.commitment:
            self.say(row, f"{where}的事实与其承诺不符", f"{where_en}: its opening is not the one committed to")
        facts = facts_of(row)
        if wrong := sorted(k for k in facts if opening.facts.get(k) != facts[k]):
            shown = ", ".join(wrong)
            self.say(row, f"{where}所记事实与文书不符（{shown}）", f"{where_en} says otherwise of: {shown}")

    def _signing(self, row: DocumentRow, event: LogEvent) -> None:
        where, where_en = _label(event)
        try:
            leaf, opening = parse_leaf(event.entry), parse_opening(event.opening)
        except LogError:
            return  # said above
        rows = digests_of(row)
        wrong = sorted(k for k in rows if opening.sha256.get(k) != rows[k])
        if leaf.signed_sha256 != row.signed_sha256 and "signed" not in wrong:
            wrong.append("signed")
        if wrong:
            shown = ", ".join(f"{k}_sha256" for k in wrong)
            self.say(row, f"{shown} 与{where}所记不符", f"its {shown} is not what {where_en} records")
        if leaf.achieved != row.achieved_level:
            self.say(row, f"签名级别与{where}所记不符", f"its PAdES level is not what {where_en} records")
        recorded = event.leaf_index is not None and event.leaf_index < self.published_size
        if row.state is State.RECORDED and not recorded:
            self.say(row, "状态为已登记，但检查点未覆盖", "it is `recorded`, yet no published checkpoint covers it")

    def _files(self, row: DocumentRow, events: Sequence[LogEvent]) -> None:
        """What was signed must be there, by the leaves' word and not by the row's."""
        if row.state not in FILED:
            return
        digests: dict[str, str] = {}
        for event in events:
            if event.type in (SIGNED, *SIGNING_EVENTS) and (opening := _readable(event)) is not None:
                digests |= {d: name for name, d in opening.sha256.items() if d is not None and name != "template"}
            elif event.type == SM2_SEALED and (opening := _readable(event)) is not None:
                digests[str(opening.detail.get("sha256"))] = "sm2"
        for digest, name in sorted(digests.items(), key=lambda item: item[1]):
            try:
                data = self.objects.get(object_key(digest))
            except StoreError as e:
                self.say(row, f"{name} 文件无法取得", f"its {name} file: {e}")
                continue
            if sha256_hex(data) != digest:
                self.say(row, f"{name} 文件已被改动", f"its {name} file in the store was altered: {digest}")

    def _number(self, row: DocumentRow) -> None:
        number = DocNumber.parse(row.number)
        if number is None:
            self.say(row, "文号格式有误", "its number is not in the form of a number")
        else:
            self.numbers.setdefault((row.agency_id, number.word, number.year), []).append(number.seq)


def _label(event: LogEvent) -> tuple[str, str]:
    if event.leaf_index is None:
        return f"事件 {event.type}", f"event {event.type}"
    return f"日志条目 {event.leaf_index}", f"leaf {event.leaf_index}"


def _readable(event: LogEvent) -> Opening | None:
    try:
        return parse_opening(event.opening)
    except LogError:
        return None


def _case_digest(row: DocumentRow) -> str | None:
    try:
        return Case.of(json.loads(row.case_json)).sha256
    except (ValueError, RecursionError):
        return None


def _holes(places: Sequence[int]) -> str:
    """What is missing below the highest place, as "2, 5-8"; empty where nothing is."""
    holes = []
    expected = 1
    for place in sorted(places):
        if place > expected:
            holes.append(str(expected) if place == expected + 1 else f"{expected}-{place - 1}")
        expected = place + 1
    return ", ".join(holes)
