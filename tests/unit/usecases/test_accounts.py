"""Accounts on real SQLite; only the hashing is quick."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import threading

import pytest

from docsvc.domain.access import Permission, Role, Session
from docsvc.domain.errors import ConflictError, NotFoundError, UnauthorizedError, UsageError
from docsvc.usecases.accounts import LETTERS, REFUSED, Accounts, make_password, require_strong
from tests.support.cases import registry
from tests.support.passwords import QuickPasswords
from tests.support.registry_office import NOON, RegistryOffice

RIGHT = "correct horse 9"
WRONG = "correct horse 8"
MINUTE = dt.timedelta(minutes=1)


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log():
    return []


@pytest.fixture
def passwords():
    return QuickPasswords()


@pytest.fixture
def accounts(tmp_path, clock, log, passwords):
    office = RegistryOffice(tmp_path)
    with office.database.begin() as tx:
        tx.agencies.save(registry().values())
    yield Accounts(
        database=office.database,
        passwords=passwords,
        clock=clock,
        longest=dt.timedelta(hours=12),
        idle=dt.timedelta(minutes=30),
        decoy=passwords.hash("nobody's"),
        note=lambda _level, event, **fields: log.append((event, fields)),
    )
    office.close()


@pytest.fixture
def zhang(accounts):
    return accounts.add("张某", Role.OFFICER, "demo-market", RIGHT)


def stored(accounts, name="张某"):
    with accounts.database.read() as tx:
        return tx.users.find(name=name)


def refused(accounts, name, password):
    with pytest.raises(UnauthorizedError) as e:
        accounts.sign_in(name, password)
    assert str(e.value) == REFUSED


# ---- signing in


def test_signing_in_gives_a_token_that_says_who(accounts, zhang):
    signed = accounts.sign_in("张某", RIGHT)
    assert signed.principal.agency_id == "demo-market"
    assert signed.principal.permissions == {Permission.CREATE, Permission.READ, Permission.SIGN, Permission.VOID}
    assert accounts.who(signed.token) == signed.principal == zhang.principal


def test_tokens_have_256_bits_and_only_their_digest_is_kept(accounts, zhang):
    tokens = {accounts.sign_in(zhang.name, RIGHT).token for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(t) == 43 for t in tokens)
    with accounts.database.read() as tx:
        for token in tokens:
            assert tx.sessions.find(token) is None
            assert tx.sessions.find(hashlib.sha256(token.encode()).hexdigest()).user_id == zhang.id


@pytest.mark.parametrize("token", ["", "x", "张某", "\udc80", "a" * 5000])
def test_a_token_of_nobody_is_nobody(accounts, token):
    assert accounts.who(token) is None


def test_a_name_typed_with_another_keyboard_is_the_same(accounts):
    accounts.add("Zoe\u0301", Role.AUDITOR, None, RIGHT)
    assert accounts.sign_in("Zo\u00e9", RIGHT).principal.name == "Zo\u00e9"


def test_wrong_unknown_locked_and_disabled_read_the_same(accounts, zhang):
    refused(accounts, zhang.name, WRONG)
    refused(accounts, "nobody", RIGHT)
    for _ in range(4):
        refused(accounts, zhang.name, WRONG)
    refused(accounts, zhang.name, RIGHT)
    accounts.set_password(zhang.name, RIGHT)
    accounts.disable(zhang.name)
    refused(accounts, zhang.name, RIGHT)


def test_every_refusal_costs_one_check_of_a_password(accounts, passwords, zhang):
    for name, password in [("nobody", WRONG), (zhang.name, WRONG), ("\0", WRONG), ("", "")]:
        passwords.checked = 0
        refused(accounts, name, password)
        assert passwords.checked == 1, name
    accounts.disable(zhang.name)
    passwords.checked = 0
    refused(accounts, zhang.name, RIGHT)
    assert passwords.checked == 1


# ---- lock-out


def test_five_wrong_in_a_row_lock_for_fifteen_minutes(accounts, clock, zhang):
    for _ in range(5):
        refused(accounts, zhang.name, WRONG)
    assert stored(accounts).locked_until == clock.now + 15 * MINUTE
    clock.now += 14 * MINUTE
    refused(accounts, zhang.name, RIGHT)
    clock.now += MINUTE
    accounts.sign_in(zhang.name, RIGHT)
    assert (stored(accounts).failures, stored(accounts).locked_until) == (0, None)


def test_a_right_password_in_between_begins_the_count_anew(accounts, zhang):
    for _ in range(3):
        for _ in range(4):
            refused(accounts, zhang.name, WRONG)
        accounts.sign_in(zhang.name, RIGHT)
    assert stored(accounts).locked_until is None


def test_tries_during_a_lock_do_not_prolong_it(accounts, clock, zhang):
    for _ in range(5):
        refused(accounts, zhang.name, WRONG)
    until = stored(accounts).locked_until
    clock.now += MINUTE
    refused(accounts, zhang.name, WRONG)
    assert stored(accounts).locked_until == until


def test_after_a_lock_five_more_are_allowed_then_it_locks_again(accounts, clock, zhang):
    for _ in range(5):
        refused(accounts, zhang.name, WRONG)
    clock.now += 15 * MINUTE
    for _ in range(4):
        refused(accounts, zhang.name, WRONG)
    assert stored(accounts).locked_until is None
    refused(accounts, zhang.name, WRONG)
    assert stored(accounts).locked_until == clock.now + 15 * MINUTE


def test_guesses_sent_at_once_are_counted_one_by_one(accounts, passwords, zhang):
    def guess():
        refused(accounts, zhang.name, WRONG)

    passwords.seen.clear()
    threads = [threading.Thread(target=guess) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert stored(accounts).failures == 5
    refused(accounts, zhang.name, RIGHT)


def test_the_log_says_what_happened_without_passwords_or_names_of_nobody(accounts, log, zhang):
    refused(accounts, "hunter2-typed-as-name", WRONG)
    for _ in range(5):
        refused(accounts, zhang.name, WRONG)
    refused(accounts, zhang.name, RIGHT)
    events = [event for event, _ in log]
    assert events == [
        "user_added",
        *["sign_in_refused"] * 5,
        "account_locked",
        "sign_in_refused",
        "sign_in_refused",
    ]
    assert "hunter2" not in repr(log)
    assert RIGHT not in repr(log)
    assert WRONG not in repr(log)


# ---- the password's hash


def test_an_outdated_hash_is_replaced_at_the_next_sign_in(accounts, passwords, zhang):
    passwords.version = 2
    token = accounts.sign_in(zhang.name, RIGHT).token
    assert stored(accounts).password_hash.startswith("2:")
    assert accounts.who(token)
    accounts.sign_in(zhang.name, RIGHT)


def test_who_is_disabled_while_the_password_is_checked_gets_no_session(accounts, passwords, zhang):
    passwords.meanwhile = lambda: accounts.disable(zhang.name)
    refused(accounts, zhang.name, RIGHT)


def test_whose_password_changes_while_the_old_one_is_checked_gets_no_session(accounts, passwords, zhang):
    passwords.meanwhile = lambda: accounts.set_password(zhang.name, "another horse 99")
    refused(accounts, zhang.name, RIGHT)


# ---- sessions


def test_a_session_ends_when_it_is_idle(accounts, clock, zhang):
    token = accounts.sign_in(zhang.name, RIGHT).token
    clock.now += 29 * MINUTE
    assert accounts.who(token)  # and was seen now
    clock.now += 29 * MINUTE
    assert accounts.who(token)
    clock.now += 30 * MINUTE
    assert accounts.who(token) is None


def test_a_session_ends_after_its_longest_time_however_busy_it_is(accounts, clock, zhang):
    token = accounts.sign_in(zhang.name, RIGHT).token
    for _ in range(36 * 2 - 1):
        clock.now += 10 * MINUTE
        assert accounts.who(token)
    clock.now += 10 * MINUTE
    assert accounts.who(token) is None


def test_being_seen_is_written_once_a_minute_at_most(accounts, clock, zhang):
    token = accounts.sign_in(zhang.name, RIGHT).token

    def seen():
        with accounts.database.read() as tx:
            return tx.sessions.find(hashlib.sha256(token.encode()).hexdigest()).seen_at

    clock.now += dt.timedelta(seconds=59)
    accounts.who(token)
    assert seen() == NOON
    clock.now += dt.timedelta(seconds=1)
    accounts.who(token)
    assert seen() == clock.now


def test_signing_out_ends_that_session_alone(accounts, zhang):
    one, other = (accounts.sign_in(zhang.name, RIGHT).token for _ in range(2))
    accounts.sign_out(one)
    accounts.sign_out("of nobody")
    assert accounts.who(one) is None
    assert accounts.who(other)


def test_old_sessions_are_swept_at_a_sign_in(accounts, zhang):
    with accounts.database.begin() as tx:
        tx.sessions.add(Session("0" * 64, zhang.id, NOON - dt.timedelta(hours=13), NOON))
    accounts.sign_in(zhang.name, RIGHT)
    with accounts.database.read() as tx:
        assert tx.sessions.find("0" * 64) is None


def test_a_disabled_user_is_out_at_once_and_back_when_enabled(accounts, zhang):
    token = accounts.sign_in(zhang.name, RIGHT).token
    assert accounts.disable(zhang.name).disabled_at
    assert accounts.who(token) is None
    assert accounts.enable(zhang.name).disabled_at is None
    assert accounts.who(token) is None
    accounts.sign_in(zhang.name, RIGHT)


# ---- changing a password


def test_changing_the_password_ends_the_other_sessions(accounts, zhang):
    here, there = (accounts.sign_in(zhang.name, RIGHT).token for _ in range(2))
    fresh = accounts.change_password(zhang.principal, RIGHT, "an other horse 10")
    assert accounts.who(here) is None
    assert accounts.who(there) is None
    assert accounts.who(fresh.token) == zhang.principal
    refused(accounts, zhang.name, RIGHT)
    accounts.sign_in(zhang.name, "an other horse 10")


def test_the_present_password_must_be_right_and_guesses_at_it_lock(accounts, zhang):
    for _ in range(5):
        with pytest.raises(UnauthorizedError):
            accounts.change_password(zhang.principal, WRONG, "an other horse 10")
    with pytest.raises(UnauthorizedError):
        accounts.change_password(zhang.principal, RIGHT, "an other horse 10")


def test_a_weak_new_password_changes_nothing_and_counts_nothing(accounts, zhang):
    with pytest.raises(UsageError):
        accounts.change_password(zhang.principal, RIGHT, "short")
    assert stored(accounts).failures == 0
    accounts.sign_in(zhang.name, RIGHT)


def test_a_client_has_no_password(accounts, zhang):
    with pytest.raises(NotFoundError):
        accounts.change_password(dataclasses.replace(zhang.principal, kind="client"), RIGHT, "an other horse 10")


def test_an_operator_sets_a_password_lifts_the_lock_and_ends_sessions(accounts, zhang):
    token = accounts.sign_in(zhang.name, RIGHT).token
    for _ in range(5):
        refused(accounts, zhang.name, WRONG)
    accounts.set_password(zhang.name, "an other horse 10")
    assert accounts.who(token) is None
    accounts.sign_in(zhang.name, "an other horse 10")


# ---- adding


@pytest.mark.parametrize("name", ["", " ", "a b", "a\n", "x" * 65, "<b>", "\0", "名/字"])
def test_names_that_will_not_do(accounts, name):
    with pytest.raises(UsageError):
        accounts.add(name, Role.AUDITOR, None, RIGHT)


def test_a_name_is_taken_once(accounts, zhang):
    with pytest.raises(ConflictError):
        accounts.add(zhang.name, Role.AUDITOR, None, RIGHT)
    assert [u.name for u in accounts.list()] == [zhang.name]


def test_an_agency_that_is_not_in_the_registry(accounts):
    with pytest.raises(UsageError):
        accounts.add("somebody", Role.OFFICER, "no-such-agency", RIGHT)
    assert accounts.list() == []


@pytest.mark.parametrize("act", ["disable", "enable"])
def test_a_user_that_there_is_not(accounts, act):
    with pytest.raises(NotFoundError):
        getattr(accounts, act)("nobody")


@pytest.mark.parametrize(
    "weak",
    ["", "eleven char", "aaaaaaaaaaaaaaaa", "abababababababab", "zhang san zhang", "x" * 257, "abcdefghijkl\ud800"],
)
def test_weak_passwords(weak):
    with pytest.raises(UsageError):
        require_strong(weak, "Zhang")


def test_passwords_that_are_made_up_are_strong_and_never_the_same():
    made = {make_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        require_strong(password, "someone")
        assert len(password) == 23
        assert set(password) <= {*LETTERS, "-"}
    assert len(set(LETTERS)) == 32
