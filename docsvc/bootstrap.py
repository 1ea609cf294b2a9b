"""The only builder of adapters: from settings to use cases, and the set-up of the embedded way on first use."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from docsvc.domain.agency import Agency
from docsvc.domain.document import DocumentRow
from docsvc.domain.errors import (
    CaseRefusedError,
    DocsvcError,
    Finding,
    RegistryRefusedError,
    SetupError,
    UsageError,
)
from docsvc.settings import Settings, load_settings
from docsvc.telemetry import configure_logs, logger

if TYPE_CHECKING:
    from docsvc.adapters.fonts import Fonts
    from docsvc.adapters.office.converter import OfficeConverter
    from docsvc.adapters.stores.bucket import S3Target
    from docsvc.adapters.template_folder import TemplateFolder
    from docsvc.ports import (
        Database,
        Lease,
        LogKeys,
        Notary,
        ObjectStore,
        Publisher,
        SchemaCheck,
        Sealer,
        SealKeys,
        Verifier,
    )
    from docsvc.usecases.check_log import LogVerdict
    from docsvc.usecases.intake import Intake
    from docsvc.usecases.produce import Production
    from docsvc.usecases.upgrade import Upgrade

Algorithm = Literal["rsa-2048", "rsa-3072", "ecdsa-p256"]
"""Of development keys."""


def now() -> dt.datetime:
    """The clock of the service."""
    return dt.datetime.now(dt.UTC)


class Service:
    """Everything of one process, each part built when it is first asked for and closed at the end."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self._closing = closing
        self.key_password = settings.key_password.get_secret_value() if settings.key_password else None

    # Adapters.

    @cached_property
    def database(self) -> Database:
        from docsvc.adapters.db.database import SqlDatabase

        database = SqlDatabase(self.settings.database)
        self._closing.callback(database.close)
        return database

    @cached_property
    def templates(self) -> TemplateFolder:
        from docsvc.adapters.template_folder import TemplateFolder

        return TemplateFolder(self.settings.path(self.settings.templates_dir))

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
    def keys(self) -> SealKeys:
        from docsvc.adapters.pki.keys import FolderKeys

        return FolderKeys(self.settings.certs, self.key_password)

    @cached_property
    def sealer(self) -> Sealer:
        from docsvc.adapters.pades.sealer import PadesSealer
        from docsvc.adapters.pki.authorities import Authorities
        from docsvc.adapters.pki.folder import describe

        description = describe(self.settings.certs)
        if description.development:
            self._closing.enter_context(Authorities(self.settings.certs, self.key_password))
        sealer = PadesSealer(
            self.keys,
            self._font_files["song"],
            self.settings.tsa_url or description.tsa_url,
        )
        self._closing.callback(sealer.close)
        return sealer

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
    def lease(self) -> Lease:
        from docsvc.adapters.lease import FileLease, PostgresLease

        if self.settings.database.startswith("sqlite"):
            return FileLease(self.settings.data / "locks")
        return PostgresLease(self.settings.database)

    @cached_property
    def notary(self) -> Notary:
        from docsvc.adapters.notary import KeyFileNotary

        return KeyFileNotary(self.settings.certs / "log.key", self.settings.log_origin)

    # Use cases.

    @cached_property
    def intake(self) -> Intake:
        from docsvc.domain.laws import Laws
        from docsvc.usecases.intake import Intake

        laws = Laws.from_mapping(tomllib.loads((self._templates_dir / "laws.toml").read_text("utf-8")))
        return Intake(
            self.database,
            self.templates,
            self.schema_check,
            self.fonts,
            laws,
            ZoneInfo(self.settings.timezone),
            now,
            self.settings.level,
        )

    @cached_property
    def production(self) -> Production:
        from docsvc.adapters.pages.reading import PdfPages
        from docsvc.adapters.word import WordFiller
        from docsvc.usecases.produce import Production

        return Production(
            database=self.database,
            templates=self.templates,
            filler=WordFiller(self.fonts),
            converter=self.converter,
            pages=PdfPages(),
            keys=self.keys,
            sealer=self.sealer,
            verifier=self.verifier,
            objects=self.objects,
            lease=self.lease,
            clock=now,
        )

    @cached_property
    def upgrades(self) -> Upgrade:
        from docsvc.usecases.upgrade import Upgrade

        return Upgrade(self.database, self.templates, self.sealer, self.verifier, self.objects, self.lease, now)

    def sequence(self) -> int:
        """Put waiting events into the log and publish a checkpoint over them; how many leaves were added."""
        from docsvc.usecases.record import sequence

        return sequence(self.database, self.notary, self.objects, self.publisher)

    def checkpoint_text(self) -> str:
        """The published checkpoint, as it stands in the log."""
        return (self.publisher.published() or b"").decode()

    def fsck(self) -> Sequence[str]:
        """Contradictions between database, log and store."""
        from docsvc.usecases.audit_log import fsck

        return fsck(self.database, self.objects, self.publisher, _log_keys([self.notary.vkey]))

    def document(self, document_id: str) -> DocumentRow:
        """Raises UsageError where there is none."""
        return self._find(id=document_id)

    def document_by_number(self, number: str) -> DocumentRow:
        """Raises UsageError where there is none."""
        return self._find(number=number)

    def _find(self, **field: str) -> DocumentRow:
        with self.database.begin() as tx:
            row = tx.documents.find(**field)
        if row is None:
            raise UsageError(f"没有这份文书 / no such document: {', '.join(field.values())}")
        return row

    def content(self, row: DocumentRow) -> bytes:
        """The signed PDF. Raises UsageError where it is not made yet."""
        from docsvc.pipeline.store import object_key

        if row.signed_sha256 is None:
            raise UsageError(f"{row.number} 尚未盖章 / is not sealed yet (state {row.state}: {row.reason or '-'})")
        return self.objects.get(object_key(row.signed_sha256))

    def evidence(self, row: DocumentRow) -> bytes:
        """The document's evidence bundle (zip)."""
        from docsvc.usecases.evidence import build

        return build(
            self.database, self.publisher, row, self.content(row), self.notary.vkey, self._certificates(row)
        )

    def _certificates(self, row: DocumentRow) -> Sequence[bytes]:
        with self.database.begin() as tx:
            agency = tx.agencies.get(row.agency_id)
        chain = self.keys.of(agency.seal).chain if agency else ()
        return [ssl.DER_cert_to_PEM_cert(der).encode() for der in chain]

    def import_agencies(self, raw: bytes) -> int:
        """Import a registry file, all of it or nothing; how many agencies are new or changed."""
        from docsvc.usecases.import_agencies import import_agencies
        from docsvc.usecases.intake import read_case

        try:
            entries = read_case(raw)
        except CaseRefusedError as e:
            raise RegistryRefusedError(
                [Finding("SCHEMA", "", "不是有效的JSON", f.message_en) for f in e.findings]
            ) from e
        schema = json.loads((self._templates_dir / "agencies.schema.json").read_text("utf-8"))
        return import_agencies(entries, self.database, self.schema_check, schema)

    def agencies(self) -> Sequence[Agency]:
        """The registry."""
        with self.database.begin() as tx:
            return tx.agencies.list()

    @property
    def _templates_dir(self) -> Path:
        return self.settings.path(self.settings.templates_dir)

    # First use.

    def set_up(self) -> None:
        """Make what the embedded way lacks (keys, registry), and say so; nothing where all is there."""
        certs = self.settings.certs
        if not (certs / "authorities.json").exists() or not (certs / "log.key").exists():
            _say(f"first use: making development keys in {certs} (no legal effect)")
            self.make_keys(self._samples())
        if self.settings.store == "s3":
            lacking = [name for name, holds in self.objects.probe().items() if not holds]
            if lacking:
                _say(f"the object store does not enforce: {', '.join(lacking)} (the log still shows any change)")
        if not self.agencies():
            _say("first use: importing the sample agencies")
            self.import_agencies((self._templates_dir / "agencies.sample.json").read_bytes())

    def _samples(self) -> Sequence[Agency]:
        entries = json.loads((self._templates_dir / "agencies.sample.json").read_text("utf-8"))
        return [Agency.from_json(entry) for entry in entries]

    def make_keys(self, agencies: Sequence[Agency], algorithm: Algorithm = "rsa-2048") -> None:
        """Development PKI and log key, where missing."""
        from docsvc.adapters.notary import create_log_key
        from docsvc.adapters.pki.folder import init_pki

        certs = self.settings.certs
        init_pki(certs, agencies=agencies, now=now(), algorithm=algorithm, password=self.key_password)
        create_log_key(certs / "log.key")
        vkey = certs / "log.vkey"
        if not vkey.exists():
            vkey.write_text(self.notary.vkey + "\n", "utf-8")


def _say(sentence: str) -> None:
    sys.stderr.write(f"docsvc: {sentence}\n")


@contextmanager
def open_service() -> Iterator[Service]:
    """The service of this process, set up on first use; closed at the end of the block."""
    settings = load_settings()
    configure_logs(settings.log_level)
    with ExitStack() as closing:
        service = Service(settings, closing)
        service.set_up()
        yield service


def open_templates() -> TemplateFolder:
    """The template folders alone: no keys, no database."""
    return Service(load_settings(), ExitStack()).templates


def trust_anchors(folder: Path) -> Sequence[Path]:
    """Certificates (*.pem) of a trust folder. Raises SetupError where there are none."""
    found = sorted(folder.glob("*.pem"))
    if not found:
        raise SetupError(f"no trust anchor (*.pem) in {folder}: name a folder with --trust")
    return found


def _log_keys(vkeys: Sequence[str]) -> LogKeys:
    from docsvc.adapters.notary import TrustedLogKeys

    return TrustedLogKeys(vkeys)


def _trusted_log_keys(folder: Path) -> LogKeys:
    return _log_keys([path.read_text("utf-8").strip() for path in sorted(folder.glob("*.vkey"))])


def open_verifier(trust: Path | None) -> tuple[Verifier, LogKeys]:
    """A verifier for files from outside, and the log keys that count: no database, no network."""
    from docsvc.adapters.pades.verifier import PdfVerifier

    settings = load_settings()
    configure_logs(settings.log_level)
    folder = trust or settings.trust
    return PdfVerifier(trust_anchors(folder)), _trusted_log_keys(folder)


def check_log(where: str, vkey: str | None) -> LogVerdict:
    """Check a published log (folder or URL) against `vkey`, else against the trusted log keys."""
    from docsvc.adapters.log_reader import open_log
    from docsvc.usecases.check_log import check_log as check

    settings = load_settings()
    return check(open_log(where), _log_keys([vkey]) if vkey else _trusted_log_keys(settings.trust))


def init_development_pki(algorithm: Algorithm = "rsa-2048") -> Iterator[str]:
    """Make what is missing of the development keys; a line a key file."""
    from docsvc.adapters.pki.folder import inspect_pki

    settings = load_settings()
    with ExitStack() as closing:
        service = Service(settings, closing)
        service.make_keys([*service._samples(), *service.agencies()], algorithm)  # noqa: SLF001 - its own module
        for report in inspect_pki(settings.certs, service.key_password):
            yield f"{report.path.name}\t{report.algorithm}\tuntil {report.not_after:%Y-%m-%d}\t{report.subject}"


def diagnose() -> Iterator[tuple[str, bool, str]]:
    """(what, is it a fault, detail) of everything that the service needs."""
    from docsvc.adapters.pki.folder import inspect_pki

    with open_service() as service:

        def look(what: str, finding: Any) -> tuple[str, bool, str]:
            try:
                return what, False, str(finding())
            except DocsvcError as e:
                logger().debug("doctor_fault", what=what, exc_info=True)
                return what, True, str(e)

        yield look("settings", lambda: f"data in {service.settings.data}, store {service.settings.store}")
        yield look("templates", lambda: ", ".join(n for n in service.templates.names() if service.templates.get(n)))
        yield look("fonts", lambda: ", ".join(service.fonts.families))
        yield look("office", service.converter.start)
        yield look("database", lambda: f"{len(service.agencies())} agencies")
        yield look("store", lambda: ", ".join(f"{k}={v}" for k, v in service.objects.probe().items()))
        yield look("authorities", lambda: service.sealer and "answer")
        yield look("log", lambda: service.notary.vkey)
        for key in inspect_pki(service.settings.certs, service.key_password):
            yield f"key {key.path.name}", key.expired(now()), f"{key.algorithm} until {key.not_after:%Y-%m-%d}"
