"""One bucket of any S3, through the minio client: its few operations, with the store's faults in words."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from docsvc.domain.errors import ObjectMissingError, SetupError, StoreError

if TYPE_CHECKING:
    from minio import Minio

TAKEN: Final = frozenset({"PreconditionFailed"})
MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion"})
REFUSED: Final = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"})


@dataclass(frozen=True, slots=True)
class S3Target:
    """Which bucket, as whom, and how its objects are locked."""

    endpoint: str
    """host:port, without scheme."""
    bucket: str
    """Created with object lock and versioning where it is missing."""
    access_key: str
    secret_key: str = field(repr=False)
    secure: bool = True
    """TLS."""
    region: str = "us-east-1"
    lock_mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    ca_file: Path | None = None
    """PEM of the authorities that TLS trusts; default: the system's."""
    timeout_s: float = 60


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the store hands it out."""

    data: bytes
    version: str | None
    retained_until: dt.datetime | None


class TakenError(Exception):
    """A conditional put came second. Never leaves this package."""


class Bucket:
    """One bucket's few operations, with the store's faults in words. A client a process, made on first use."""

    def __init__(self, target: S3Target) -> None:
        self.target = target
        self._client: tuple[int, Minio] | None = None

    @property
    def client(self) -> Minio:
        """Raises SetupError where the bucket is refused or can't be made, StoreError where the store is away."""
        # A client must not be shared with a forked child: both would talk over one connection. That two threads may
        # each make one at the start does no harm.
        if (made := self._client) is not None and made[0] == os.getpid():
            return made[1]
        client = _connect(self.target)
        with _in_words("打开", "opened", self.target.bucket):
            _ensure(client, self.target)
        self._client = (os.getpid(), client)
        return client

    def write(
        self,
        key: str,
        data: bytes,
        *,
        once: bool = False,
        retain_until: dt.datetime | None = None,
        sha256: bytes | None = None,
    ) -> str | None:
        """The new version's id. With `once` raises TakenError where the key has an object; `sha256` is sent as the
        bytes' digest (default: theirs), for the store to check.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "x-amz-checksum-sha256": base64.b64encode(sha256 or hashlib.sha256(data).digest()).decode(),
        }
        if once:
            headers["If-None-Match"] = "*"
        if retain_until is not None:
            headers["x-amz-object-lock-mode"] = self.target.lock_mode
            headers["x-amz-object-lock-retain-until-date"] = f"{_whole_second(retain_until):%Y-%m-%dT%H:%M:%SZ}"
        client = self.client
        with _in_words("写入", "written", key):
            # The client's public put turns If-None-Match into mere user metadata and overwrites.
            result = client._put_object(self.target.bucket, key, data, headers)  # type: ignore[arg-type]  # noqa: SLF001
        return result.version_id

    def stored(self, key: str, version: str | None = None) -> Stored:
        """Raises ObjectMissingError, StoreError."""
        client = self.client
        with _in_words("读取", "read", key):
            response = client.get_object(self.target.bucket, key, version_id=version)
            try:
                data, headers = response.read(), response.headers
            finally:
                response.close()
                response.release_conn()
        until = headers.get("x-amz-object-lock-retain-until-date")
        return Stored(
            data,
            headers.get("x-amz-version-id"),
            dt.datetime.fromisoformat(until).astimezone(dt.UTC) if until else None,
        )

    def read(self, key: str, version: str | None = None) -> bytes:
        """Raises ObjectMissingError, StoreError."""
        return self.stored(key, version).data

    def retain(self, key: str, version: str | None, until: dt.datetime) -> None:
        """Set how long a version is locked. Raises StoreError."""
        from minio.retention import Retention

        client = self.client
        with _in_words("锁定", "locked", key):
            client.set_object_retention(
                self.target.bucket, key, Retention(self.target.lock_mode, _whole_second(until)), version
            )

    def delete(self, key: str, version: str | None = None) -> None:
        """Remove a version for good, or hide the newest behind a delete marker. Raises StoreError."""
        client = self.client
        with _in_words("删除", "deleted", key):
            client.remove_object(self.target.bucket, key, version)

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys, as the store orders them, page by page. Raises StoreError."""
        client = self.client
        with _in_words("列出", "listed", prefix):
            for entry in client.list_objects(self.target.bucket, prefix=prefix, recursive=True):
                if entry.object_name and not entry.is_dir:
                    yield entry.object_name

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        """(key, version id) of every version and delete marker. Raises StoreError."""
        client = self.client
        with _in_words("列出", "listed", prefix):
            listed = client.list_objects(self.target.bucket, prefix=prefix, recursive=True, include_version=True)
            for entry in listed:
                if entry.object_name and entry.version_id:
                    yield entry.object_name, entry.version_id


def _connect(target: S3Target) -> Minio:
    import urllib3
    from minio import Minio

    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=10, read=target.timeout_s),
        maxsize=16,
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(target.ca_file) if target.ca_file else None,
        # Every request of ours may be sent twice: a put that came through meets itself and counts as the same.
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
    )
    try:
        return Minio(
            target.endpoint,
            access_key=target.access_key,
            secret_key=target.secret_key,
            secure=target.secure,
            region=target.region,
            http_client=pool,
        )
    except ValueError as e:
        raise SetupError(f"对象存储地址无法识别；not the endpoint of an S3: {target.endpoint!r}") from e


def _ensure(client: Minio, target: S3Target) -> None:
    """The bucket, made with lock and versioning where it is missing; versioning turned on where it is off."""
    from minio.commonconfig import ENABLED
    from minio.error import S3Error
    from minio.versioningconfig import VersioningConfig

    try:
        if not client.bucket_exists(target.bucket):
            try:
                client.make_bucket(target.bucket, object_lock=True)
            except S3Error:
                # Another process may have been first.
                if not client.bucket_exists(target.bucket):
                    raise
        if client.get_bucket_versioning(target.bucket).status != ENABLED:
            client.set_bucket_versioning(target.bucket, VersioningConfig(ENABLED))
    except ValueError as e:
        raise SetupError(f"存储桶名称不合规；not a bucket's name: {target.bucket!r}") from e
    except S3Error as e:
        if e.code in REFUSED:
            raise SetupError(
                f"对象存储拒绝访问，请检查密钥与权限；the store refuses bucket {target.bucket}: {e.code}"
            ) from e
        raise


@contextlib.contextmanager
def _in_words(verb: str, verb_en: str, key: str) -> Iterator[None]:
    """The client's faults as errors of our tree. Its own texts stay in the cause."""
    from xml.etree.ElementTree import ParseError

    from minio.error import MinioException, S3Error
    from urllib3.exceptions import HTTPError

    try:
        yield
    except S3Error as e:
        if e.code in TAKEN:
            raise TakenError from e
        if e.code in MISSING:
            raise ObjectMissingError(f"没有此存储对象；no object {key}") from e
        # What S3 says to a lock on a bucket that was made without.
        hint = "；has the bucket object lock?" if e.code == "InvalidRequest" else ""
        raise StoreError(f"存储对象无法{verb}；{key} can't be {verb_en}: {e.code}{hint}") from e
    except (MinioException, HTTPError, OSError, ParseError) as e:
        raise StoreError(
            f"对象存储暂不可用，{key} 无法{verb}；the object store is away, {key} can't be {verb_en}"
            f" ({type(e).__name__})"
        ) from e


def _whole_second(at: dt.datetime) -> dt.datetime:
    """S3 counts whole seconds: up, since a lock must not end before its time."""
    utc = at.astimezone(dt.UTC)
    return utc if utc.microsecond == 0 else utc.replace(microsecond=0) + dt.timedelta(seconds=1)
