"""The use cases of a process, each with the adapters that it asks for."""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from docsvc.bootstrap.adapters import log_keys, now
from docsvc.bootstrap.signing import Signing
from docsvc.domain.agency import Agency
from docsvc.domain.document import DocumentRow
from docsvc.domain.errors import CaseRefusedError, DocsvcError, Finding, RegistryRefusedError, UsageError
from docsvc.domain.table import Row
from docsvc.telemetry import logger

if TYPE_CHECKING:
    from docsvc.usecases.accounts import Accounts
    from docsvc.usecases.batches import Batches
    from docsvc.usecases.callers import Callers
    from docsvc.usecases.deliver import Delivery
    from docsvc.usecases.find import Search
    from docsvc.usecases.hand_out import HandingOut
    from docsvc.usecases.intake import Intake
    from docsvc.usecases.jobs import Jobs
    from docsvc.usecases.observe import Observation
    from docsvc.usecases.post import Reception
    from docsvc.usecases.produce import Production
    from docsvc.usecases.read_log import PublishedLog
    from docsvc.usecases.rerender import Rerendering
    from docsvc.usecases.sweep import Sweep
    from docsvc.usecases.take_in import TakingIn
    from docsvc.usecases.template_versions import TemplateVersions
    from docsvc.usecases.upgrade import Upgrade
    from docsvc.usecases.verify import Outside
    from docsvc.usecases.void import Voiding
    from docsvc.usecases.work_on_drafts import DraftCounter


UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Service(Signing):
    """Everything of one process, each part built when it is first asked for."""

    @cached_property
    def intake(self) -> Intake:
        from docsvc.domain.laws import Laws
        from docsvc.domain.measures import Measures
        from docsvc.domain.plain_language import PlainLanguage
        from docsvc.usecases.intake import Intake

        laws = Laws.from_mapping(self._register("laws.toml"))
        return Intake(
            self.database,
            self.templates,
            self.schema_check,
            self.fonts,
            laws,
            ZoneInfo(self.settings.timezone),
            now,
            self.settings.level,
            Measures.from_mapping(self._register("measures.toml")),
            PlainLanguage.from_mapping(self._register("plain_language.toml")),
            self.chains,
        )

    def _register(self, name: str) -> dict[str, Any]:
        return tomllib.loads((self.templates_dir / name).read_text("utf-8"))

    @cached_property
    def production(self) -> Production:
        from docsvc.adapters.pages.reading import PdfPages
        from docsvc.adapters.qr import SegnoCodes
        from docsvc.adapters.word import WordFiller
        from docsvc.usecases.produce import Production

        for name in self.key_places.doors - {"pkcs12"}:
            self.door(name)  # what is not set is said before the first document
        return Production(
            database=self.database,
            templates=self.templates,
            versions=self.versions,
            filler=WordFiller(self.fonts),
            converter=self.converter,
            pages=PdfPages(),
            custody=self.custody,
            sealer=self.sealer,
            verifier=self.verifier,
            objects=self.objects,
            codes=SegnoCodes(),
            scan_signer=self.scan_signer,
            public_url=self.settings.public,
            leases=self.leases,
            clock=now,
        )

    @cached_property
    def versions(self) -> TemplateVersions:
        from docsvc.usecases.template_versions import TemplateVersions

        return TemplateVersions(self.templates, self.objects)

    @cached_property
    def drafts(self) -> DraftCounter:
        from docsvc.adapters.word.anatomy import WordAnatomist
        from docsvc.usecases.keep_templates import TemplateDesk
        from docsvc.usecases.work_on_drafts import DraftCounter

        desk = TemplateDesk(self.templates, WordAnatomist(self.fonts), self.schema_check, now)
        return DraftCounter(desk, self.draft_box, now)

    @cached_property
    def rerendering(self) -> Rerendering:
        from docsvc.usecases.rerender import Rerendering

        made = self.production
        return Rerendering(
            database=self.database,
            objects=self.objects,
            versions=self.versions,
            filler=made.filler,
            codes=made.codes,
            scan_signer=made.scan_signer,
            public_url=made.public_url,
            converter=made.converter,
            pages=made.pages,
            images=self.images,
        )

    @cached_property
    def sweep(self) -> Sweep:
        from docsvc.usecases.sweep import Sweep

        keep = dt.timedelta(days=self.settings.batch_keep_days)
        return Sweep(self.database, self.processes, self.queue, now, self.settings.resend_s, keep)

    @cached_property
    def jobs(self) -> Jobs:
        from docsvc.usecases.jobs import Jobs

        return Jobs(self.database, self.leases, self.queue, now)

    def below_level(self) -> Sequence[DocumentRow]:
        """Sealed documents below their target, for which no key is needed yet."""
        from docsvc.usecases.upgrade import below_level

        return below_level(self.database)

    def unread_renewals(self) -> Sequence[DocumentRow]:
        """Documents of which it is not known yet when their last time-stamp weakens."""
        from docsvc.usecases.upgrade import unread_renewals

        return unread_renewals(self.database)

    def due_renewals(self) -> Sequence[DocumentRow]:
        """Documents whose last time-stamp weakens within the lead time."""
        from docsvc.usecases.upgrade import due_renewals

        return due_renewals(self.database, now(), dt.timedelta(days=self.settings.renew_lead_days))

    def lapsed(self) -> Sequence[DocumentRow]:
        """Documents whose last time-stamp was not renewed in time."""
        from docsvc.usecases.upgrade import lapsed

        return lapsed(self.database, now())

    @cached_property
    def upgrades(self) -> Upgrade:
        from docsvc.usecases.upgrade import Upgrade

        return Upgrade(self.database, self.templates, self.sealer, self.verifier, self.objects, self.leases, now)

    @cached_property
    def accounts(self) -> Accounts:
        from docsvc.adapters.passwords import Argon2Passwords
        from docsvc.usecases.accounts import Accounts

        passwords = Argon2Passwords()
        return Accounts(
            database=self.database,
            passwords=passwords,
            clock=now,
            longest=dt.timedelta(hours=self.settings.session_hours),
            idle=dt.timedelta(minutes=self.settings.session_idle_minutes),
            decoy=passwords.hash(secrets.token_urlsafe()),
            note=logger().log,
        )

    @cached_property
    def search(self) -> Search:
        from docsvc.usecases.find import Search

        return Search(self.database, self.templates, self.web_key)

    @cached_property
    def delivery(self) -> Delivery:
        from docsvc.usecases.deliver import Delivery

        return Delivery(
            database=self.database,
            objects=self.objects,
            publisher=self.publisher,
            chains=self.chains,
            images=self.images,
            vkey=lambda: self.vkey,
            scan_keys=self.scan_keys,
            clock=now,
        )

    @cached_property
    def handing_out(self) -> HandingOut:
        from docsvc.adapters.pages.merging import merge_apart
        from docsvc.usecases.hand_out import HandingOut

        places = max(2, self.settings.web_threads // 4)
        return HandingOut(self.database, self.delivery, merge_apart, places)

    @cached_property
    def reception(self) -> Reception:
        from docsvc.usecases.post import Reception

        return Reception(self.database, self.intake, self.queue, now, self.settings.resend_s)

    @cached_property
    def batches(self) -> Batches:
        from docsvc.usecases.batches import Batches

        return Batches(self.database, self.read_batch, self.web_key, now)

    @cached_property
    def taking_in(self) -> TakingIn:
        from docsvc.usecases.take_in import TakingIn

        return TakingIn(self.database, lambda: self.intake, now, logger().log)

    @cached_property
    def voiding(self) -> Voiding:
        from docsvc.usecases.void import Voiding

        return Voiding(self.database, self.leases, now)

    @cached_property
    def callers(self) -> Callers:
        from docsvc.usecases.callers import Callers

        return Callers(self.database, now)

    @cached_property
    def outside(self) -> Outside:
        from docsvc.bootstrap.offline import trusted_log_keys
        from docsvc.usecases.verify import Outside

        log_keys = trusted_log_keys(self.settings.trust)
        return Outside(self.outside_verifier, log_keys, now, places=max(2, self.settings.web_threads // 4))

    @cached_property
    def observation(self) -> Observation:
        from docsvc.usecases.observe import Observation

        warn = dt.timedelta(days=self.settings.expiry_warning_days)
        return Observation(self.database, self.queue, self.publisher, self.chains, now, warn)

    @cached_property
    def published_log(self) -> PublishedLog:
        from docsvc.usecases.read_log import PublishedLog

        return PublishedLog(self.objects, self.publisher)

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

        return fsck(self.database, self.objects, self.publisher, log_keys([self.notary.vkey]))

    def read_batch(self, suffix: str, raw: bytes) -> Sequence[Row]:
        """The rows of a file of many cases. Raises TableRefusedError."""
        from docsvc.adapters.sheets.apart import SheetsApart
        from docsvc.usecases.read_batch import read_batch

        return read_batch(suffix, raw, SheetsApart(), self.templates)

    def blank_table(self, suffix: str, doc_type: str) -> bytes:
        """A table to fill in. Raises UsageError for an unknown type."""
        from docsvc.adapters.sheets import Sheets
        from docsvc.usecases.read_batch import blank_table

        return blank_table(suffix, doc_type, Sheets(), self.templates)

    def document(self, document_id: str) -> DocumentRow:
        """Raises UsageError where there is none."""
        return self._find(id=document_id)

    def document_by_number(self, number: str) -> DocumentRow:
        """Raises UsageError where there is none."""
        return self._find(number=number)

    def document_by(self, name: str) -> DocumentRow:
        """By id or number. Raises UsageError where there is none."""
        return self.document(name) if UUID.fullmatch(name) else self.document_by_number(name)

    def _find(self, **field: str) -> DocumentRow:
        with self.database.read() as tx:
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
        return self.delivery.bundle(row)

    def import_agencies(self, raw: bytes, beside: Path | None = None) -> int:
        """Import a registry file, all of it or nothing; how many agencies are new or changed.

        Pictures of seals that it names are read from the folder `beside`.
        """
        from docsvc.adapters.pades.seal_image import fault_of, read_picture
        from docsvc.usecases.import_agencies import SealImages, import_agencies
        from docsvc.usecases.intake import read_case

        try:
            entries = read_case(raw)
        except CaseRefusedError as e:
            raise RegistryRefusedError(
                [Finding("SCHEMA", "", "不是有效的JSON", f.message_en) for f in e.findings]
            ) from e
        schema = json.loads((self.templates_dir / "agencies.schema.json").read_text("utf-8"))
        images = SealImages((lambda name: read_picture(beside / name)), fault_of, self.objects) if beside else None
        return import_agencies(entries, self.database, self.schema_check, schema, self.templates, images)

    def warm(self) -> None:
        """Load what the first case, the first look and the first download would wait for: fonts, laws, schemas."""
        try:
            self.intake.glyphs.undrawable("文书")
            for name in self.templates.names():
                self.templates.get(name)
            _ = self.reception, self.search, self.delivery, self.voiding
        except DocsvcError:
            logger().warning("warm_up_failed", exc_info=True)  # whoever needs it is told why

    def sample_case(self, doc_type: str) -> Any:
        """A valid case of that type as JSON, for whoever wants to see one; None where none is at hand."""
        path = self.templates_dir / doc_type / "cases" / "valid-1.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    def agencies(self) -> Sequence[Agency]:
        """The registry."""
        with self.database.read() as tx:
            return tx.agencies.list()
