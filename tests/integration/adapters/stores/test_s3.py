"""What only an S3 does: locks, versions, TLS, being away."""

import dataclasses
import datetime as dt
import hashlib
import http.server
import secrets
import socket
import threading
import traceback

import pytest
from minio import Minio

from docsvc.adapters.stores.bucket import Bucket, S3Target
from docsvc.adapters.stores.publisher import S3Publisher
from docsvc.adapters.stores.s3 import S3Store
from docsvc.domain.errors import ObjectMissingError, SetupError, StoreError
from docsvc.pipeline.store import object_key
from tests.support.servers import free_port

pytestmark = pytest.mark.store


@pytest.fixture
def target(s3_server):
    return S3Target(
        s3_server.endpoint, f"t-{secrets.token_hex(8)}", s3_server.access_key, s3_server.secret_key, secure=False
    )


@pytest.fixture
def bucket(target):
    return Bucket(target)


@pytest.fixture
def plain_bucket(target):
    """The same bucket, made by somebody else without object lock."""
    client = Minio(target.endpoint, target.access_key, target.secret_key, secure=False, region=target.region)
    client.make_bucket(target.bucket)
    return Bucket(target)


def new_object():
    data = secrets.token_bytes(1000)
    return object_key(hashlib.sha256(data).hexdigest()), data


def soon(seconds=60):
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("mode", ["COMPLIANCE", "GOVERNANCE"])
def test_an_object_is_locked_until_its_date_and_can_not_be_deleted(target, bucket, mode):
    key, data = new_object()
    until = soon()
    S3Store(dataclasses.replace(target, lock_mode=mode)).put(key, data, until)
    stored = bucket.stored(key)
    assert until <= stored.retained_until < until + dt.timedelta(seconds=1)
    with pytest.raises(StoreError, match="AccessDenied"):
        bucket.delete(key, stored.version)
    assert bucket.client.get_object_retention(target.bucket, key).mode == mode


def test_the_same_again_lengthens_a_lock_and_never_shortens_it(target, bucket):
    key, data = new_object()
    objects = S3Store(target)
    objects.put(key, data)
    assert bucket.stored(key).retained_until is None
    first, later = soon(30), soon(90)
    objects.put(key, data, first)
    assert bucket.stored(key).retained_until >= first
    objects.put(key, data, later)
    objects.put(key, data, first)
    assert bucket.stored(key).retained_until >= later
    assert len(list(bucket.versions(key))) == 1


def test_a_date_in_the_past_locks_nothing(target, bucket):
    key, data = new_object()
    S3Store(target).put(key, data, soon(-60))
    assert bucket.stored(key).retained_until is None


@pytest.mark.usefixtures("plain_bucket")
def test_a_bucket_without_lock_takes_no_object_that_asks_for_one(target):
    objects = S3Store(target)
    key, data = new_object()
    with pytest.raises(StoreError, match="object lock"):
        objects.put(key, data, soon())
    objects.put(key, data)
    assert objects.get(key) == data


def test_probe_tells_of_a_bucket_without_lock(target, plain_bucket):
    facts = S3Store(target).probe()
    assert (facts["locked"], facts["lock_kept"]) == (False, False)
    assert (facts["write_once"], facts["checksum"], facts["versioning"]) == (True, True, True)
    assert list(plain_bucket.versions("probe/")) == []


def test_what_was_altered_behind_the_key_is_not_handed_out(target, bucket):
    key, data = new_object()
    objects = S3Store(target)
    objects.put(key, data)
    bucket.write(key, data + b"!")  # an overwrite that asks no condition
    with pytest.raises(StoreError, match="altered"):
        objects.get(key)
    with pytest.raises(StoreError, match="holds other bytes"):
        objects.put(key, data)


def test_a_hidden_object_is_missing_and_can_be_put_again(target, bucket):
    key, data = new_object()
    objects = S3Store(target)
    objects.put(key, data)
    bucket.delete(key)
    with pytest.raises(ObjectMissingError):
        objects.get(key)
    objects.put(key, data)
    assert objects.get(key) == data


def test_the_published_checkpoints_before_the_newest_can_still_be_read(target, bucket):
    for note in (b"1", b"2", b"3"):
        S3Publisher(target).publish(note)
    versions = [version for _, version in bucket.versions("log/checkpoint")][::-1]  # listed newest first
    assert [bucket.read("log/checkpoint", version) for version in versions] == [b"1", b"2", b"3"]


def test_keys_go_on_past_the_first_page(target, bucket):
    names = [f"page/{n:04}" for n in range(1005)]
    for name in names:
        bucket.write(name, b"")
    assert list(S3Store(target).keys("page/")) == names


def test_over_tls_with_its_authority_and_not_without(target, s3_server):
    key, data = new_object()
    trusted = dataclasses.replace(target, endpoint=s3_server.tls_endpoint, secure=True, ca_file=s3_server.ca_file)
    S3Store(trusted).put(key, data, soon(30))
    assert S3Store(target).get(key) == data
    with pytest.raises(StoreError):
        S3Store(dataclasses.replace(trusted, ca_file=None)).get(key)


def test_a_wrong_key_is_a_fault_of_setup_that_tells_no_secret(target):
    wrong = dataclasses.replace(target, secret_key="wr0ng-s3cret")
    with pytest.raises(SetupError) as raised:
        S3Store(wrong).put(*new_object())
    assert "wr0ng-s3cret" not in "".join(traceback.format_exception(raised.value))
    assert "wr0ng-s3cret" not in repr(wrong)


@pytest.mark.parametrize(("field", "value"), [("bucket", "NO BUCKET"), ("endpoint", "not/an endpoint")])
def test_a_name_that_can_not_be_is_a_fault_of_setup(target, field, value):
    with pytest.raises(SetupError):
        S3Store(dataclasses.replace(target, **{field: value})).get("x/y")


def test_a_store_that_is_away_is_to_be_tried_again(target):
    away = dataclasses.replace(target, endpoint=f"127.0.0.1:{free_port()}")
    for attempt in (
        lambda: S3Store(away).put(*new_object()),
        lambda: S3Store(away).get("x/y"),
        lambda: list(S3Store(away).keys("x/")),
        lambda: S3Store(away).probe(),
    ):
        with pytest.raises(StoreError) as raised:
            attempt()
        assert raised.value.retryable
        assert target.secret_key not in "".join(traceback.format_exception(raised.value))


def test_a_store_that_never_answers_is_given_up(target):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = dataclasses.replace(target, endpoint=f"127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)
        with pytest.raises(StoreError) as raised:
            S3Store(mute).get("x/y")
    assert raised.value.retryable


class Nonsense(http.server.BaseHTTPRequestHandler):
    """A web server that is no S3: a page to each request."""

    def do_GET(self):
        body = b"<html><p>Welcome"
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET  # noqa: N815 - the server's naming

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_what_is_no_s3_at_all_is_no_traceback(target):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nonsense) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            other = dataclasses.replace(target, endpoint=f"127.0.0.1:{server.server_port}")
            with pytest.raises(StoreError):
                S3Store(other).get("x/y")
        finally:
            server.shutdown()
            serving.join()
