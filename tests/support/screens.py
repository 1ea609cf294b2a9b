"""`python -m tests.support.screens DATA_DIR URL`: the pictures of docsvc/web/screens, from a running `make run`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.support.workspace import CHECKOUT, STANDARD

SCREENS = CHECKOUT / "docsvc" / "web" / "screens"
DESK, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 844}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


def main(data: Path, url: str) -> None:
    known = json.loads((data / "demo.json").read_text())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for suffix, size in (("", DESK), ("-phone", PHONE)):
            page = browser.new_page(viewport=size, locale="zh-CN")
            walk(page, url, known["officer"], suffix)
        browser.close()


def walk(page: Page, url: str, password: str, suffix: str) -> None:
    """As an officer comes by them."""

    def take(name: str, *, whole: bool = False) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SCREENS / f"{name}{suffix}.jpg", type="jpeg", quality=70, full_page=whole)

    page.goto(f"{url}/sign-in")
    page.get_by_label("用户名").fill("officer")
    page.get_by_label("密码").fill(password)
    page.locator("main").get_by_role("button", name="登录").click()
    page.goto(f"{url}/documents")
    take("documents")
    decision = page.locator("a", has_text="不罚").first.get_attribute("href") or ""
    page.goto(f"{url}{decision}")
    take("document")
    page.goto(f"{url}/new/{STANDARD[0]}")
    page.get_by_role("button", name="提交收案").click()
    take("form-refused")
    pdf = page.request.get(f"{url}{decision}/files/pdf")
    page.locator("input[type=file]").first.set_input_files(
        {"name": "document.pdf", "mimeType": "application/pdf", "buffer": pdf.body()}
    )
    page.get_by_role("button", name="验证").last.click()
    take("report", whole=True)
    page.goto(f"{url}/d/{decision.rsplit('/', 1)[-1]}")
    take("scan")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
