import hashlib
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docsvc.adapters.stores.keys import checked, checked_prefix, keeps_promise, promised_digest
from docsvc.domain.errors import StoreError

SEGMENT = st.text(string.ascii_lowercase + string.digits + "._-", min_size=1, max_size=12).filter(
    lambda s: not s.startswith(".")
)


@given(st.lists(SEGMENT, min_size=1, max_size=5).map("/".join), st.data())
def test_each_beginning_of_a_key_is_a_prefix(key, data):
    assert checked(key) == key
    prefix = key[: data.draw(st.integers(0, len(key)))]
    assert checked_prefix(prefix) == prefix


@given(st.text(max_size=20))
@example("a/../b")
@example("..")
@example("a\n")
@example("٣")
def test_a_key_stays_in_its_folder(text):
    try:
        checked(text)
    except StoreError:
        return
    parts = text.split("/")
    assert all(part and not part.startswith(".") for part in parts)
    assert set(text) <= set(string.ascii_lowercase + string.digits + "._-/")


def test_a_key_is_no_longer_than_stores_take():
    checked("a" * 512)
    with pytest.raises(StoreError):
        checked("a" * 513)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_a_digest_key_promises_its_bytes(data, other):
    digest = hashlib.sha256(data).hexdigest()
    key = f"sha256/{digest[:2]}/{digest[2:]}"
    assert promised_digest(key) == digest
    assert keeps_promise(key, other) == (data == other)


def test_other_keys_promise_nothing():
    assert promised_digest("log/tile/0/000") is None
    assert keeps_promise("log/tile/0/000", b"anything")
