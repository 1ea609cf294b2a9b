"""Finding documents, looking at one, taking files away, voiding."""

from __future__ import annotations

import hashlib
import html
import json
import re

import pytest

from docsvc.domain.access import Role
from docsvc.domain.document import State
from docsvc.domain.leaf import DELIVERED
from tests.support.cases import sample
from tests.support.portal import PNG, action_code, numbered


def plain(response):
    """What people read."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.text)))


def listed(response):
    return re.findall(r'<a href="/documents/[0-9a-f-]{36}">([^<]+)</a>', response.text)


def test_the_first_page_shows_the_newest(site, officer):
    rows = [site.recorded(action_code=action_code(n)) for n in range(10)]
    r = officer.get("/")
    assert listed(r) == [row.number for row in reversed(rows)][:8]
    assert 'role="search"' in r.text


def test_anyone_is_told_what_this_is(site):
    r = site.visitor().get("/")
    assert "验证文件" in r.text
    assert 'role="search"' not in r.text


@pytest.fixture
def three(site):
    return [
        site.recorded(),
        site.recorded(doc_type="reminder"),
        site.service.intake.accept(numbered(3)).row,
    ]


SEARCHES = [
    ("", {0, 1, 2}),
    ("number=2号", {2}),
    ("number=行建", {0, 2}),
    ("party=鲜多多", {0, 1, 2}),
    ("party=无此人", set()),
    ("type=reminder", {1}),
    ("state=accepted", {2}),
    ("state=recorded&type=advice", {0}),
    ("from=2026-09-25", {1}),
    ("to=2026-09-22", {0, 2}),
    ("from=2026-09-22&to=2026-09-28", {0, 1, 2}),
    ("from=2026-09-29", set()),
    ("state=nonsense&type=", {0, 1, 2}),
    ("number=%25", set()),
    ("number=%00", set()),
    ("party=%27%20OR%201=1", set()),
    ("cursor=forged", {0, 1, 2}),
]


def test_searching(officer, three):
    for asked, found in SEARCHES:
        r = officer.get(f"/documents?{asked}")
        assert r.status_code == 200, asked
        assert set(listed(r)) == {three[n].number for n in found}, asked


def test_a_date_that_is_none_is_said_and_the_rest_is_found(officer, three):
    r = officer.get("/documents?from=yesterday&type=reminder")
    assert "“yesterday”不是日期" in html.unescape(r.text)
    assert listed(r) == [three[1].number]


def test_what_was_asked_stands_in_the_form(officer, three):
    r = officer.get('/documents?party="><script>&state=accepted&from=2026-01-01')
    assert "<script>&" not in r.text
    assert html.escape('"><script>', quote=True).replace("&quot;", "&#34;") in r.text
    assert '<option value="accepted" selected>' in r.text
    assert 'value="2026-01-01"' in r.text
    assert three


def test_pages_follow_each_other_without_gaps(site, officer):
    made = [site.service.intake.accept(numbered(n)).row.number for n in range(47)]
    r, seen = officer.get("/documents?type=advice"), []
    while True:
        seen += listed(r)
        following = re.search(r'<a href="([^"]+cursor=[^"]+)"', r.text)
        if following is None:
            break
        r = officer.get(html.unescape(following[1]))
    assert seen == made[::-1]
    assert "回到最新" in r.text


def test_a_list_with_something_in_the_making_refreshes_itself(site, officer):
    assert 'hx-trigger="every' not in officer.get("/documents").text
    row = site.service.intake.accept(sample("advice")).row
    r = officer.get("/documents?party=鲜多多")
    refreshed = html.unescape(re.search(r'id="results"[^>]* hx-get="([^"]+)"', r.text)[1])
    assert listed(officer.get(refreshed)) == [row.number]
    site.make(row.id)
    assert 'hx-trigger="every' not in officer.get("/documents").text


# ---- one document


def test_a_recorded_document(site, officer):
    row = site.recorded()
    r = officer.get(f"/documents/{row.id}")
    text = plain(r)
    for said in (
        row.number,
        row.party_name,
        "有效 In force",
        "舟山市示例区市场监督管理局",
        "2026年9月22日",
        row.signed_sha256,
        row.action_code,
        "第1条 leaf 1 of 2",
        "PAdES B-B",
        f"{row.size:,} 字节",
    ):
        assert said in text, said
    pictures = re.findall(r'<img src="(/documents/[^"]+)" alt="([^"]+)"([^>]*)>', r.text)
    assert [p[1] for p in pictures] == [f"{row.number} 第1页，共2页", f"{row.number} 第2页，共2页"]
    assert 'loading="lazy"' not in pictures[0][2]
    assert 'loading="lazy"' in pictures[1][2]
    assert "hx-trigger" not in r.text


def test_one_in_the_making_refreshes_itself_with_and_without_script(site, officer):
    row = site.service.intake.accept(sample("advice")).row
    r = officer.get(f"/documents/{row.id}")
    assert re.search(r'id="document" hx-get="/documents/[^"]+" hx-trigger="every 1s"', r.text)
    assert '<noscript><meta http-equiv="refresh"' in r.text
    assert "已收案，待制作" in r.text
    assert "/files/pdf" not in r.text
    site.make(row.id, record=False)
    r = officer.get(f"/documents/{row.id}")
    assert "待入日志" in r.text
    assert "/files/pdf" in r.text
    assert "/files/evidence" not in r.text


def test_a_failed_one_says_why_and_what_to_do(site, officer):
    row = site.service.intake.accept(sample("advice")).row
    site.change(row.id, state=State.FAILED, reason="字体缺字；a glyph is missing", retryable=False)
    text = plain(officer.get(f"/documents/{row.id}"))
    assert "制作失败" in text
    assert "字体缺字 a glyph is missing" in text
    assert "作废本号后重新收案" in text
    site.change(row.id, reason="存储不可用", retryable=True)
    assert "docsvc jobs retry" in plain(officer.get(f"/documents/{row.id}"))


def test_one_that_is_tried_again_says_why(site, officer):
    row = site.service.intake.accept(sample("advice")).row
    site.change(row.id, reason="存储暂不可用", retryable=True, attempts=1)
    assert "上一次尝试未成功，将自动重试" in plain(officer.get(f"/documents/{row.id}"))


def test_warnings_and_a_level_that_was_not_reached_are_shown(site, officer):
    row = site.recorded(doc_type="no_penalty_decision")
    site.change(row.id, shortfall="时间戳机构没有应答")
    text = plain(officer.get(f"/documents/{row.id}"))
    assert "舟示市监诺〔2026〕12号不是本系统出具的文书" in text
    assert "时间戳机构没有应答" in text


def test_an_sm2_copy_is_offered_where_there_is_one(site, officer):
    row = site.recorded()
    assert "SM2" not in plain(officer.get(f"/documents/{row.id}"))
    copy = site.office.copy_in_sm2(row)
    text = plain(officer.get(f"/documents/{row.id}"))
    assert "下载国密SM2副本" in text
    assert "另以国密SM2签名制作副本（不是PAdES）" in text
    assert officer.get(f"/documents/{row.id}/files/sm2").data == copy


def test_history_in_plain_words(site, officer):
    document_id = officer.post("/new/json", {"text": json_of("advice")}).headers["Location"].rpartition("/")[2]
    site.make(document_id)
    officer.get(f"/documents/{document_id}/files/pdf")
    auditor = site.visitor(Role.AUDITOR)
    auditor.get(f"/documents/{document_id}/files/evidence")
    officer.get("/verify")
    officer.post(f"/documents/{document_id}/void", {"reason": "名称有误", "sure": "yes"})
    site.office.sequence()
    r = officer.get(f"/documents/{document_id}")
    text = plain(r)
    number = site.office.row(document_id).number
    sentences = [
        f"由{officer.name}收案，编号{number} Accepted by {officer.name}, numbered {number} 日志第0条",
        "制作完成，盖章并经自动验证",
        f"{officer.name}下载了PDF文书 {officer.name} downloaded the signed PDF 日志第2条",
        f"{auditor.name}下载了证据包",
        f"由{officer.name}作废，理由：名称有误",
    ]
    places = [text.find(s) for s in sentences]
    assert -1 not in places, places
    assert places == sorted(places)
    assert re.search(r"20\d\d年\d+月\d+日 \d\d:\d\d", text)


def json_of(doc_type):
    return json.dumps(sample(doc_type), ensure_ascii=False)


@pytest.mark.parametrize("document_id", ["unknown", "00000000-0000-4000-8000-000000000000", "a" * 300, "%00"])
def test_a_document_that_there_is_not(officer, document_id):
    for page in ("", "/void", "/pages/1.png", "/files/pdf"):
        assert officer.get(f"/documents/{document_id}{page}").status_code == 404


# ---- files


def test_files_are_given_out_as_they_were_stored_and_each_time_is_an_event(site, officer):
    row = site.recorded()
    for kind, ending, media_type in (
        ("pdf", ".pdf", "application/pdf"),
        ("docx", ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("evidence", ".evidence.zip", "application/zip"),
    ):
        before = site.events(row.id).count(DELIVERED)
        r = officer.get(f"/documents/{row.id}/files/{kind}")
        assert (r.status_code, r.mimetype) == (200, media_type)
        assert r.headers["Content-Disposition"].startswith("attachment")
        assert "filename*=UTF-8''%E8%88%9F" in r.headers["Content-Disposition"]
        assert r.headers["Content-Disposition"].endswith(ending)
        assert site.events(row.id).count(DELIVERED) == before + 1
    pdf = officer.get(f"/documents/{row.id}/files/pdf").data
    assert hashlib.sha256(pdf).hexdigest() == row.signed_sha256


def test_asking_about_a_file_takes_nothing_away(site, officer):
    row = site.recorded()
    r = officer.client.head(f"/documents/{row.id}/files/pdf", buffered=True)
    assert r.status_code == 200
    assert int(r.headers["Content-Length"]) == row.size
    assert DELIVERED not in site.events(row.id)


@pytest.mark.parametrize("part", ["bytes=0-9", "bytes=99999999-"])
def test_a_file_is_given_out_whole_or_not_at_all(site, officer, part):
    row = site.recorded()
    r = officer.get(f"/documents/{row.id}/files/pdf", Range=part)
    assert r.status_code == 200
    assert hashlib.sha256(r.data).hexdigest() == row.signed_sha256
    assert site.events(row.id)[-1] == DELIVERED


def test_looking_at_pages_is_no_event(site, officer):
    row = site.recorded()
    r = officer.get(f"/documents/{row.id}/pages/2.png")
    assert r.data == PNG + b"2 at 1100"
    assert r.mimetype == "image/png"
    assert officer.get(f"/documents/{row.id}/pages/3.png").status_code == 404
    assert officer.get(f"/documents/{row.id}/pages/0.png").status_code == 404
    assert DELIVERED not in site.events(row.id)


def test_a_file_that_is_not_made_yet_and_a_kind_that_there_is_not(site, officer):
    row = site.service.intake.accept(sample("advice")).row
    assert officer.get(f"/documents/{row.id}/files/pdf").status_code == 409
    assert officer.get(f"/documents/{row.id}/files/exe").status_code == 404


def test_an_altered_file_is_given_to_nobody_and_the_page_still_stands(site, officer):
    row = site.recorded()
    path = next(p for p in site.office.store_path.rglob(f"*{row.signed_sha256[4:]}*") if p.is_file())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")
    r = officer.get(f"/documents/{row.id}/files/pdf")
    assert r.status_code == 500
    assert "存储的文件已被改动，不予提供" in r.text
    r = officer.get(f"/documents/{row.id}")
    assert r.status_code == 200
    assert "还没有可以显示的页面" in r.text
    assert DELIVERED not in site.events(row.id)


# ---- voiding


def test_voiding_asks_for_a_reason_and_whether_it_is_meant(site, officer):
    row = site.recorded()
    path = f"/documents/{row.id}/void"
    assert "不可撤销" in officer.get(path).text
    for given, said in (
        ({"sure": "yes"}, "作废理由须为1至500个可见字符"),
        ({"sure": "yes", "reason": " "}, "作废理由"),
        ({"sure": "yes", "reason": "x" * 501}, "作废理由"),
        ({"reason": "名称有误"}, "请确认作废不可撤销"),
    ):
        r = officer.post(path, given)
        assert r.status_code == 422
        assert said in r.text
        assert given.get("reason", "").strip() in r.text
    assert site.state(row.id) is State.RECORDED
    r = officer.post(path, {"reason": "名称有误", "sure": "yes"})
    assert (r.status_code, r.headers["Location"]) == (303, f"/documents/{row.id}")
    text = plain(officer.get(f"/documents/{row.id}"))
    assert "已作废" in text
    assert "名称有误" in text
    r = officer.post(path, {"reason": "另有理由", "sure": "yes"})
    assert r.status_code == 409
    assert "已因其他理由作废" in r.text


def test_a_joint_document_s_page_names_every_agency_that_sealed(site, officer):
    row = site.recorded(3, "interview_notice")
    assert "舟山市示例区市场监督管理局、舟山市示例区综合行政执法局" in plain(officer.get(f"/documents/{row.id}"))
