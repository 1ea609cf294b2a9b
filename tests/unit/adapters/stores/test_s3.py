import datetime as dt

import pytest

from docsvc.adapters.stores.bucket import S3Target, Stored, TakenError
from docsvc.adapters.stores.s3 import ATTEMPTS, S3Store
from docsvc.domain.errors import StoreError

SOON = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)


class Refusal(Exception):  # noqa: N818 - stands for the client's S3Error
    code = "ConditionalRequestConflict"


class Odd:
    """A bucket that misbehaves as real ones may, which the real one of the tests does not."""

    def __init__(self, *, conflicts=0, locks=True, corrupts=False):
        self.conflicts, self.locks, self.corrupts = conflicts, locks, corrupts
        self.objects = {}
        self.retained = []

    def write(self, key, data, *, once, retain_until):
        assert once
        if self.conflicts:
            self.conflicts -= 1
            raise StoreError("conflict") from Refusal()
        if key in self.objects:
            raise TakenError
        self.objects[key] = Stored(data[:-1] if self.corrupts else data, "v1", retain_until if self.locks else None)
        return "v1"

    def stored(self, key, _version=None):
        return self.objects[key]

    def retain(self, key, version, until):
        self.retained.append((key, version, until))


def store_on(bucket):
    store = S3Store(S3Target("127.0.0.1:1", "b", "k", "s"))
    store._bucket = bucket
    return store


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_a_put_that_met_another_comes_again():
    bucket = Odd(conflicts=ATTEMPTS - 1)
    store_on(bucket).put("log/x", b"data")
    assert bucket.objects["log/x"].data == b"data"


def test_a_put_that_always_meets_another_is_given_up():
    with pytest.raises(StoreError, match="conflict"):
        store_on(Odd(conflicts=ATTEMPTS)).put("log/x", b"data")


def test_a_store_that_says_yes_and_does_not_lock_is_found_out():
    bucket = Odd(locks=False)
    with pytest.raises(StoreError, match="did not lock"):
        store_on(bucket).put("log/x", b"data", SOON)
    assert bucket.retained == [("log/x", "v1", SOON)]  # asked once more, in its own words


def test_a_store_that_corrupts_is_found_out():
    with pytest.raises(StoreError, match="reads back otherwise"):
        store_on(Odd(corrupts=True)).put("log/x", b"data")
