"""The pages in a real browser, at a desk and on a phone: what officers, auditors and passers-by do there."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from docsvc.web.form import Form
from tests.support.cases import FOLDER
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.office, pytest.mark.slow]

PATIENCE_MS = 120_000
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")  # while Playwright runs, nothing else in this thread can run an event loop
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        expect.set_options(timeout=None)
        browser.close()


@dataclass
class Person:
    """Somebody at a browser of their own."""

    stack: Stack
    context: BrowserContext
    page: Page
    said: list[str] = field(default_factory=list)  # by the browser's console

    def go(self, path: str) -> Page:
        self.page.goto(self.stack.base_url + path)
        return self.page

    def sign_in(self, role: str, agency: str | None = "demo-market") -> str:
        name, password = self.stack.user(role, agency)
        self.go("/sign-in")
        self.page.get_by_label("用户名").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.locator("main").get_by_role("button", name="登录").click()
        expect(self.page.get_by_role("button", name="退出")).to_be_visible()
        return name

    def stands_well(self) -> None:
        """Nothing is wider than the screen."""
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(over) <= 0, self.page.url


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def person(stack, chromium, size) -> Iterator[Any]:
    """Makes people; none of their pages may have broken its own policy or thrown an error."""
    made: list[Person] = []

    def arrive(**options: Any) -> Person:
        context = chromium.new_context(viewport=SIZES[size], locale="zh-CN", accept_downloads=True, **options)
        context.set_default_timeout(PATIENCE_MS)
        one = Person(stack, context, context.new_page())
        one.page.on("pageerror", lambda e: one.said.append(str(e)))
        one.page.on("console", lambda m: one.said.append(m.text) if m.type == "error" else None)
        made.append(one)
        return one

    yield arrive
    for one in made:
        one.context.close()
        # The browser notes each answer from 400 on; those are what some stories are about.
        assert [text for text in one.said if not text.startswith("Failed to load resource")] == []


@pytest.fixture(scope="session")
def decision(stack):
    """A document that many stories look at and none changes."""
    return stack.api("demo-market").issue(stack.case("no_penalty_decision"))


def type_case(page: Page, case: dict[str, Any]) -> None:
    """Fill the form in as a person does: rows are added where there are too few."""
    form = Form(FOLDER.get(case["doc_type"]).schema, {"/agency": {case["agency"]: ""}})
    for wanted in form.fields(form.typed(case)).walk():
        if wanted.kind == "rows":
            rows = page.locator(f'[id="{wanted.id}"]')
            while rows.locator(".row").count() < len(wanted.parts):
                before = rows.locator(".row").count()
                rows.get_by_role("button", name="增加一项").last.click()
                expect(rows.locator(".row")).to_have_count(before + 1)
        elif wanted.kind == "choice":
            page.locator(f'[name="{wanted.pointer}"]').select_option(wanted.value)
        elif wanted.kind != "group" and wanted.value:
            page.locator(f'[name="{wanted.pointer}"]').fill(wanted.value)


def test_an_officer_finds_a_document_looks_at_it_and_takes_it_away(person, decision, tmp_path):
    officer = person()
    name = officer.sign_in("officer")
    page = officer.go("/documents")
    officer.stands_well()
    page.get_by_label("文号").fill(decision["number"])  # the list follows while typing
    link = page.locator("#results").get_by_role("link", name=decision["number"], exact=True)
    expect(page).to_have_url(re.compile("number="))
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_label("当事人").fill("没有这个人")
    expect(page.get_by_text("没有符合条件的文书")).to_be_visible()
    page.get_by_label("当事人").fill(decision["party_name"][:4])
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("不予行政处罚决定书")
    officer.stands_well()

    pictures = page.locator(".pictures img")
    assert pictures.count() >= 2
    for n in range(pictures.count()):
        pictures.nth(n).scroll_into_view_if_needed()
        expect(pictures.nth(n)).to_have_js_property("complete", value=True)
        assert pictures.nth(n).evaluate("e => e.naturalWidth") == 1100
    before = page.locator(".history li").count()
    assert before >= 2

    with page.expect_download() as begun:
        page.get_by_role("link", name="下载PDF").click()
    assert begun.value.suggested_filename == f"{decision['number']}.pdf"
    begun.value.save_as(tmp_path / "d.pdf")
    assert hashlib.sha256((tmp_path / "d.pdf").read_bytes()).hexdigest() == decision["sha256"]
    for label in ("下载Word", "下载证据包"):
        with page.expect_download() as begun:
            page.get_by_role("link", name=label).click()
        assert Path(begun.value.path()).read_bytes()[:2] == b"PK"
    page.reload()
    expect(page.locator(".history li")).to_have_count(before + 3)
    for what in ("PDF文书", "Word文件", "证据包"):
        expect(page.locator(".history").get_by_text(f"{name}下载了{what}").last).to_be_visible()

    page.get_by_role("button", name="退出").click()
    officer.go("/documents")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))


def test_an_officer_posts_a_case_with_a_mistake_corrects_it_and_watches_it_become_a_document(person, stack):
    officer = person()
    officer.sign_in("officer")
    page = officer.go("/new/advice")
    officer.stands_well()
    case = stack.case("advice")
    right = case["party"]["uscc"]
    case["party"]["uscc"] = right[:-1] + ("X" if right[-1] != "X" else "Y")
    type_case(page, case)
    page.get_by_role("button", name="提交收案").click()
    expect(page.get_by_role("alert")).to_contain_text("有1处需要改正")
    wrong = page.locator('[name="/party/uscc"]')
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    officer.stands_well()
    assert page.locator('[name="/body/suggestions/2"]').input_value() == case["body"]["suggestions"][2]
    page.get_by_role("alert").get_by_role("link", name="统一社会信用代码").click()
    wrong.fill(right)
    page.get_by_role("button", name="提交收案").dblclick()  # twice: still one document
    expect(page.get_by_role("status").first).to_contain_text("已收案，编号 舟示市监行建〔2026〕")
    expect(page.locator(".heading .badge")).to_contain_text("有效")  # by itself, without being asked
    expect(page.locator(".pictures img").first).to_have_js_property("naturalWidth", 1100)
    number = page.locator(".heading .number").inner_text().split()[0]
    listed = stack.api("demo-market").get("/documents", params={"number": number}).json()["documents"]
    assert [d["state"] for d in listed] == ["recorded"]
    found = stack.rows(f"SELECT count(*) FROM documents WHERE action_code = '{case['action_code']}'")
    assert found == [(1,)]


def test_rows_are_added_and_removed_without_a_mouse(person):
    officer = person()
    officer.sign_in("officer")
    page = officer.go("/new/advice")
    rows = page.get_by_role("group", name="执法人员").first
    before = rows.locator(".row").count()
    rows.get_by_role("button", name="增加一项").press("Enter")
    expect(rows.locator(".row")).to_have_count(before + 1)
    expect(rows.get_by_role("button", name="增加一项")).to_be_focused()
    rows.get_by_role("button", name="删除").first.press("Enter")
    expect(rows.locator(".row")).to_have_count(before)
    expect(rows.get_by_role("button", name="删除").first).to_be_focused()


def test_typing_a_long_case_keeps_the_session(person):
    officer = person()
    officer.sign_in("officer")
    page = officer.go("/new/advice")
    with page.expect_request("**/still-here") as asked:
        page.locator('[name="/body/problem"]').press_sequentially("店")
    assert asked.value.response().status == 204
    assert "?" not in asked.value.url


def test_who_was_signed_out_meanwhile_is_asked_to_sign_in_instead_of_getting_a_file_of_that_page(person, decision):
    officer = person()
    officer.sign_in("officer")
    page = officer.go(f"/documents/{decision['id']}")
    officer.context.clear_cookies()
    page.get_by_role("link", name="下载PDF").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))


def test_anyone_verifies_a_good_file_and_a_tampered_one(person, stack, decision):
    pdf = stack.api("demo-market").get(f"/documents/{decision['id']}/content").content
    evidence = stack.api("demo-market").get(f"/documents/{decision['id']}/evidence").content
    visitor = person()
    page = visitor.go("/verify")
    visitor.stands_well()

    def verify(data: bytes) -> None:
        visitor.go("/verify")
        page.get_by_label("PDF文书").set_input_files(
            {"name": "文书.pdf", "mimeType": "application/pdf", "buffer": data}
        )
        page.get_by_label("证据包").set_input_files(
            {"name": "证据.zip", "mimeType": "application/zip", "buffer": evidence}
        )
        page.locator("main").get_by_role("button", name="验证").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("验证报告")
        visitor.stands_well()

    verify(pdf)
    expect(page.locator(".verdict")).to_contain_text("验证通过")
    expect(page.locator(".verdict")).to_contain_text("TOTAL-PASSED")
    expect(page.locator("main")).to_contain_text("舟山市示例区市场监督管理局")
    expect(page.locator("main")).to_contain_text("已一并检查")
    bad = bytearray(pdf)
    bad[len(bad) // 3] ^= 1
    verify(bytes(bad))
    expect(page.locator(".verdict")).to_contain_text("验证未通过")
    expect(page.locator(".verdict")).to_contain_text("TOTAL-FAILED")


def test_who_scans_the_code_sees_the_state_and_learns_when_it_is_void(person, stack):
    document = stack.api("demo-market").issue(stack.case("reminder"))
    visitor = person()
    page = visitor.go(f"/d/{document['id']}#{'1234567890' * 45}")  # with signed facts behind it, as on paper
    visitor.stands_well()
    expect(page.locator(".verdict")).to_contain_text("有效")
    for shown in (document["number"], document["sha256"], "舟山＊＊公司"):
        expect(page.locator("main")).to_contain_text(shown)
    assert document["party_name"] not in page.content()

    officer = person()
    officer.sign_in("officer")
    desk = officer.go(f"/documents/{document['id']}")
    desk.get_by_role("link", name="作废").click()
    officer.stands_well()
    desk.get_by_label("理由").fill("当事人名称有误")
    desk.get_by_label("我确认作废此文书").check()
    desk.get_by_role("button", name="作废").click()
    expect(desk.locator(".heading .badge")).to_contain_text("已作废")
    expect(desk.locator(".history")).to_contain_text("作废，理由：当事人名称有误")

    page.reload()
    expect(page.locator(".verdict")).to_contain_text("已作废")
    assert "当事人名称有误" not in page.content()
    assert (
        visitor.go("/d/00000000-0000-4000-8000-000000000000").locator(".verdict").inner_text().startswith("未出件")
    )


def test_all_of_it_works_without_scripts(person, stack, decision):
    officer = person(java_script_enabled=False)
    officer.sign_in("officer")
    page = officer.go("/")
    page.get_by_label("文号").fill(decision["number"])
    page.get_by_role("button", name="查找").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    officer.go("/new/reminder")
    type_case(page, stack.case("reminder"))
    page.get_by_role("button", name="提交收案").click()
    expect(page.get_by_role("status").first).to_contain_text("已收案")
    expect(page.locator(".heading .badge")).to_contain_text("有效")  # the page asks again by itself


def test_a_wrong_password_is_told_and_an_auditor_has_no_buttons(person, decision):
    auditor = person()
    page = auditor.go("/sign-in")
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码").fill("wrong")
    page.locator("main").get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("用户名或者密码不正确")
    auditor.stands_well()
    auditor.sign_in("auditor", None)
    auditor.go(f"/documents/{decision['id']}")
    expect(page.get_by_role("link", name="下载PDF")).to_be_visible()
    expect(page.get_by_role("link", name="作废")).to_have_count(0)
    expect(page.get_by_role("link", name="新建")).to_have_count(0)


def test_a_cookie_of_the_pages_opens_nothing_of_the_api(person, stack):
    officer = person()
    officer.sign_in("officer")
    cookies = {c["name"]: c["value"] for c in officer.context.cookies()}
    assert requests.get(f"{stack.base_url}/documents", cookies=cookies, timeout=30).status_code == 200
    assert requests.get(f"{stack.base_url}/api/v1/documents", cookies=cookies, timeout=30).status_code == 401
