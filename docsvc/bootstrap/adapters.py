"""Every adapter of a process, built from the settings when it is first asked for and closed at the end."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docsvc.bootstrap.keys import Keys
from docsvc.domain.errors import SetupError
from docsvc.telemetry import logger

if TYPE_CHECKING:
    from docsvc.adapters.fonts import Fonts
    from docsvc.adapters.office.converter import OfficeConverter
    from docsvc.adapters.pades.sealer import PadesSealer
    from docsvc.adapters.queue.celery_queue import CeleryQueue
    from docsvc.adapters.stores.bucket import S3Target
    from docsvc.adapters.template_folder import TemplateFolder
    from docsvc.ports import (
        Database,
        DraftBox,
        LogKeys,
        Notary,
        ObjectStore,
        PageImages,
        Processes,
        Publisher,
        ScanSigner,
        SchemaCheck,
        SignatureChecks,
        Sm2Sealer,
        Verifier,
    )


def now() -> dt.datetime:
    """The clock of the service."""
    return dt.datetime.now(dt.UTC)


class Adapters(Keys):
    """What else touches the world: database, office, sealer, stores."""

    @cached_property
    def database(self) -> Database:
        from docsvc.adapters.db.database import SqlDatabase

        database = SqlDatabase(self.settings.database)
        self._closing.callback(database.close)
        return database

    @cached_property
    def templates(self) -> TemplateFolder:
        from docsvc.adapters.template_folder import TemplateFolder

        return TemplateFolder(self.templates_dir, self.settings.published)

    @cached_property
    def draft_box(self) -> DraftBox:
        from docsvc.adapters.draft_box import DraftBox

        return DraftBox(self.settings.published / ".drafts")

    @cached_property
    def schema_check(self) -> SchemaCheck:
        from docsvc.adapters.case_schema import JsonSchemaCheck

        return JsonSchemaCheck()

    @cached_property
    def fonts(self) -> Fonts:
        from docsvc.adapters.fonts import Fonts

        return Fonts(self._font_files)

    @cached_property
    def _font_files(self) -> Any:
        from docsvc.adapters.fonts import default_chain

        return default_chain(self.settings.font_dirs, self.settings.fonts)

    @cached_property
    def converter(self) -> OfficeConverter:
        from docsvc.adapters.office.converter import OfficeConverter

        converter = OfficeConverter(
            self.settings.data / "office",
            sorted({path.parent for chain in self._font_files.values() for path in chain}),
            families=self.fonts.families,
            timeout_s=self.settings.office_timeout_s,
            recycle_after=self.settings.office_recycle_after,
            recycle_rss_mb=self.settings.office_recycle_mb,
        )
        self._closing.callback(converter.close)
        return converter

    @cached_property
    def web_key(self) -> bytes:
        """Signs cookies, form tokens and cursors; made once in the data folder where no setting gives one."""
        if self.settings.web_key:
            return self.settings.web_key.get_secret_value().encode()
        return kept_secret(self.settings.data / "web.key")

    @cached_property
    def images(self) -> PageImages:
        from docsvc.adapters.pages.preview import ProcessPageImages

        images = ProcessPageImages()
        self._closing.callback(images.close)
        return images

    @cached_property
    def outside_verifier(self) -> Verifier:
        """For files from outside: in a process of its own, with limits."""
        from docsvc.adapters.pades.verifier import PdfVerifier

        verifier = PdfVerifier(trust_anchors(self.settings.trust), max_octets=self.settings.max_upload_mb << 20)
        self._closing.callback(verifier.close)
        return verifier

    @cached_property
    def sealer(self) -> PadesSealer:
        from docsvc.adapters.pades.sealer import PadesSealer
        from docsvc.adapters.pki.authorities import Authorities
        from docsvc.adapters.pki.folder import describe
        from docsvc.pipeline.store import object_key

        description = describe(self.settings.certs)
        if description.development:
            self._closing.enter_context(Authorities(self.settings.certs, self.key_password))
        elif not self.settings.tsa_url:
            raise SetupError("未设置时间戳机构；no time-stamp authority is set: DOCSVC_TSA_URL")
        sealer = PadesSealer(
            self.watched_keys,
            self._font_files["song"],
            self.settings.tsa_url or [description.tsa_url],
            images=lambda sha256: self.objects.get(object_key(sha256)),
            on_fault=lambda reason: logger().warning("time_stamp_authority_failed", error=reason),
        )
        self._closing.callback(sealer.close)
        return sealer

    @cached_property
    def sm2_sealer(self) -> Sm2Sealer:
        from docsvc.adapters.pades.sm2_sealer import Sm2Sealer

        return Sm2Sealer(self.sm2_keys, self.sealer.appearance, now)

    @cached_property
    def preparer(self) -> PadesSealer:
        """Prepares signatures for keys that are elsewhere: opens no key, and asks no time-stamp authority."""
        from docsvc.adapters.pades.sealer import PadesSealer
        from docsvc.adapters.pki.folder import describe

        tsa_urls = self.settings.tsa_url or [describe(self.settings.certs).tsa_url]
        sealer = PadesSealer(self.keys, self._font_files["song"], tsa_urls)
        self._closing.callback(sealer.close)
        return sealer

    @cached_property
    def signature_checks(self) -> SignatureChecks:
        from docsvc.adapters.pades.handed_in import HandedIn

        return HandedIn()

    @cached_property
    def verifier(self) -> Verifier:
        from docsvc.adapters.pades.verifier import PdfVerifier

        # In this process: what it looks at is what we just sealed.
        return PdfVerifier(trust_anchors(self.settings.trust), isolated=False)

    @cached_property
    def _s3(self) -> S3Target:
        from docsvc.adapters.stores.bucket import S3Target

        s = self.settings
        return S3Target(
            endpoint=s.s3_endpoint,
            bucket=s.s3_bucket,
            access_key=s.s3_access_key.get_secret_value(),
            secret_key=s.s3_secret_key.get_secret_value(),
            secure=s.s3_secure,
            region=s.s3_region,
            lock_mode=s.s3_lock_mode,
            ca_file=s.path(s.s3_ca_file) if s.s3_ca_file else None,
            timeout_s=s.s3_timeout_s,
        )

    @cached_property
    def objects(self) -> ObjectStore:
        if self.settings.store == "s3":
            from docsvc.adapters.stores.s3 import S3Store

            return S3Store(self._s3)
        from docsvc.adapters.stores.local import LocalStore

        return LocalStore(self.settings.data / "objects")

    @cached_property
    def publisher(self) -> Publisher:
        from docsvc.adapters.stores.publisher import LocalPublisher, S3Publisher

        if self.settings.store == "s3":
            return S3Publisher(self._s3)
        return LocalPublisher(self.settings.data / "objects")

    @cached_property
    def processes(self) -> Processes:
        from docsvc.adapters.processes import LinuxProcesses

        return LinuxProcesses()

    @cached_property
    def queue(self) -> CeleryQueue:
        from docsvc.adapters.queue.celery_queue import CeleryQueue

        s = self.settings
        queue = CeleryQueue(s.broker, s.data / "queue", redeliver_s=2 * s.lease_s)
        self._closing.callback(queue.close)
        return queue

    @cached_property
    def notary(self) -> Notary:
        from docsvc.adapters.notary import KeyFileNotary

        return KeyFileNotary(self.settings.certs / "log.key", self.settings.log_origin)

    @cached_property
    def scan_signer(self) -> ScanSigner:
        from docsvc.adapters.notary import SCAN_KEY, KeyFileScanSigner

        return KeyFileScanSigner(self.settings.certs / SCAN_KEY)

    def scan_keys(self) -> Mapping[str, bytes]:
        """The public keys that codes are checked with, by file name."""
        from docsvc.adapters.notary import SCAN_PUBS

        return {path.name: path.read_bytes() for path in sorted(self.settings.certs.glob(SCAN_PUBS))}

    @property
    def templates_dir(self) -> Path:
        return self.settings.path(self.settings.templates_dir)


def kept_secret(path: Path) -> bytes:
    """A random secret in a file that its owner alone may read; made, once, where there is none.

    Raises SetupError where it can neither be read nor made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, secrets.token_urlsafe(48).encode())
                os.fsync(descriptor)
                os.link(part, path)  # of many processes at once, one makes it
            except FileExistsError:
                pass
            finally:
                os.close(descriptor)
                part.unlink()
        return path.read_bytes().strip()
    except OSError as e:
        raise SetupError(f"{path.name} 无法写入；the secret {path.name} can't be kept: {e.strerror}") from e


def trust_anchors(folder: Path) -> Sequence[Path]:
    """Certificates (*.pem) of a trust folder and of `sm2` in it. Raises SetupError where it has none itself."""
    found = sorted(folder.glob("*.pem"))
    sm2 = sorted(folder.glob("sm2/*.pem"))
    if not found:
        raise SetupError(f"no trust anchor (*.pem) in {folder}: name a folder with --trust")
    return [*found, *sm2]


def log_keys(vkeys: Sequence[str]) -> LogKeys:
    """The log keys that these verifier keys are."""
    from docsvc.adapters.notary import TrustedLogKeys

    return TrustedLogKeys(vkeys)
