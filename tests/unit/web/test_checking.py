"""The pages for anyone: verifying a file, and the state behind the code on the paper."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import io
import re

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from docsvc.domain.document import Level, State
from docsvc.domain.errors import OverloadedError
from docsvc.domain.verdict import Check, Indication, Report, RevocationUse, SignatureReport
from tests.support.cases import sample

AT = dt.datetime(2026, 11, 22, 2, 31, 7, tzinfo=dt.UTC)
GOOD = Report(
    sha256="ab" * 32,
    size=12345,
    verified_at=AT,
    indication=Indication.PASSED,
    signatures=(
        SignatureReport(
            field="Sig1",
            kind="signature",
            indication=Indication.PASSED,
            checks=(
                Check.passed(1, "byte-range", "覆盖全文", "covers the file"),
                Check.remarked(2, "chain", "证书链可信", "the chain is trusted"),
            ),
            level=Level.B_LTA,
            signer="舟山<市>局",
            issuer="CA",
            signed_at=AT,
            claimed_at=AT,
            algorithm="RSA-2048 with SHA-256",
            serial="0a1b",
            time_stamped_by="TSA",
            revocation=(RevocationUse("OCSP", "舟山市局", "good", AT, None, "cd" * 32),),
        ),
        SignatureReport("Ts", "document-timestamp", Indication.PASSED, ()),
    ),
    checks=(Check.passed(9, "end", "覆盖到文件末尾", "reaches the end"),),
    level=Level.B_LTA,
    notices=("开发用密钥，不具有法律效力 / development keys: no legal effect",),
)


class Oracle:
    """Verifies what it is told to, and keeps what it was given."""

    def __init__(self, report):
        self.report, self.given, self.fault = report, [], None

    def verify(self, pdf, bundle=None):
        if self.fault:
            raise self.fault
        self.given.append((pdf, bundle))
        return self.report


def plain(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.text)))


@pytest.fixture
def oracle(site):
    site.service.outside = Oracle(GOOD)
    return site.service.outside


def file(data=b"%PDF-1.7", name="文书.pdf"):
    return io.BytesIO(data), name


def test_anyone_verifies_a_file(site, oracle):
    visitor = site.visitor()
    r = visitor.post("/verify", {"file": file()})
    assert r.status_code == 200
    assert oracle.given == [(b"%PDF-1.7", None)]
    text = plain(r)
    for said in (
        "验证通过：文书真实、完整",
        "TOTAL-PASSED",
        "文书.pdf",
        "ab" * 32,
        "12,345",
        "PAdES B-LTA",
        "舟山<市>局",
        "2026年11月22日 10:31:07",
        "开发用密钥，不具有法律效力 development keys",
        "覆盖全文 covers the file",
        "time-stamped by TSA",
        "RSA-2048 with SHA-256",
        "0a1b",
        "文档时间戳 Document time-stamp",
        "未提供，未检查日志",
        "覆盖到文件末尾",
        "舟山市局：有效 good",
    ):
        assert said in text, said
    assert "verdict good" in r.text
    assert "<市>" not in r.text


def test_evidence_goes_with_it(site, oracle):
    r = site.visitor().post("/verify", {"file": file(), "evidence": file(b"PK", "证据.zip")})
    assert oracle.given == [(b"%PDF-1.7", b"PK")]
    assert "已一并检查" in r.text


@pytest.mark.parametrize(
    ("indication", "sub", "words", "tone"),
    [
        (Indication.FAILED, "HASH_FAILURE", "验证未通过：请勿信赖此文件", "bad"),
        (Indication.INDETERMINATE, "NO_POE", "无法判定", "busy"),
    ],
)
def test_a_bad_verdict_has_its_word_and_its_reason(site, oracle, indication, sub, words, tone):
    check = Check("digest", indication, "内容被改动", "the content was altered", sub, 3)
    oracle.report = dataclasses.replace(
        GOOD, indication=indication, sub_indication=sub, checks=(check,), signatures=(), notices=(), level=None
    )
    r = site.visitor().post("/verify", {"file": file()})
    assert words in r.text
    assert f"{indication.value} / {sub}" in r.text
    assert f'class="verdict {tone}"' in r.text
    assert "内容被改动" in r.text


def test_a_name_full_of_tricks_is_shown_without_them(site, oracle):
    r = site.visitor().post("/verify", {"file": file(name="\u202efdp.<script>.pdf")})
    assert "<script>." not in r.text
    assert "\u202e" not in r.text
    assert oracle.given


@pytest.mark.parametrize("data", [{}, {"file": (io.BytesIO(b""), "leer.pdf")}, {"file": "no file"}])
def test_without_a_file_there_is_a_sentence_and_no_verdict(site, oracle, data):
    r = site.visitor().post("/verify", data)
    assert r.status_code == 422
    assert "请选择要验证的PDF文件" in r.text
    assert oracle.given == []


def test_a_file_that_is_too_large(make_site):
    site = make_site(max_upload_mb=1)
    site.service.outside = Oracle(GOOD)
    visitor = site.visitor()
    visitor.get("/verify")

    def send(size):
        fields = {"csrf_token": visitor.token, "file": FileStorage(io.BytesIO(b"x" * size), "x.pdf")}
        boundary, body = encode_multipart(fields)  # the test client itself would leave a file open
        kind = f'multipart/form-data; boundary="{boundary}"'
        return visitor.client.post("/verify", data=body, content_type=kind)

    assert send(1 << 20).status_code == 200
    for size in ((1 << 20) + 1, 4 << 20):
        r = send(size)
        assert r.status_code == 413
        assert "内容过大" in r.text
    assert len(site.service.outside.given) == 1


def test_verifying_too_often(make_site):
    site = make_site(rate_limit_anonymous="2/minute")
    visitor = site.visitor()
    visitor.get("/verify")
    visitor.post("/verify", {})
    assert visitor.post("/verify", {}).status_code == 429


def test_when_too_many_verify_at_once_one_is_asked_to_come_back(site, oracle):
    oracle.fault = OverloadedError("同时验证的文件过多；too many files at once")
    r = site.visitor().post("/verify", {"file": file()})
    assert r.status_code == 503
    oracle.fault = None
    assert site.visitor().post("/verify", {"file": file()}).status_code == 200


# ---- behind the code


def test_what_anyone_sees_of_a_document(site):
    row = site.recorded()
    r = site.visitor().get(f"/d/{row.id}")
    text = plain(r)
    for said in (
        "行政建议书 Administrative advice",
        "有效 In force",
        row.number,
        "舟山市示例区市场监督管理局",
        "2026年9月22日",
        row.signed_sha256,
        "舟山＊＊公司",
        "怎么核对",
    ):
        assert said in text, said
    case = sample("advice")
    for hidden in (row.party_name, case["party"]["legal_rep"], case["party"]["phone"], row.action_code):
        assert hidden not in r.text, hidden


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.ACCEPTED, "已收案"), (State.RENDERING, "制作中"), (State.SEALED, "已盖章"), (State.VOIDED, "不得使用")],
)
def test_the_state_is_said(site, state, words):
    row = site.recorded()
    site.change(row.id, state=state, reason="当事人李四的名字写错了")
    r = site.visitor().get(f"/d/{row.id}")
    assert r.status_code == 200
    assert words in r.text
    assert "李四" not in r.text  # a reason may hold names


@pytest.mark.parametrize("document_id", ["00000000-0000-4000-8000-000000000000", "x", "%00", "a" * 400])
def test_what_was_never_issued(site, document_id):
    r = site.visitor().get(f"/d/{document_id}")
    assert r.status_code == 404
    assert "未出件" in r.text
    assert "docsvc.css" in r.text


def test_a_document_that_failed_was_never_issued(site):
    row = site.service.intake.accept(sample("advice")).row
    site.change(row.id, state=State.FAILED, reason="x")
    visitor = site.visitor()
    r, unknown = visitor.get(f"/d/{row.id}"), visitor.get("/d/unknown")
    assert (r.status_code, r.text) == (404, unknown.text)
