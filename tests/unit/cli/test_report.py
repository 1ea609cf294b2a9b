"""The report as people read it."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.cli.report import report_json, report_text
from docsvc.domain.document import Level
from docsvc.domain.verdict import Check, Indication, Report, RevocationUse, SignatureReport

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def report(indication=Indication.PASSED, **fields):
    signature = SignatureReport(
        field="Seal",
        kind="signature",
        indication=indication,
        checks=(Check.passed(5, "signature-value", "相符", "it fits"), Check.remarked(9, "changes", "有", "some")),
        level=Level.B_LTA,
        signer=fields.pop("signer", "示例局"),
        issuer="示例CA",
        signed_at=NOON,
        claimed_at=NOON - dt.timedelta(seconds=2),
        algorithm="RSA-3072 with SHA-256",
        revocation=(RevocationUse("OCSP", "示例局", "good", NOON, NOON + dt.timedelta(days=1), "ab"),),
    )
    return Report("ab" * 32, 1234, NOON, indication, (signature,), (), Level.B_LTA, **fields)


@pytest.mark.parametrize(
    ("indication", "words"),
    [
        (Indication.PASSED, "✓ 验证通过 TOTAL-PASSED"),
        (Indication.INDETERMINATE, "? 无法判定 INDETERMINATE"),
        (Indication.FAILED, "✗ 验证未通过 TOTAL-FAILED"),
    ],
)
def test_the_verdict_comes_first(indication, words):
    assert report_text(report(indication)).startswith(words)


def test_what_matters_is_said():
    text = report_text(report(notices=("开发用密钥",), sub_indication="TRY_LATER"), "a.pdf")
    for part in (
        "a.pdf",
        "ab" * 32,
        "1234",
        "2026-11-22 12:00:00 UTC",
        "2026-11-22 11:59:58 UTC",
        "PAdES B-LTA",
        "示例局",
        "示例CA",
        "RSA-3072 with SHA-256",
        "OCSP",
        "有效 good",
        "TRY_LATER",
        "开发用密钥",
        "相符 — it fits",
        "!  9. 有 — some",
    ):
        assert part in text
    assert text.endswith("\n")


def test_names_from_the_file_can_not_drive_the_terminal():
    text = report_text(report(signer="evil\x1b[2J\u202egnp\n✓ 验证通过"))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n✓ 验证通过" not in text


def test_the_json_form_reads_back():
    assert Report.from_json(report_json(report())) == report()
