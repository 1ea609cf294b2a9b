import datetime as dt
import hashlib

import pytest

from docsvc.domain.errors import StoreError
from docsvc.pipeline.store import object_key, store

UNTIL = dt.datetime(2056, 7, 1, tzinfo=dt.UTC)


class Memory:
    def __init__(self, hand_back=lambda data: data):
        self.puts = []
        self.objects = {}
        self.hand_back = hand_back

    def put(self, key, data, retain_until=None):
        self.puts.append((key, data, retain_until))
        self.objects[key] = data

    def get(self, key):
        return self.hand_back(self.objects[key])


def test_the_key_is_the_digest():
    digest = hashlib.sha256(b"pdf").hexdigest()
    objects = Memory()
    key = store(b"pdf", objects, UNTIL)
    assert key == object_key(digest) == f"sha256/{digest[:2]}/{digest[2:]}"
    assert objects.puts == [(key, b"pdf", UNTIL)]


@pytest.mark.parametrize("hand_back", [lambda _: b"", lambda d: d[:-1], lambda d: d + b"!"])
def test_what_reads_back_otherwise_is_not_stored(hand_back):
    with pytest.raises(StoreError):
        store(b"pdf", Memory(hand_back))


def test_nothing_at_all_is_not_stored():
    objects = Memory()
    with pytest.raises(StoreError):
        store(b"", objects)
    assert objects.puts == []


def test_a_lock_needs_an_instant():
    with pytest.raises(ValueError, match="time zone"):
        store(b"pdf", Memory(), dt.datetime(2056, 7, 1))  # noqa: DTZ001 - the fault itself


@pytest.mark.parametrize("text", ["", "ab", "A" * 64, "g" * 64, "a" * 65, "a" * 64 + "\n"])
def test_what_is_no_digest_has_no_key(text):
    with pytest.raises(ValueError, match="64"):
        object_key(text)
