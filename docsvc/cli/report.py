"""A verification report as text for people, Chinese first with English beside it, and as JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

from docsvc.domain.verdict import Check, Indication, Report, RevocationUse, SignatureReport
from docsvc.usecases.check_scan import ScanVerdict

HEADLINES = {
    Indication.PASSED: ("验证通过", "the document is authentic and unaltered"),
    Indication.INDETERMINATE: ("无法判定", "what is at hand does not suffice for a verdict"),
    Indication.FAILED: ("验证未通过", "do not rely on this document"),
}
SCAN_HEADLINES = {
    Indication.PASSED: ("二维码属实", "the code is genuine; compare what it says with the paper"),
    Indication.INDETERMINATE: ("无法判定", "what is at hand does not suffice for a verdict"),
    Indication.FAILED: ("二维码不实", "do not rely on this paper"),
}
EXIT = {Indication.PASSED: 0, Indication.FAILED: 1, Indication.INDETERMINATE: 2}
"""Exit codes of commands that end with a verdict."""
MARKS = {Indication.PASSED: "✓", Indication.INDETERMINATE: "?", Indication.FAILED: "✗"}
KINDS = {"signature": "电子签名 signature", "document-timestamp": "文档时间戳 document time-stamp"}
STATUSES = {"good": "有效 good", "revoked": "已吊销 revoked", "unknown": "未知 unknown"}


def report_json(report: Report) -> dict[str, Any]:
    """The report as plain JSON values; `Report.from_json` reads it back."""
    return report.as_json()


def report_text(report: Report, name: str | None = None) -> str:
    """The report in lines, ending with a newline; `name` is how the caller calls the file."""
    zh, en = HEADLINES[report.indication]
    sub = f" / {report.sub_indication}" if report.sub_indication else ""
    lines = [
        f"{MARKS[report.indication]} {zh} {report.indication}{sub} — {en}",
        *([f"文件 file: {_plain(name)}"] if name else []),
        f"SHA-256: {report.sha256}",
        f"大小 size: {report.size}",
        f"验证时间 verified at: {_moment(report.verified_at)}",
        *([f"级别 level: PAdES {report.level}"] if report.level else []),
        *(f"注意 notice: {_plain(notice)}" for notice in report.notices),
    ]
    lines += [_line(check) for check in report.checks]
    for number, signature in enumerate(report.signatures, 1):
        lines += ["", *_signature(number, signature)]
    return "\n".join(lines) + "\n"


def scan_text(verdict: ScanVerdict) -> str:
    """What is found of the code on a paper copy, and what it says; ends with a newline."""
    zh, en = SCAN_HEADLINES[verdict.indication]
    lines = [f"{MARKS[verdict.indication]} {zh} {verdict.indication} — {en}"]
    if verdict.code:
        lines += [
            f"文号 number: {_plain(verdict.code.number)}",
            f"制作日期 issue date: {verdict.code.issue_date}",
            f"机关 agency: {_plain(verdict.code.agency)}",
            f"查验地址 address: {_plain(verdict.code.address)}",
            f"要素摘要 digest of the facts: {verdict.code.digest.hex()}",
            f"密钥 key: {verdict.code.key_id.hex()}",
        ]
    return "\n".join([*lines, *map(_line, verdict.checks)]) + "\n"


def _signature(number: int, signature: SignatureReport) -> list[str]:
    kind = KINDS.get(signature.kind, signature.kind)
    sub = f" / {signature.sub_indication}" if signature.sub_indication else ""
    fields = (
        ("签名栏 field", signature.purpose),
        ("级别 level", f"PAdES {signature.level}" if signature.level else None),
        ("签名者 signer", signature.signer),
        ("颁发者 issuer", signature.issuer),
        ("证书序号 serial", signature.serial),
        ("声称时间 claimed time", _moment(signature.claimed_at)),
        ("证明时间 proven time", _moment(signature.signed_at)),
        ("时间戳机构 time-stamped by", signature.time_stamped_by),
        ("算法 algorithm", signature.algorithm),
    )
    return [
        f"[{number}] {kind} “{_plain(signature.field)}”: {signature.indication}{sub}",
        *(f"    {title}: {_plain(value)}" for title, value in fields if value),
        *(f"    {_use(use)}" for use in signature.revocation),
        *(f"    {_line(check)}" for check in signature.checks),
    ]


def _use(use: RevocationUse) -> str:
    until = f" – {_moment(use.next_update)}" if use.next_update else ""
    status = STATUSES.get(use.status, use.status)
    return f"{use.kind}: {_plain(use.certificate)} — {status} ({_moment(use.this_update)}{until})"


def _line(check: Check) -> str:
    mark = "!" if check.remark else MARKS[check.indication]
    sub = f" [{check.sub_indication}]" if check.sub_indication else ""
    number = f"{check.step:>2}." if check.step else " · "
    return f"{mark} {number} {_plain(check.message)} — {_plain(check.message_en)}{sub}"


def _moment(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain(text: str) -> str:
    """Without control and direction characters: names come out of hostile files and go to a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
