"""Signing in and out, and one's own password, in the browser."""

from __future__ import annotations

import re

import pytest

from docsvc.domain.access import Role
from docsvc.usecases.accounts import WRONG_IN_A_ROW
from tests.support.portal import PASSWORD

NEW = "a quite different horse 12"
TOKEN = re.compile('name="csrf_token" value="[^"]+"')


@pytest.fixture
def token(officer):
    return officer.client.get_cookie("docsvc").value


def test_a_wrong_password_and_an_unknown_name_read_the_same(site):
    visitor, name = site.visitor(), site.user(Role.OFFICER)
    answers = [visitor.sign_in(name, "wrong"), visitor.sign_in("nobody", "wrong")]
    assert [r.status_code for r in answers] == [401, 401]
    pages = [TOKEN.sub("", answer.text) for answer in answers]  # a form's token holds the second it was made in
    assert pages[0].replace(name, "nobody") == pages[1]
    assert "用户名或者密码不正确" in answers[0].text
    assert "wrong name or password" in answers[0].text
    assert f'value="{name}"' in answers[0].text  # the name need not be typed again
    assert "wrong" not in answers[0].text.replace("wrong name or password", "").replace("5 wrong passwords", "")
    assert visitor.client.get_cookie("docsvc") is None


def test_a_locked_account_does_not_open_with_the_right_password(site):
    visitor, name = site.visitor(), site.user(Role.OFFICER)
    for _ in range(WRONG_IN_A_ROW):
        assert visitor.sign_in(name, "wrong").status_code == 401
    r = visitor.sign_in(name)
    assert r.status_code == 401
    assert "15分钟" in r.text


def test_after_a_mistake_one_still_goes_where_one_wanted(site):
    visitor, name = site.visitor(), site.user(Role.OFFICER)
    r = visitor.sign_in(name, "wrong", to="/new/advice")
    assert 'name="next" value="/new/advice"' in r.text
    assert visitor.sign_in(name, to="/new/advice").headers["Location"] == "/new/advice"


def test_a_name_is_shown_as_text(site):
    r = site.visitor().sign_in('"><script>alert(1)</script>', "wrong")
    assert "<script>alert" not in r.text


def test_signing_out_ends_the_session_here_and_in_the_database(site, officer, token):
    officer.get("/")
    r = officer.post("/sign-out")
    assert (r.status_code, r.headers["Location"]) == (303, "/")
    assert officer.client.get_cookie("docsvc") is None
    assert site.service.accounts.who(token) is None
    assert officer.get("/documents").status_code == 303


def test_signing_out_is_no_link(officer):
    assert officer.get("/sign-out").status_code == 405
    assert officer.get("/documents").status_code == 200


def test_who_is_not_signed_in_may_sign_out(site):
    visitor = site.visitor()
    visitor.get("/verify")
    assert visitor.post("/sign-out").status_code == 303


def test_another_password(site, officer, token):
    elsewhere = site.visitor()
    elsewhere.sign_in(officer.name)
    officer.get("/password")
    r = officer.post("/password", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert (r.status_code, r.headers["Location"]) == (303, "/")
    assert "密码已更改" in officer.get("/").text
    assert officer.client.get_cookie("docsvc").value != token
    assert site.service.accounts.who(token) is None
    assert elsewhere.get("/documents").status_code == 303
    assert site.visitor().sign_in(officer.name, PASSWORD).status_code == 401
    assert site.visitor().sign_in(officer.name, NEW).status_code == 303


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"current": PASSWORD, "new": NEW, "again": NEW + "3"}, "两次输入的新密码不一致"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "密码须有12至256个字符"),
        ({"current": "wrong", "new": NEW, "again": NEW}, "密码不正确"),
        ({}, "密码须有12至256个字符"),
    ],
)
def test_a_password_that_is_not_changed(site, officer, token, given, said):
    officer.get("/password")
    r = officer.post("/password", given)
    assert r.status_code == 422
    assert said in r.text
    assert NEW not in r.text
    assert site.service.accounts.who(token)
    assert site.visitor().sign_in(officer.name).status_code == 303


def test_nobody_changes_the_password_of_nobody(site):
    visitor = site.visitor()
    visitor.get("/verify")
    assert visitor.post("/password", {"current": PASSWORD, "new": NEW, "again": NEW}).status_code == 303
