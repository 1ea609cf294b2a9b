"""The verdict on a code: who signed it, whether it was altered, and whether the paper says the same."""

from __future__ import annotations

import dataclasses

import pytest

from docsvc.adapters.notary import KeyFileScanSigner, TrustedScanKeys, create_scan_key
from docsvc.domain.errors import UsageError
from docsvc.domain.scan import SHOWN, ScanCode
from docsvc.domain.verdict import Indication
from docsvc.usecases.check_scan import check_scan

ADDRESS = "https://a.example/d/f00d"
PAPER = {
    "number": "舟示市监行建〔2026〕25号",
    "title": "行政建议书",
    "agency": "舟山市示例区市场监督管理局",
    "issue_date": "2026-09-22",
    "party": "舟山示例鲜多多水产品有限公司",
    "action_code": "13309992600031",
}
PASSED, FAILED, UNSURE = Indication.PASSED, Indication.FAILED, Indication.INDETERMINATE


@pytest.fixture
def signer(tmp_path):
    create_scan_key(tmp_path)
    return KeyFileScanSigner(tmp_path / "scan.key")


@pytest.fixture
def keys(tmp_path, signer):  # noqa: ARG001 - making the signer writes its public key
    return TrustedScanKeys([tmp_path / "scan.pub"])


def signed(signer, facts=PAPER, address=ADDRESS):
    code = ScanCode.of(address, signer.key_id, facts)
    return dataclasses.replace(code, signature=signer.sign(code.message))


def found(text, keys, facts=None):
    verdict = check_scan(text, keys, facts)
    last = verdict.checks[-1]
    return verdict.indication, last.name, last.sub_indication


def test_a_trusted_signature_holds_and_the_facts_are_told(signer, keys):
    verdict = check_scan(signed(signer).text + "\n", keys)
    assert verdict.indication is PASSED
    assert [c.step for c in verdict.checks] == [1, 2]
    assert (verdict.code.number, verdict.code.agency) == (PAPER["number"], PAPER["agency"])


@pytest.mark.parametrize(
    "change",
    [
        {"number": "舟示市监行建〔2026〕26号"},
        {"agency": "舟山市示例区综合行政执法局"},
        {"issue_date": "2026-09-23"},
        {"digest": bytes(20)},
        {"address": "https://b.example/d/f00d"},
        {"address": "https://a.example/d/f00e"},
        {"signature": bytes(64)},
    ],
    ids=str,
)
def test_a_fact_that_was_altered_breaks_the_signature(signer, keys, change):
    code = dataclasses.replace(signed(signer), **change)
    assert found(code.text, keys) == (FAILED, "code-signature", "SIG_CRYPTO_FAILURE")


def test_no_octet_can_be_altered(signer, keys):
    code = signed(signer)
    data = code.body + code.signature
    for place in range(len(data)):
        other = bytearray(data)
        other[place] ^= 1
        assert check_scan(f"{ADDRESS}#{int.from_bytes(other)}", keys).indication is not PASSED, place


def test_another_key_is_not_trusted_and_can_not_take_ours_id(tmp_path, signer, keys):
    (tmp_path / "other").mkdir()
    create_scan_key(tmp_path / "other")
    other = KeyFileScanSigner(tmp_path / "other" / "scan.key")
    assert found(signed(other).text, keys) == (UNSURE, "code-signature", "NO_CERTIFICATE_CHAIN_FOUND")
    assert found(signed(signer).text, TrustedScanKeys([]))[0] is UNSURE
    code = ScanCode.of(ADDRESS, signer.key_id, PAPER)
    forged = dataclasses.replace(code, signature=other.sign(code.message))
    assert found(forged.text, keys) == (FAILED, "code-signature", "SIG_CRYPTO_FAILURE")


def test_a_code_of_a_key_before_holds_beside_one_of_today(tmp_path, signer):
    before = signed(signer)
    (tmp_path / "scan.key").rename(tmp_path / "old.key")
    create_scan_key(tmp_path)
    today = signed(KeyFileScanSigner(tmp_path / "scan.key"))
    assert today.key_id != before.key_id
    keys = TrustedScanKeys(sorted(tmp_path.glob("scan*.pub")))
    assert [check_scan(code.text, keys).indication for code in (before, today)] == [PASSED, PASSED]
    assert found(before.text, TrustedScanKeys([tmp_path / "scan.pub"]))[0] is UNSURE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ADDRESS, (UNSURE, "code-form", "NO_POE")),
        (f"{ADDRESS}#{int.from_bytes(bytes([2]) + bytes(99))}", (UNSURE, "code-form", "NO_POE")),
        ("garbage", (FAILED, "code-form", "FORMAT_FAILURE")),
        (f"{ADDRESS}#{'7' * 5_000_000}", (FAILED, "code-form", "FORMAT_FAILURE")),
    ],
    ids=["unsigned", "version", "garbage", "long"],
)
def test_what_can_not_be_read_has_a_verdict(keys, text, expected):
    assert found(text, keys) == expected


def test_the_paper_is_compared_by_the_digest_of_all_its_facts(signer, keys):
    text = signed(signer).text
    assert check_scan(text, keys, PAPER).indication is PASSED
    assert len(check_scan(text, keys, PAPER).checks) == 3
    needed = {name: PAPER[name] for name in ("title", "party", "action_code")}
    assert check_scan(text, keys, needed).indication is PASSED
    assert check_scan(text, keys, {**PAPER, "issue_date": "2026年9月22日"}).indication is PASSED


@pytest.mark.parametrize("name", sorted(PAPER))
def test_a_paper_that_says_otherwise_is_found_out(signer, keys, name):
    other = {**PAPER, name: "2026-09-21" if name == "issue_date" else PAPER[name][:-1]}
    assert found(signed(signer).text, keys, other) == (FAILED, "code-facts", "HASH_FAILURE")


def test_too_few_facts_decide_nothing_unless_one_is_wrong(signer, keys):
    text = signed(signer).text
    assert found(text, keys, {"party": PAPER["party"]}) == (UNSURE, "code-facts", "NO_POE")
    assert found(text, keys, {"number": PAPER["number"]}) == (UNSURE, "code-facts", "NO_POE")
    assert found(text, keys, {"number": "舟示市监行建〔2026〕1号"}) == (FAILED, "code-facts", "HASH_FAILURE")


def test_a_long_name_of_an_agency_is_shown_in_part_and_signed_whole(signer, keys):
    long = {**PAPER, "agency": "某" * (SHOWN + 20)}
    text = signed(signer, long).text
    assert check_scan(text, keys).code.agency == "某" * SHOWN
    assert check_scan(text, keys, long).indication is PASSED
    unnamed = {name: value for name, value in long.items() if name != "agency"}
    assert found(text, keys, unnamed) == (UNSURE, "code-facts", "NO_POE")
    cut = {**long, "agency": "某" * (SHOWN + 19)}
    assert found(text, keys, cut) == (FAILED, "code-facts", "HASH_FAILURE")


def test_a_fact_that_no_code_holds_is_wrong_usage(signer, keys):
    with pytest.raises(UsageError, match="action_code"):
        check_scan(signed(signer).text, keys, {"colour": "red"})
