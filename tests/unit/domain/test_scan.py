"""The code on a document: its one form, byte for byte, and what is not one."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.errors import UsageError
from docsvc.domain.scan import (
    FACTS,
    LONGEST_CODE,
    SHOWN,
    OtherVersionError,
    ScanCode,
    ScanCodeError,
    UnsignedCodeError,
    facts_digest,
    normal,
    printed_facts,
    scan_address,
)
from tests.support.drafts import sample

ADDRESS = "https://a.example/d/f00d"
PAPER = {
    "number": "舟示市监行建〔2026〕25号",
    "title": "行政建议书",
    "agency": "舟山市示例区市场监督管理局",
    "issue_date": "2026-09-22",
    "party": "舟山示例鲜多多水产品有限公司",
    "action_code": "13309992600031",
}
CODE = dataclasses.replace(ScanCode.of(ADDRESS, b"\1\2\3\4", PAPER), signature=b"s" * 64)


def digits(data: bytes) -> str:
    return f"{ADDRESS}#{int.from_bytes(data)}"


def test_each_document_has_its_own_page_at_the_service():
    assert scan_address("https://a.example", "f00d") == "https://a.example/d/f00d"
    assert scan_address("https://a.example:8443/docs", "f00d") == "https://a.example:8443/docs/d/f00d"


def test_the_facts_are_those_on_the_face_of_the_paper():
    assert printed_facts(sample("advice")) == PAPER


def test_the_digest_is_that_of_canonical_json():
    written = (
        '{"action_code":"13309992600031","agency":"舟山市示例区市场监督管理局","issue_date":"2026-09-22",'
        '"number":"舟示市监行建〔2026〕25号","party":"舟山示例鲜多多水产品有限公司","title":"行政建议书"}'
    )
    assert facts_digest(PAPER) == hashlib.sha256(written.encode()).digest()[:20]
    assert facts_digest({**PAPER, "issue_date": " 2026年9月22日"}) == facts_digest(PAPER)
    assert facts_digest({**PAPER, "party": "Café"}) == facts_digest({**PAPER, "party": "Cafe\u0301 "})


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_counts(name):
    other = {**PAPER, name: "2026-09-23" if name == "issue_date" else PAPER[name] + "x"}
    assert facts_digest(other) != facts_digest(PAPER)


@pytest.mark.parametrize("text", ["", "2026", "2026-9-22", "2026年13月1日", "2026-02-30", "二〇二六年九月二十二日"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(UsageError, match="no date"):
        normal("issue_date", text)


def test_the_bytes_are_those_that_are_documented():
    number, agency = PAPER["number"].encode(), PAPER["agency"].encode()
    body = b"\1" + b"\1\2\3\4" + b"\x20\x26\x09\x22" + facts_digest(PAPER)
    body += bytes([len(number)]) + number + bytes([len(agency)]) + agency
    assert CODE.text == digits(body + b"s" * 64)
    assert CODE.message == b"docsvc.scan/1\nhttps://a.example/d/f00d\n" + body
    assert ScanCode.parse(CODE.text) == CODE


@given(st.text(st.characters(codec="utf-8"), max_size=50), st.text(max_size=120).filter(lambda t: t.isprintable()))
def test_what_is_written_is_read(number, agency):
    code = dataclasses.replace(
        ScanCode.of(ADDRESS, bytes(4), {**PAPER, "number": number, "agency": agency}), signature=bytes(64)
    )
    assert len(code.agency) <= SHOWN
    assert ScanCode.parse(code.text) == code


def test_an_address_alone_is_a_code_without_signed_facts():
    with pytest.raises(UnsignedCodeError):
        ScanCode.parse(ADDRESS)


@pytest.mark.parametrize("version", [0x02, 0xFF])
def test_another_version_is_told_from_a_broken_code(version):
    with pytest.raises(OtherVersionError, match=str(version)):
        ScanCode.parse(digits(bytes([version]) + bytes(100)))


WHOLE = CODE.body + CODE.signature


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "#1",
        f"{ADDRESS}#",
        f"{ADDRESS}#x",
        f"{ADDRESS}#0{CODE.text.partition('#')[2]}",
        f"{CODE.text} ",
        f"{CODE.text}\n",
        f"{CODE.text}#1",
        f"{ADDRESS}#-1",
        f"{ADDRESS}#१२३",
        f"javascript:alert(1)//d/f00d#{CODE.text.partition('#')[2]}",
        CODE.text.replace("a.example", "a example"),
        CODE.text.replace("a.example", "a\x1b.example"),
        CODE.text.replace("/d/", "/x/"),
        digits(b"\1"),
        digits(b"\1" + bytes(64)),
        digits(WHOLE[:9] + WHOLE[10:]),
        digits(WHOLE[:-1]),
        digits(CODE.body + b"\0" + CODE.signature),
        digits(WHOLE.replace(b"\x20\x26\x09\x22", b"\x20\x26\x13\x22")),
        digits(WHOLE.replace(b"\x20\x26\x09\x22", b"\x20\x2a\x09\x22")),
        digits(WHOLE.replace(PAPER["number"].encode()[:1], b"\xff", 1)),
        f"{ADDRESS}#{'9' * 10_000_000}",
        f"{ADDRESS}{'x' * LONGEST_CODE}#1",
        "https://" + "/d/" * 1_000_000,
    ],
    ids=str.__len__,
)
def test_what_is_no_code_is_refused_at_once(text):
    with pytest.raises(ScanCodeError) as refused:
        ScanCode.parse(text)
    assert len(str(refused.value)) < 200


@given(st.binary(min_size=1, max_size=300))
def test_no_bytes_are_read_but_as_the_code_that_they_are(data):
    text = digits(data)
    try:
        code = ScanCode.parse(text)
    except ScanCodeError:
        return
    assert code.text == text
