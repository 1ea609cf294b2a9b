"""Many cases in one table, on the pages: an empty one, a filled one, its faults by row and column."""

from __future__ import annotations

import html
import io
import re
import zipfile

import pytest
from openpyxl import load_workbook
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from docsvc.domain.access import Role
from tests.support.cases import changed, sample
from tests.support.portal import action_code
from tests.support.tables import table, xlsx


def workbook(count, bad=None):
    cells = table([changed(sample("reminder"), {"action_code": action_code(n)}) for n in range(count)])
    if bad is not None:
        cells[1 + bad][cells[0].index("party.uscc")] = "91330999MA0TEXT120"
    return xlsx(cells)


def upload(visitor, raw, name="案件.XLSX", key="k"):
    return visitor.post("/batches", {"_key": key, "file": (io.BytesIO(raw), name)})


def text(page):
    return html.unescape(re.sub(r"<[^>]+>|\s+", " ", page.text))


def test_a_table_is_filled_in_sent_and_followed_to_its_end(site, officer):
    blank = officer.get("/batches/sheets/reminder.xlsx")
    assert blank.status_code == 200
    assert "filename*=UTF-8''" in blank.headers["Content-Disposition"]
    assert load_workbook(io.BytesIO(blank.data)).active["A2"].value == "doc_type"

    assert "还没有批次" in officer.get("/batches").text
    sent = upload(officer, workbook(3, bad=1))
    assert sent.status_code == 303
    place = sent.headers["Location"]
    page = officer.get(place)
    assert "逐行收案中" in page.text
    assert 'hx-trigger="every 2s"' in page.text
    assert '<meta http-equiv="refresh"' in page.text
    assert "下载全部PDF" not in page.text

    site.service.taking_in.run()
    page = officer.get(place)
    assert "制作中" in page.text
    column = load_workbook(io.BytesIO(workbook(1))).active[1]
    letter = next(cell.column_letter for cell in column if cell.value == "party.uscc")
    assert f" 3 {letter} party.uscc " in re.sub(r"\s+", " ", text(page))
    assert "G02" in page.text
    ids = re.findall(r'href="/documents/([0-9a-f-]{36})"', page.text)
    assert len(ids) == 2
    for document_id in ids:
        site.make(document_id)
    page = officer.get(place)
    assert "已完成" in page.text
    assert "every 2s" not in page.text
    taken = officer.get(f"{place}/documents.zip")
    with zipfile.ZipFile(io.BytesIO(taken.data)) as archive:
        assert len(archive.namelist()) == 2
    assert [site.events(i).count("document.delivered") for i in ids] == [1, 1]
    assert place in officer.get("/batches").text


def test_asking_with_head_takes_nothing_away(site, officer):
    place = upload(officer, workbook(1)).headers["Location"]
    site.service.taking_in.run()
    (document_id,) = re.findall(r'href="/documents/([0-9a-f-]{36})"', officer.get(place).text)
    site.make(document_id)
    for path in ("documents.zip", "print.pdf"):
        assert officer.client.head(f"{place}/{path}").status_code == 200
    assert "document.delivered" not in site.events(document_id)


def test_the_same_form_sent_twice_is_one_batch(officer):
    raw = workbook(1)
    first, again = upload(officer, raw), upload(officer, raw)
    assert first.headers["Location"] == again.headers["Location"]
    other = upload(officer, workbook(2))
    assert other.status_code == 409
    assert "请再提交一次" in other.text


@pytest.mark.parametrize(
    ("raw", "name", "status", "word"),
    [
        (b"PK", "a.xlsx", 422, "XLSX"),
        (b"a,b\n", "a.csv", 422, "doc_type"),
        (b"x", "a.pdf", 422, "请选择"),
        (b"", "", 422, "请选择"),
        (b"{}\n" * 10_001, "a.jsonl", 413, "超过10000行"),
    ],
)
def test_a_file_that_can_not_be_read_is_told_at_the_form(officer, raw, name, status, word):
    r = upload(officer, raw, name)
    assert r.status_code == status
    assert word in r.text
    assert 'type="file"' in r.text


@pytest.mark.parametrize("size", [(1 << 20) + 1, 3 << 20])
def test_a_file_that_is_too_large(make_site, size):
    visitor = make_site(max_batch_mb=1).visitor(Role.OFFICER)
    visitor.get("/verify")
    fields = {"csrf_token": visitor.token, "file": FileStorage(io.BytesIO(b" " * size), "a.csv")}
    boundary, body = encode_multipart(fields)  # the test client itself would leave a file open
    kind = f'multipart/form-data; boundary="{boundary}"'
    r = visitor.client.post("/batches", data=body, content_type=kind)
    assert r.status_code == 413
    assert "内容过大" in r.text


def test_many_faults_and_documents_stand_on_several_pages(site, officer):
    place = upload(officer, workbook(53)).headers["Location"]
    site.service.taking_in.run()
    page = officer.get(place)
    assert page.text.count('href="/documents/') == 50
    following = html.unescape(re.search(r'href="([^"]+documents=[^"]+)"', page.text)[1])
    assert officer.get(following).text.count('href="/documents/') == 3
    assert officer.get(f"{place}?documents=forged&faults=forged").text.count('href="/documents/') == 50
    assert officer.get("/batches?cursor=forged").status_code == 200


def test_a_sheet_of_nothing(officer):
    for path in ("summons.xlsx", "reminder.pdf"):
        assert officer.get(f"/batches/sheets/{path}").status_code == 404


def test_another_officers_batch_is_not_there(site, officer):
    place = upload(officer, workbook(1)).headers["Location"]
    colleague = site.visitor(Role.OFFICER)
    for path in ("", "/documents.zip", "/print.pdf"):
        assert colleague.get(place + path).status_code == 404
    assert place not in colleague.get("/batches").text
