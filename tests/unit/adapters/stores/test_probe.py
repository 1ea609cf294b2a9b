import datetime as dt

from docsvc.adapters.stores.bucket import Stored
from docsvc.adapters.stores.probe import probe_bucket
from docsvc.domain.errors import ObjectMissingError

NOW = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)


class LaxBucket:
    """A server that takes every header and enforces nothing, as several small ones do."""

    def __init__(self):
        self.objects = {}

    def write(self, key, data, *, retain_until=None, **_ignored):
        self.objects[key] = Stored(data, None, retain_until)

    def stored(self, key, _version=None):
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]

    def read(self, key, _version=None):
        return self.stored(key).data

    def retain(self, key, _version, until):
        self.objects[key] = Stored(self.objects[key].data, None, until)

    def delete(self, key, _version=None):
        self.objects.pop(key, None)

    def keys(self, prefix):
        return iter(sorted(key for key in self.objects if key.startswith(prefix)))

    def versions(self, prefix):
        return ((key, "null") for key in list(self.keys(prefix)))


class ForgetfulLock(LaxBucket):
    """Keeps locked objects, and lets anybody shorten the lock."""

    def delete(self, key, _version=None):
        if self.objects[key].retained_until is None:
            super().delete(key)


def test_a_server_that_enforces_nothing_is_found_out():
    bucket = LaxBucket()
    facts = probe_bucket(bucket, NOW)
    assert facts == dict.fromkeys(("write_once", "checksum", "versioning", "locked", "lock_kept"), False)
    assert bucket.objects == {}


def test_a_lock_that_can_be_shortened_is_found_out():
    facts = probe_bucket(ForgetfulLock(), NOW)
    assert (facts["locked"], facts["lock_kept"]) == (True, False)


def test_what_an_earlier_probe_left_is_swept_and_a_running_one_s_is_not():
    bucket = LaxBucket()
    old, running = f"probe/{int(NOW.timestamp()) - 3600}-a-lock", f"probe/{int(NOW.timestamp()) - 60}-b-lock"
    for key in (old, running, "probe/by-hand", "sha256/x"):
        bucket.write(key, b"")
    probe_bucket(bucket, NOW)
    assert sorted(bucket.objects) == sorted([running, "probe/by-hand", "sha256/x"])
