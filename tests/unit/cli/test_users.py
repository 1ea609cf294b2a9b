"""`docsvc users`, as an operator calls it."""

from __future__ import annotations

import contextlib
import re

import pytest
from click.testing import CliRunner

from docsvc.cli import users as command
from docsvc.cli.users import users
from docsvc.domain.errors import ConflictError, NotFoundError, UnauthorizedError, UsageError
from docsvc.usecases.accounts import Accounts
from tests.support.passwords import QuickPasswords
from tests.support.portal import Portal

RIGHT = "correct horse 9"


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    portal = Portal(tmp_path)
    passwords = QuickPasswords()
    ours = portal.service.accounts
    portal.service.accounts = Accounts(
        database=ours.database,
        passwords=passwords,
        clock=ours.clock,
        longest=ours.longest,
        idle=ours.idle,
        decoy="",
        note=lambda *_, **__: None,
    )

    @contextlib.contextmanager
    def opened():
        yield portal.service

    monkeypatch.setattr(command, "open_service", opened)
    yield portal.service.accounts
    portal.close()


def call(*words, stdin=None):
    return CliRunner().invoke(users, words, input=stdin, catch_exceptions=False).output


def test_a_password_from_standard_input(accounts):
    said = call(
        "add", "张某", "--role", "officer", "--agency", "demo-market", "--password-stdin", stdin=f"{RIGHT}\r\nx"
    )
    assert RIGHT not in said
    assert "张某" in said
    assert accounts.sign_in("张某", RIGHT).principal.agency_id == "demo-market"


def test_a_password_that_is_made_up_is_printed_once(accounts):
    said = call("add", "audit", "--role", "auditor", "--all-agencies", "--generate")
    (password,) = re.findall(r"password: (\S+)", said)
    assert accounts.sign_in("audit", password).principal.agency_id is None
    assert password not in call("list")


def test_a_password_typed_at_a_terminal_twice(accounts, monkeypatch):
    monkeypatch.setattr(command, "_at_terminal", lambda: True)
    call("add", "li", "--role", "auditor", "--all-agencies", stdin=f"{RIGHT}\nother\n{RIGHT}\n{RIGHT}\n")
    accounts.sign_in("li", RIGHT)


def test_without_a_terminal_the_way_has_to_be_named(accounts):
    with pytest.raises(UsageError, match="--password-stdin"):
        call("add", "li", "--role", "auditor", "--all-agencies")
    assert accounts.list() == []


@pytest.mark.parametrize(
    "words",
    [
        ("--agency", "demo-market", "--all-agencies", "--generate"),
        ("--generate",),
        ("--all-agencies", "--generate", "--password-stdin"),
    ],
)
def test_what_does_not_go_together(accounts, words):
    with pytest.raises(UsageError):
        call("add", "li", "--role", "auditor", *words)
    assert accounts.list() == []


def test_the_list_says_who_is_disabled_or_locked(accounts):
    for name in ("a-one", "b-two", "c-three"):
        call("add", name, "--role", "administrator", "--all-agencies", "--password-stdin", stdin=RIGHT)
    call("disable", "b-two")
    for _ in range(5):
        with pytest.raises(UnauthorizedError):
            accounts.sign_in("c-three", "wrong")
    lines = [line.split("\t") for line in call("list").splitlines()]
    assert [line[:3] for line in lines] == [[n, "administrator", "*"] for n in ("a-one", "b-two", "c-three")]
    assert [line[3].split()[0] for line in lines] == ["active", "disabled", "locked"]
    call("enable", "b-two")
    call("password", "c-three", "--password-stdin", stdin="another horse 10")
    assert {line.split("\t")[3] for line in call("list").splitlines()} == {"active"}
    accounts.sign_in("b-two", RIGHT)
    accounts.sign_in("c-three", "another horse 10")


def test_another_password_may_be_made_up_too(accounts):
    call("add", "li", "--role", "auditor", "--all-agencies", "--generate")
    (password,) = re.findall(r"password: (\S+)", call("password", "li", "--generate"))
    accounts.sign_in("li", password)


def test_faults_are_told(accounts):
    assert accounts.list() == []
    for words in (("disable", "nobody"), ("enable", "nobody"), ("password", "nobody", "--generate")):
        with pytest.raises(NotFoundError):
            call(*words)
    call("add", "li", "--role", "auditor", "--all-agencies", "--generate")
    with pytest.raises(ConflictError):
        call("add", "li", "--role", "officer", "--all-agencies", "--generate")
    assert "Invalid value for '--role'" in call("add", "x", "--role", "king", "--all-agencies", "--generate")
