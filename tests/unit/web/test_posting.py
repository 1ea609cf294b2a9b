"""Posting by form and by JSON: what arrives, what is refused and how that is said, nothing twice."""

from __future__ import annotations

import html
import io
import json
import re
import threading

import pytest

from docsvc.domain.access import Role
from docsvc.domain.errors import StillRunningError
from docsvc.web.form import Form
from tests.support.cases import FOLDER, TYPES, changed, sample
from tests.support.portal import action_code

FIELD = re.compile(
    r'<(?:input|textarea|select)\s[^>]*?name="(/[^"]+)"[^>]*?>(?:(.*?)</(?:textarea|select)>)?', re.DOTALL
)


def typed(case):
    """The form fields of a case, as a browser posts them."""
    form = Form(FOLDER.get(case["doc_type"]).schema)
    return {f.pointer: f.value for f in form.fields(form.typed(case)).walk() if f.kind not in {"group", "rows"}}


def shown(response):
    """What stands in the fields of a form that came back."""
    values = {}
    for tag in re.finditer(
        r"<(input|textarea|select)\s([^>]*)>(.*?)(?=<(?:input|textarea|select|/form)\b)", response.text, re.DOTALL
    ):
        name = re.search(r'name="(/[^"]+)"', tag[2])
        if name is None:
            continue
        match tag[1]:
            case "input":
                found = re.search(r'value="([^"]*)"', tag[2])
            case "textarea":
                found = re.match(r"\n?(.*?)</textarea>", tag[3], re.DOTALL)
            case _:
                found = re.search(r'<option value="([^"]*)" selected', tag[3])
        values[name[1]] = html.unescape(found[1]) if found else ""
    return values


def key_of(response):
    return re.search(r'name="_key" value="([^"]+)"', response.text)[1]


def document_of(response):
    assert response.status_code == 303, re.sub(r"<[^>]+>", " ", response.text)[:2000]
    return response.headers["Location"].rpartition("/")[2]


def arrived(site, document_id):
    return json.loads(site.office.row(document_id).case_json)


def told(value):
    """Without what says nothing: null, and empty optional lists."""
    if isinstance(value, dict):
        return {k: told(v) for k, v in value.items() if v is not None and v != []}
    return [told(v) for v in value] if isinstance(value, list) else value


def count(site):
    with site.office.database.read() as tx:
        return sum(tx.documents.count_by_state().values())


# ---- by form


@pytest.mark.parametrize("doc_type", TYPES)
def test_every_valid_case_can_be_typed(site, doc_type):
    visitor = site.visitor(Role.OFFICER, None)
    for n, path in enumerate(sorted((FOLDER._path / doc_type / "cases").glob("valid-*.json"))):
        case = changed(json.loads(path.read_text()), {"action_code": action_code(n)})
        page = visitor.get(f"/new/{doc_type}")
        r = visitor.post(f"/new/{doc_type}", typed(case) | {"_key": key_of(page)})
        assert told(arrived(site, document_of(r))) == told(case)


def test_the_choice_of_types(officer):
    text = officer.get("/new").text
    assert [t for t in TYPES if f'href="/new/{t}"' in text] == list(TYPES)


def test_an_empty_form_offers_what_is_usual(officer):
    r = officer.get("/new/advice")
    values = shown(r)
    assert values["/agency"] == "demo-market"
    assert values["/body/voluntary_notice"].startswith("本建议不具有强制力")
    assert {"/officers/0/name", "/officers/1/name", "/body/suggestions/0"} <= values.keys()
    assert "/officers/2/name" not in values
    assert "/schema" not in values  # constants are the service's
    assert "/body/remedies" not in values  # what must not stand there is not asked for
    assert 'type="date"' in r.text
    assert "demo-enforcement" not in r.text


def test_an_officer_of_all_agencies_chooses_one(site):
    visitor = site.visitor(Role.OFFICER, None)
    r = visitor.get("/new/advice")
    assert shown(r)["/agency"] == ""
    assert '<option value="demo-enforcement">舟山市示例区综合行政执法局</option>' in r.text


def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(site, officer):
    case = changed(
        sample("advice"),
        {"party/uscc": "91330999MA0TEXT12X", "party/name": "甲<b>&“公司”", "issue_date": "2026-02-30"},
    )
    sent = typed(case)
    page = officer.get("/new/advice")
    r = officer.post("/new/advice", sent | {"_key": key_of(page)})
    assert r.status_code == 422
    assert count(site) == 0
    assert shown(r) == sent
    assert "<b>" not in r.text.replace("<b>有", "").replace("<b>" + officer.name, "")
    at = re.search(r'<input id="f-issue_date"[^>]*>', r.text)[0]
    assert 'aria-invalid="true"' in at
    assert "autofocus" in at
    assert 'aria-describedby="f-issue_date-wrong"' in at
    assert 'type="date"' not in at  # it would show nothing
    said = re.search(r'id="f-issue_date-wrong">(.*?)</span>\s*</div>', r.text, re.DOTALL)[1]
    assert "不是真实存在的日期" in said
    assert "not a real date" in said
    assert "<code>G05</code>" in said
    assert '<a href="#f-issue_date">成文日期</a>' in r.text
    assert r.text.count("autofocus") == 1
    # The schema speaks first; when the shape is right, the rules do.
    r = officer.post("/new/advice", sent | {"/issue_date": "2026-09-22", "_key": key_of(r)})
    assert r.status_code == 422
    assert "<code>G02</code>" in r.text
    assert '<a href="#f-party-uscc">当事人 › 统一社会信用代码</a>' in r.text
    corrected = sent | {"/issue_date": "2026-09-22", "/party/uscc": "91330999MA0TEXT12Y", "_key": key_of(r)}
    corrected["/party/name"] = "舟山示例鲜多多水产品有限公司"
    document_of(officer.post("/new/advice", corrected))
    assert count(site) == 1


def test_an_empty_form_says_all_that_is_missing_by_name(officer):
    page = officer.get("/new/advice")
    r = officer.post("/new/advice", shown(page) | {"_key": key_of(page)})
    assert r.status_code == 422
    assert "缺少必填项“案件名称”" in r.text
    assert "“case_no”" not in r.text
    assert "/officers/1/name" in shown(r)  # empty rows are still there to be filled
    assert "/body/suggestions/0" in shown(r)
    assert '<a href="#f-body-suggestions">文书内容 › 建议内容</a>' in r.text


def test_codes_in_a_rules_words_are_told_in_words(officer):
    case = changed(sample("advice"), {"party/legal_rep": "", "party/uscc": ""})
    r = officer.post("/new/advice", typed(case))
    assert "下列各项缺少或者不应出现：统一社会信用代码、法定代表人（负责人）" in r.text


def test_a_fault_at_a_row_is_shown_at_that_row_though_empty_ones_stand_before_it(officer):
    case = sample("advice")
    sent = typed(case)
    first = {k: v for k, v in sent.items() if not k.startswith("/body/legal_basis/")}
    rows = {"/body/legal_basis/0/law": "", "/body/legal_basis/0/article": " ", "/body/legal_basis/0/note": ""}
    rows |= {"/body/legal_basis/7/law": "中华人民共和国虚构法", "/body/legal_basis/7/article": "第一条"}
    r = officer.post("/new/advice", first | rows)
    assert r.status_code == 422
    assert shown(r)["/body/legal_basis/0/law"] == "中华人民共和国虚构法"
    assert "/body/legal_basis/1/law" not in shown(r)
    at = re.search(r'id="f-body-legal_basis-0-law"[^>]*>', r.text)[0]
    assert 'aria-invalid="true"' in at


def test_rows_are_added_and_taken_away_and_nothing_typed_is_lost(site, officer):
    sent = typed(sample("advice")) | {"/party/name": "半途"}
    page = officer.get("/new/advice")
    key = key_of(page)
    r = officer.post("/new/advice", sent | {"_add": "/body/suggestions", "_key": key})
    assert r.status_code == 200
    assert shown(r) == sent | {"/body/suggestions/3": ""}
    assert key_of(r) == key
    r = officer.post("/new/advice", shown(r) | {"_remove": "/officers/0", "_key": key})
    left = shown(r)
    assert left["/officers/0/name"] == "王测乙"
    assert "/officers/1/name" not in left
    assert left["/party/name"] == "半途"
    for nonsense in (
        "/nowhere",
        "/party",
        "/officers/99",
        "officers",
        "",
        "/officers/x/name",
        "/body/suggestions/0/0",
    ):
        r = officer.post("/new/advice", left | {"_add": nonsense, "_remove": nonsense, "_key": key})
        assert r.status_code in {200, 422}
    assert count(site) == 0


def test_rows_without_end_are_cut_off(officer):
    many = {f"/officers/{n}/name": "甲" for n in range(3000)}
    r = officer.post("/new/advice", many | {"_add": "/officers"})
    assert r.status_code == 200
    assert "/officers/1000/name" in shown(r)
    assert "/officers/1001/name" not in shown(r)


def test_lines_end_as_in_json(site, officer):
    case = changed(sample("advice"), {"body/problem": "第一行\n第二行"})
    sent = typed(case) | {"/body/problem": "第一行\r\n第二行"}
    assert arrived(site, document_of(officer.post("/new/advice", sent)))["body"]["problem"] == "第一行\n第二行"


def test_warnings_are_shown_when_the_case_was_taken(site):
    officer = site.visitor(Role.OFFICER, None)
    r = officer.post("/new/no_penalty_decision", typed(sample("no_penalty_decision")))
    page = officer.get(r.headers["Location"])
    assert "已收案，编号 舟示市监不罚〔2026〕1号" in page.text
    assert "舟示市监诺〔2026〕12号不是本系统出具的文书" in page.text
    assert "已收案，编号" not in officer.get(r.headers["Location"]).text  # said once


@pytest.mark.parametrize("doc_type", ["unknown", "..", "json/x"])
def test_a_type_that_there_is_not(officer, doc_type):
    assert officer.get(f"/new/{doc_type}").status_code == 404
    assert officer.post(f"/new/{doc_type}").status_code == 404


# ---- once


def test_a_form_sent_twice_is_one_document(site, officer):
    page = officer.get("/new/advice")
    sent = typed(sample("advice")) | {"_key": key_of(page)}
    assert document_of(officer.post("/new/advice", sent)) == document_of(officer.post("/new/advice", sent))
    assert count(site) == 1


def test_two_clicks_at_once_are_one_document_and_both_lead_to_it(site, officer):
    page = officer.get("/new/advice")
    sent = typed(sample("advice")) | {"_key": key_of(page), "csrf_token": officer.token}
    cookie = officer.client.get_cookie("docsvc").value, officer.client.get_cookie("docsvc-form").value
    answers = []

    def click():
        client = site.browser()
        client.set_cookie("docsvc", cookie[0])
        client.set_cookie("docsvc-form", cookie[1])
        answers.append(client.post("/new/advice", data=sent))

    threads = [threading.Thread(target=click) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({document_of(r) for r in answers}) == 1
    assert count(site) == 1


def test_a_click_that_outlasts_all_patience_is_told_so(site, officer, monkeypatch):
    def runs(*_):
        raise StillRunningError("仍在处理；still runs")

    monkeypatch.setattr("docsvc.web.posting.PAUSE_S", 0)
    monkeypatch.setattr(type(site.service.reception), "post", runs)
    assert officer.post("/new/advice", typed(sample("advice"))).status_code == 409


def test_a_form_changed_after_it_was_taken_is_asked_about(site, officer):
    page = officer.get("/new/advice")
    sent = typed(sample("advice")) | {"_key": key_of(page)}
    document_of(officer.post("/new/advice", sent))
    again = sent | {"/action_code": action_code(2)}
    r = officer.post("/new/advice", again)
    assert r.status_code == 409
    assert "再次提交将另立一份新文书" in r.text
    assert shown(r)["/action_code"] == action_code(2)
    assert key_of(r) != key_of(page)
    assert count(site) == 1
    document_of(officer.post("/new/advice", again | {"_key": key_of(r)}))
    assert count(site) == 2


def test_the_same_facts_again_are_the_same_document(site, officer):
    first = document_of(officer.post("/new/advice", typed(sample("advice"))))
    r = officer.post("/new/advice", typed(sample("advice")))
    assert document_of(r) == first
    assert "同样的案件已经收案" in officer.get(r.headers["Location"]).text
    assert count(site) == 1


def test_a_case_of_another_agency_is_not_taken(site, officer):
    r = officer.post("/new/advice", typed(sample("advice", 2)))
    assert r.status_code in {403, 422}
    assert count(site) == 0


# ---- as JSON


def test_a_case_is_pasted(site, officer):
    case = sample("interview_record")
    r = officer.post("/new/json", {"text": json.dumps(case, ensure_ascii=False)})
    assert arrived(site, document_of(r)) == case


def test_a_case_is_uploaded(site, officer):
    case = sample("reminder")
    file = io.BytesIO(b"\xef\xbb\xbf" + json.dumps(case).encode())
    r = officer.post("/new/json", {"file": (file, "案件.json"), "text": "ignored"})
    assert arrived(site, document_of(r)) == case


def test_a_faulty_case_goes_on_in_its_form(site, officer):
    case = changed(sample("advice"), {"party/uscc": "123", "party/type": "martian"})
    case["unknown"] = "x"
    r = officer.post("/new/json", {"text": json.dumps(case)})
    assert r.status_code == 422
    assert 'action="/new/advice"' in r.text
    assert shown(r)["/party/type"] == "martian"
    assert "不认识的字段“unknown”" in r.text
    assert "<code>/unknown</code>" in r.text
    corrected = shown(r) | {"/party/uscc": "91330999MA0TEXT12Y", "/party/type": "enterprise", "_key": key_of(r)}
    assert told(arrived(site, document_of(officer.post("/new/advice", corrected)))) == told(sample("advice"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "NaN",
        '{"a":1,"a":2}',
        '{"doc_type": "unknown"}',
        '{"doc_type": ["advice"]}',
        '{"doc_type": "advice"}',
        '{"doc_type": "advice", "officers": {"0": 1}, "party": [1], "body": "x"}',
        "[" * 5000,
    ],
)
def test_what_is_no_case_is_refused_with_its_text_kept(officer, text):
    r = officer.post("/new/json", {"text": text})
    assert r.status_code == 422
    assert "SCHEMA" in r.text


def test_a_case_that_is_too_large(officer):
    r = officer.post("/new/json", {"text": "9" * 9_000_000})
    assert r.status_code == 413
