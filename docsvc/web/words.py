"""The service's codes in plain words: states, history, levels, moments; Chinese first, English beside it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from docsvc.domain.access import Permission, Principal
from docsvc.domain.batch import BatchState
from docsvc.domain.document import State
from docsvc.domain.envelope import Role as SignatoryRole
from docsvc.domain.leaf import (
    ACCEPTED,
    DELIVERED,
    MARKED,
    REFUSED,
    RENEWED,
    SEAL_USED,
    SEALED,
    SIGNED,
    SM2_SEALED,
    UPGRADED,
    VOIDED,
)
from docsvc.domain.signature import Channel, Signature, SlotState
from docsvc.domain.verdict import Indication


@dataclass(frozen=True, slots=True)
class Words:
    """One thing in both languages; `tone` (good, busy, bad or plain) picks its colour, never alone."""

    zh: str
    en: str
    tone: str = "plain"


STATES: Final[Mapping[State, Words]] = {
    State.ACCEPTED: Words("已收案，待制作", "Accepted, waiting to be made", "busy"),
    State.RENDERING: Words("制作中", "Being made", "busy"),
    State.AWAITING_SIGNATURES: Words("待签名", "Waiting for signatures", "busy"),
    State.SEALED: Words("已盖章，待入日志", "Sealed, waiting for the log", "busy"),
    State.RECORDED: Words("有效", "In force", "good"),
    State.FAILED: Words("制作失败", "Failed", "bad"),
    State.VOIDED: Words("已作废", "Voided", "bad"),
}
MOVING: Final = frozenset({State.ACCEPTED, State.RENDERING, State.SEALED})
"""States that pass by themselves: a page that shows one asks again."""

SIGNATORIES: Final[Mapping[SignatoryRole, Words]] = {
    SignatoryRole.PARTY: Words("当事人一方", "Party"),
    SignatoryRole.WITNESS: Words("见证人", "Witness"),
    SignatoryRole.OFFICER: Words("执法人员", "Officer"),
    SignatoryRole.RECORDER: Words("记录人", "Recorder"),
}
SLOTS: Final[Mapping[SlotState, Words]] = {
    SlotState.WAITING: Words("未签", "not signed"),
    SlotState.ASKED: Words("链接已发出", "link is out", "busy"),
    SlotState.PREPARED: Words("待交回签名值", "value awaited", "busy"),
    SlotState.GIVEN: Words("正在写入", "being completed", "busy"),
    SlotState.SIGNED: Words("已签", "signed", "good"),
}
CHANNELS: Final[Mapping[Channel, Words]] = {
    Channel.ON_SITE: Words("现场", "on site"),
    Channel.SMS: Words("短信", "text message"),
    Channel.EMAIL: Words("电子邮件", "e-mail"),
    Channel.OTHER: Words("其他", "other"),
}

BATCHES: Final[Mapping[BatchState, Words]] = {
    BatchState.READING: Words("逐行收案中", "Taking rows in", "busy"),
    BatchState.ISSUING: Words("制作中", "Being made", "busy"),
    BatchState.DONE: Words("已完成", "Done", "good"),
}

VERDICTS: Final[Mapping[Indication, Words]] = {
    Indication.PASSED: Words(
        "验证通过：文书真实、完整，盖章后未被改动", "Passed: authentic, and unaltered since it was sealed", "good"
    ),
    Indication.INDETERMINATE: Words(
        "无法判定：现有材料不足以得出结论", "Undecided: what is at hand does not suffice for a verdict", "busy"
    ),
    Indication.FAILED: Words("验证未通过：请勿信赖此文件", "Failed: do not rely on this file", "bad"),
}
CHECKS: Final[Mapping[Indication, Words]] = {
    Indication.PASSED: Words("通过", "passed", "good"),
    Indication.INDETERMINATE: Words("无法判定", "undecided", "busy"),
    Indication.FAILED: Words("未通过", "failed", "bad"),
}
SIGNATURES: Final = {
    "signature": Words("电子签名", "Electronic signature"),
    "document-timestamp": Words("文档时间戳", "Document time-stamp"),
}
REVOCATION: Final = {
    "good": Words("有效", "good", "good"),
    "revoked": Words("已吊销", "revoked", "bad"),
    "unknown": Words("未知", "unknown", "busy"),
}
FILES: Final = {
    "content": Words("PDF文书", "the signed PDF"),
    "docx": Words("Word文件", "the Word file"),
    "evidence": Words("证据包", "the evidence bundle"),
    "sm2": Words("国密SM2副本", "the SM2 copy"),
    "print": Words("打印用合并件", "its pages to print"),
}
ROLES: Final[tuple[tuple[frozenset[Permission], Words], ...]] = (
    (frozenset({Permission.CREATE}), Words("执法人员", "Officer")),
    (frozenset({Permission.VOID}), Words("管理员", "Administrator")),
    (frozenset({Permission.READ}), Words("审核人员", "Auditor")),
)
SERVICE: Final = Words("系统", "the service")


def slot_state(slot: Signature) -> Words:
    """How far a signature is; a refusal that is noted is no signature."""
    if slot.refusal is not None and slot.state is SlotState.SIGNED:
        return Words("已注明拒绝签名", "refusal noted", "busy")
    return SLOTS[slot.state]


def role(principal: Principal) -> Words:
    """What someone with these permissions is called."""
    return next((words for needs, words in ROLES if needs <= principal.permissions), Words("用户", "User"))


GOOD: Final = {
    SEALED: Words("制作完成，盖章并经自动验证", "Made, sealed, and verified by the service", "good"),
    UPGRADED: Words("补充长期验证材料，签名级别提高", "Raised to a higher signature level", "good"),
    RENEWED: Words(
        "加盖新的文件时间戳，延续长期有效性", "Renewed: one more time-stamp, for the years to come", "good"
    ),
    SM2_SEALED: Words("另以国密SM2签名制作副本（不是PAdES）", "A copy was sealed with SM2 (no PAdES)"),
}


def story(  # noqa: PLR0911 - a return for each kind of event
    type: str, by: Mapping[str, str] | None, detail: Mapping[str, Any], number: str
) -> Words:
    """One event of a document's history as a sentence; an unknown type is told by its name."""
    zh, en = (by["name"], by["name"]) if by else (SERVICE.zh, SERVICE.en)
    match type:
        case _ if type == ACCEPTED:
            return Words(f"由{zh}收案，编号{number}", f"Accepted by {en}, numbered {number}")
        case _ if type == SEAL_USED:
            seal = detail.get("seal", "")
            return Words(f"用印，印章{seal}", f"Seal {seal} used")
        case _ if type in GOOD:
            return GOOD[type]
        case _ if type == MARKED:
            return Words(
                f"{detail.get('name', '')}手写签名，正在写入文书", f"{detail.get('name', '')} signed by hand"
            )
        case _ if type == SIGNED:
            return _signed(detail)
        case _ if type == REFUSED:
            who, why = detail.get("name", ""), detail.get("reason", "")
            return Words(f"{zh}记录：{who}拒绝签名，理由：{why}", f"{en} noted that {who} refused to sign: {why}")
        case _ if type == VOIDED:
            why = detail.get("reason", "")
            return Words(f"由{zh}作废，理由：{why}", f"Voided by {en}, for this reason: {why}", "bad")
        case _ if type == DELIVERED:
            file = FILES.get(str(detail.get("what")), Words("文件", "a file"))
            return Words(f"{zh}下载了{file.zh}", f"{en} downloaded {file.en}")
        case _:
            return Words(type, type)


def _signed(detail: Mapping[str, Any]) -> Words:
    who = detail.get("name", "")
    if "refusal" in detail:
        return Words(f"{who}拒绝签名的情况已写入文书", f"The refusal of {who} is noted in the document")
    return Words(f"{who}已签名", f"Signed by {who}", "good")


def advice(reason: str | None, *, retryable: bool) -> Words:
    """What a person can do about a document that failed."""
    if retryable:
        return Words(
            "系统已多次尝试仍未成功。请联系运维人员排除原因后重新制作（docsvc jobs retry）。",
            "The service tried several times. Ask the operator to remove the cause and retry (docsvc jobs retry).",
        )
    if reason is None:
        return Words("请联系运维人员。", "Ask the operator.")
    return Words(
        "重试不能解决此问题。请按原因修正案件内容，作废本号后重新收案；属于模板或者印章问题的，请联系运维人员。",
        "Trying again does not help. Correct the case, void this number and post anew; "
        "where the template or the seal is at fault, ask the operator.",
    )


def moment(at: dt.datetime, zone: ZoneInfo) -> str:
    """As people write it: 2026年11月22日 10:31."""
    local = at.astimezone(zone)
    return f"{day(local.date())} {local:%H:%M}"


def moment_to_second(at: dt.datetime | None, zone: ZoneInfo) -> str:
    """The same with seconds; a dash for none."""
    return "—" if at is None else f"{moment(at, zone)}:{at.astimezone(zone):%S}"


def day(date: dt.date) -> str:
    """As documents write it: 2026年9月22日."""
    return f"{date.year}年{date.month}月{date.day}日"


def split_sentence(text: str) -> Words:
    """The two halves of a sentence of ours, "没有这份文书；no such document"; else all of it is the first half."""
    halves = SENTENCE.fullmatch(text)
    return Words(halves[1], halves[2]) if halves else Words(text, "")


def split_title(title: str) -> Words:
    """The two halves of a schema's title, "当事人 Party"; one in a single language is the first half alone."""
    halves = TITLE.fullmatch(title)
    return Words(halves[1], halves[2]) if halves else Words(title, "")


SENTENCE: Final = re.compile(r"(.*[^ -~].*?)(?:；| / )([ -~’“”〔〕号0-9]*[A-Za-z][ -~’“”〔〕号]*)", re.DOTALL)
TITLE: Final = re.compile(r"(.*[^ -~]) ([ -~’]+)")
