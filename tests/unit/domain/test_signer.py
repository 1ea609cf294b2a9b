"""PINs that will do, and a signer's lock."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from docsvc.domain.errors import UsageError
from docsvc.domain.signer import WRONG_IN_ALL, Signer, require_pin

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("pin", ["", "12345", "111111", "121212", "x" * 65, "12345\n6", "123\x00456"])
def test_weak_pins(pin):
    with pytest.raises(UsageError) as e:
        require_pin(pin)
    assert not pin or pin not in str(e.value)


def test_pins_that_will_do():
    require_pin("123456")
    require_pin("四七一一甲乙")


def test_a_lock_ends_and_nothing_secret_is_shown():
    signer = Signer("u", "陈测甲", "T1", (b"chain",), b"secret key", NOON, 5, NOON + dt.timedelta(minutes=15))
    assert signer.locked(NOON)
    assert not signer.locked(NOON + dt.timedelta(minutes=15))
    assert "secret" not in repr(signer)


def test_after_many_wrong_pins_a_lock_does_not_end():
    signer = Signer("u", "陈测甲", "T1", (b"chain",), b"key", NOON, WRONG_IN_ALL - 1, NOON)
    assert not signer.locked(NOON)
    assert dataclasses.replace(signer, failures=WRONG_IN_ALL, locked_until=None).locked(NOON)
