"""What every object store and every publisher promises, on a folder and on a real S3."""

import concurrent.futures
import datetime as dt
import hashlib
import secrets
import threading

import pytest

from docsvc.adapters.stores.bucket import S3Target
from docsvc.adapters.stores.local import LocalStore
from docsvc.adapters.stores.publisher import LocalPublisher, S3Publisher
from docsvc.adapters.stores.s3 import S3Store
from docsvc.domain.errors import ObjectMissingError, StoreError
from docsvc.pipeline.store import object_key, store

KINDS = ["local", pytest.param("s3", marks=pytest.mark.store)]


@pytest.fixture
def target(s3_server):
    return S3Target(
        s3_server.endpoint, f"t-{secrets.token_hex(8)}", s3_server.access_key, s3_server.secret_key, secure=False
    )


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def open_store(kind, request, tmp_path):
    """Opens the test's one place anew at each call, as another process would."""
    if kind == "local":
        return lambda: LocalStore(tmp_path / "objects")
    target = request.getfixturevalue("target")
    return lambda: S3Store(target)


@pytest.fixture
def objects(open_store):
    return open_store()


@pytest.fixture
def open_publisher(kind, request, tmp_path):
    if kind == "local":
        return lambda: LocalPublisher(tmp_path / "objects")
    target = request.getfixturevalue("target")
    return lambda: S3Publisher(target)


def digest_key(data):
    return object_key(hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("data", [b"", b"x", secrets.token_bytes(3_000_000)], ids=["empty", "one byte", "3 MB"])
def test_what_is_put_is_got(objects, open_store, data):
    objects.put(digest_key(data), data)
    assert objects.get(digest_key(data)) == data
    assert open_store().get(digest_key(data)) == data


def test_the_same_again_is_a_success_without_effect(objects):
    objects.put("log/entry", b"same")
    objects.put("log/entry", b"same")
    assert objects.get("log/entry") == b"same"
    assert list(objects.keys("log/")) == ["log/entry"]


def test_other_bytes_under_a_taken_key_are_refused(objects):
    objects.put("log/entry", b"first")
    with pytest.raises(StoreError, match="log/entry holds other bytes"):
        objects.put("log/entry", b"second")
    assert objects.get("log/entry") == b"first"


def test_bytes_that_their_digest_key_does_not_promise_are_refused(objects):
    with pytest.raises(StoreError):
        objects.put(digest_key(b"right"), b"wrong")
    assert list(objects.keys("")) == []


def test_of_sixteen_at_once_exactly_one_wins(open_store):
    stores = [open_store() for _ in range(16)]
    start = threading.Barrier(16)

    def put(n):
        start.wait()
        try:
            stores[n].put("log/contested", f"writer {n}".encode())
        except StoreError:
            return None
        return f"writer {n}".encode()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        winners = [result for result in pool.map(put, range(16)) if result is not None]
    assert winners == [open_store().get("log/contested")]


def test_sixteen_at_once_with_the_same_bytes_all_succeed(open_store):
    data = secrets.token_bytes(100_000)
    stores = [open_store() for _ in range(16)]
    start = threading.Barrier(16)

    def put(one):
        start.wait()
        one.put(digest_key(data), data)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(put, stores))
    assert open_store().get(digest_key(data)) == data


def test_what_is_missing_is_missing(objects):
    with pytest.raises(ObjectMissingError) as raised:
        objects.get(digest_key(b"never put"))
    assert not raised.value.retryable
    with pytest.raises(ObjectMissingError):
        objects.get("nowhere/near")


def test_keys_are_those_that_begin_so_in_order_of_characters(objects):
    for key in ("x/a0", "x/a/b", "x/a-b", "x/a.p/1", "log/tile/0/x001/234.p/5", "log/tile/0/x001/234", "y"):
        objects.put(key, key.encode())
    assert list(objects.keys("x/")) == ["x/a-b", "x/a.p/1", "x/a/b", "x/a0"]
    assert list(objects.keys("x/a.")) == ["x/a.p/1"]
    assert list(objects.keys("log/tile/0/x0")) == ["log/tile/0/x001/234", "log/tile/0/x001/234.p/5"]
    assert len(list(objects.keys(""))) == 7
    assert list(objects.keys("z")) == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", "A", "a b", ".hidden", "a/.x", "é", "a\n"]
)
def test_what_is_no_key_is_refused(objects, key):
    for attempt in (lambda: objects.put(key, b"x"), lambda: objects.get(key)):
        with pytest.raises(StoreError, match="not an object key"):
            attempt()


def test_a_place_that_is_no_digest_under_sha256_is_refused(objects):
    with pytest.raises(StoreError):
        objects.put("sha256/ab/short", b"x")


def test_the_stage_stores_under_the_digest(objects):
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    data = secrets.token_bytes(5_000)
    assert store(data, objects, until) == store(data, objects, until) == digest_key(data)
    assert objects.get(digest_key(data)) == data


def test_probe_finds_write_once_and_checksums_and_leaves_nothing_that_is_not_locked(objects, kind):
    facts = objects.probe()
    on_s3 = kind == "s3"
    assert facts == {
        "write_once": True,
        "checksum": True,
        "versioning": on_s3,
        "locked": on_s3,
        "lock_kept": on_s3,
    }
    left = list(objects.keys(""))
    assert [key.endswith("-lock") for key in left] == ([True] if on_s3 else [])


def test_nothing_is_published_at_first(open_publisher):
    assert open_publisher().published() is None


def test_the_published_checkpoint_is_replaced_and_seen_by_others(open_publisher):
    ours, theirs = open_publisher(), open_publisher()
    for note in (b"first", b"the second, longer", b"3"):
        ours.publish(note)
        assert theirs.published() == note


def test_readers_never_see_half_a_checkpoint(open_publisher):
    notes = [bytes([n]) * 50_000 for n in range(20)]
    publisher = open_publisher()
    publisher.publish(notes[0])
    done = threading.Event()

    def read():
        reader, seen = open_publisher(), []
        while not done.is_set():
            seen.append(reader.published())
        return seen

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read) for _ in range(2)]
        try:
            for note in notes:
                publisher.publish(note)
        finally:
            done.set()
        seen = {note for each in reading for note in each.result()}
    assert seen <= set(notes)


def test_the_checkpoint_stands_beside_the_tiles(objects, open_publisher):
    objects.put("log/tile/0/000.p/1", b"tile")
    open_publisher().publish(b"note")
    assert list(objects.keys("log/")) == ["log/checkpoint", "log/tile/0/000.p/1"]
    assert objects.get("log/checkpoint") == b"note"
