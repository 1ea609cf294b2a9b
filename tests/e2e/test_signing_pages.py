"""Signing in a real browser: the officer's desk, the party's pad at a desk and on a phone, a PIN."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages import chromium, person, size  # noqa: F401 - fixtures
from tests.support.signing import SIGN, Officer, Signatures

pytestmark = [pytest.mark.browser, pytest.mark.office, pytest.mark.slow]

PIN = "4711-ab"
SHOTS = os.environ.get("DOCSVC_TEST_SHOTS")


def shoot(page, name):
    if SHOTS:
        width = page.viewport_size["width"]
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def scribble(page):
    """Two strokes with a mouse or a finger."""
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for points in (((0.1, 0.3), (0.3, 0.8), (0.4, 0.2), (0.5, 0.7)), ((0.55, 0.5), (0.7, 0.3), (0.9, 0.6))):
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        page.mouse.move(*at[0])
        page.mouse.down()
        for x, y in at[1:]:
            page.mouse.move(x, y, steps=6)
        page.mouse.up()


def enrolled(stack, name, cert_no, tmp_path):
    """An officer's account whose certificate the service keeps; name and password to sign in with."""
    account = f"signer-{name}"
    user, password = stack.user("officer", "demo-market")
    officer = Officer.of(stack.certs["worker"], name, cert_no)
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "pin").write_text(f"{PIN}\n")
    words = [
        "--name",
        name,
        "--cert-no",
        cert_no,
        "--pkcs12",
        officer.pkcs12(tmp_path / f"{account}.p12", "secret"),
    ]
    words += ["--pkcs12-password-file", tmp_path / "password", "--pin-file", tmp_path / "pin"]
    stack.run("officers", "enroll", user, *words)
    return user, password


def test_from_the_desk_to_the_party_and_back(person, stack, size, tmp_path):  # noqa: F811 - fixtures
    enrolled(stack, "陈测甲", "TEST33099900001", tmp_path)
    document = stack.api(scopes=SIGN).send_round(stack.case("interview_record"))
    officer = person()
    officer.sign_in("officer")
    page = officer.go(f"/documents/{document['id']}")
    expect(page.get_by_role("status")).to_contain_text("待签名")
    officer.stands_well()
    shoot(page, "document")
    page.get_by_role("link", name="签名…").click()
    officer.stands_well()
    shoot(page, "desk")
    page.get_by_label("如何送达").select_option("on_site")
    page.get_by_role("button", name="生成链接").click()
    officer.stands_well()
    shoot(page, "link")
    address, code = page.get_by_label("链接").input_value(), page.locator(".one-time").inner_text()
    assert page.locator(".qr svg").bounding_box()["width"] > 200

    sign_on_the_pad(person(has_touch=size == "phone"), address, code)
    page.goto(f"{stack.base_url}/documents/{document['id']}/signatures")
    expect(page.get_by_text("轮到陈测甲")).to_be_visible()
    page.get_by_label("PIN").fill("wrong-pin")
    page.get_by_role("button", name="签名").last.click()
    expect(page.get_by_role("alert")).to_contain_text("PIN不正确")
    page.get_by_label("PIN").fill(PIN)
    shoot(page, "pin")
    page.get_by_role("button", name="签名").last.click()
    expect(page.get_by_text("轮到王测乙")).to_be_visible()
    officer.stands_well()
    page.goto(f"{stack.base_url}/documents/{document['id']}")
    expect(page.locator(".history")).to_contain_text("陈测甲已签名")
    shoot(page, "signed")


def sign_on_the_pad(party, address, code):
    page = party.page
    page.goto(address)
    expect(page).to_have_url(f"{party.stack.base_url}/sign/document")  # the token is gone from the address
    expect(page.get_by_text("以上笔录我已看过，与我说的相符。").first).to_be_visible()
    party.stands_well()
    page.get_by_label("验证码").fill(code)
    page.get_by_label("我已看过全文").check()
    page.locator("#give").click()
    expect(page.get_by_text("请先在框内签名")).to_be_visible()
    scribble(page)
    expect(page.get_by_text("请先在框内签名")).to_be_hidden()
    page.get_by_role("button", name="撤销一笔").click()
    page.get_by_role("button", name="重写").click()
    scribble(page)
    shoot(page, "pad")
    page.get_by_label("验证码").fill(f"{(int(code) + 1) % 10**6:06d}")
    page.locator("#give").click()
    expect(page.get_by_role("alert").first).to_contain_text("验证码不正确")
    page.get_by_label("验证码").fill(code)  # what was drawn is still there
    page.get_by_label("我已看过全文").check()
    page.locator("#give").click()
    expect(page).to_have_url(f"{party.stack.base_url}/sign/done")
    party.stands_well()
    shoot(page, "done")


def test_a_pin_is_locked_after_five_wrong_ones(stack, tmp_path):
    from tests.e2e.test_access import send, sign_in

    user, password = enrolled(stack, "陈测甲", "TEST33099900001", tmp_path)
    document = stack.api(scopes=SIGN).send_round(stack.case("interview_record"))
    signatures = Signatures(stack.api(scopes=SIGN), document["id"])
    browser = sign_in(stack, user, password)
    path = f"/documents/{document['id']}/signatures/Officer/pin"
    assert send(stack, browser, path, {"pin": PIN}).status_code == 409  # not their turn: costs no try
    signatures.refuse("Party", reason="不愿签名", recording="执法记录仪 07")
    assert [send(stack, browser, path, {"pin": f"wrong-{n}"}).status_code for n in range(5)] == [422] * 4 + [403]
    assert send(stack, browser, path, {"pin": PIN}).status_code == 403
    stack.alter("UPDATE signers SET locked_until = NULL")
    assert signatures.one("Officer")["state"] == "waiting"
    assert send(stack, browser, path, {"pin": PIN}).status_code in (200, 303)
    assert signatures.one("Officer")["state"] in ("given", "signed")
    said = stack.logs(100_000)
    assert PIN not in said
    assert not re.search("wrong-[0-4]", said)
    assert stack.rows("SELECT count(*) FROM signers WHERE failures = 0") == [(1,)]
