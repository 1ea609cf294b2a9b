"""The use cases of signing beside the one way through: envelopes, custody, SM2 copies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from docsvc.bootstrap.adapters import Adapters, now
from docsvc.domain.document import DocumentRow
from docsvc.domain.signature import Signature
from docsvc.telemetry import logger

if TYPE_CHECKING:
    from docsvc.domain.custody import Quota
    from docsvc.usecases.complete import Completion
    from docsvc.usecases.custody import Custody
    from docsvc.usecases.envelopes import Envelopes
    from docsvc.usecases.lease import Leases
    from docsvc.usecases.refuse import Refusing
    from docsvc.usecases.seal_sm2 import Sm2Copies
    from docsvc.usecases.sign_by_hand import HandSigning
    from docsvc.usecases.sign_remotely import RemoteSigning
    from docsvc.usecases.sign_with_pin import Signers


class Signing(Adapters):
    """Who signs beside the agency, and how seals are kept."""

    @cached_property
    def leases(self) -> Leases:
        from docsvc.usecases.lease import Leases

        return Leases(self.database, self.processes, now, self.settings.lease_s)

    @cached_property
    def envelopes(self) -> Envelopes:
        from docsvc.adapters.pages.reading import PdfPages
        from docsvc.usecases.envelopes import Envelopes

        zone = ZoneInfo(self.settings.timezone)
        stores = self.database, self.templates, self.objects
        return Envelopes(*stores, PdfPages(), self.leases, self.queue, zone, now)

    def signatures(self, row: DocumentRow) -> Sequence[Signature]:
        """Who signs the document beside its agency, in order."""
        with self.database.read() as tx:
            return tx.signatures.of(row.id)

    def qr_svg(self, text: str) -> str:
        """A code for a telephone's camera, as an SVG element for a page."""
        from docsvc.adapters.qr import SegnoCodes

        return SegnoCodes().svg(text)

    def made_officer_key(self, name: str, cert_no: str) -> tuple[bytes, Sequence[bytes]]:
        """A fresh key (PKCS#8, DER) with a certificate of the development PKI. Raises SetupError, UsageError."""
        from docsvc.adapters.pki.officers import issue_officer
        from docsvc.adapters.pki.vault import new_key

        key, public = new_key()
        return key, issue_officer(self.settings.certs, self.key_password, name, cert_no, public, now())

    def read_officer_key(self, path: Path, password: str) -> tuple[bytes, Sequence[bytes]]:
        """The key and chain of a PKCS#12 file. Raises SetupError."""
        from docsvc.adapters.pki.vault import opened_file

        return opened_file(path, password)

    @cached_property
    def remote_signing(self) -> RemoteSigning:
        from docsvc.usecases.sign_remotely import RemoteSigning

        return RemoteSigning(self.envelopes, lambda: self.preparer, self.signature_checks, now)

    @cached_property
    def hand_signing(self) -> HandSigning:
        from docsvc.adapters.passwords import Argon2Passwords
        from docsvc.usecases.sign_by_hand import HandSigning

        return HandSigning(
            self.envelopes, Argon2Passwords(), self.images, self.signature_checks, self.settings.public, now
        )

    @cached_property
    def refusing(self) -> Refusing:
        from docsvc.usecases.refuse import Refusing

        return Refusing(self.envelopes, now)

    @cached_property
    def signers(self) -> Signers:
        from docsvc.usecases.sign_with_pin import Signers

        return Signers(
            database=self.database,
            vault=self.vault,
            checks=self.signature_checks,
            remote=self.remote_signing,
            envelopes=self.envelopes,
            clock=now,
            note=logger().log,
        )

    @cached_property
    def completion(self) -> Completion:
        """For the worker: it holds the keys."""
        from docsvc.usecases.complete import Completion

        return Completion(
            database=self.database,
            envelopes=self.envelopes,
            keys=self.keys,
            sealer=self.sealer,
            verifier=self.verifier,
            objects=self.objects,
            leases=self.leases,
            clock=now,
        )

    @cached_property
    def custody(self) -> Custody:
        from docsvc.usecases.custody import Custody

        return Custody(self.watched_keys, self.quota_of, ZoneInfo(self.settings.timezone), now)

    def quota_of(self, seal_id: str) -> Quota:
        """How often a seal may be used."""
        return self.key_places.of(seal_id).quota

    @cached_property
    def sm2_copies(self) -> Sm2Copies:
        from docsvc.adapters.pages.reading import PdfPages
        from docsvc.usecases.seal_sm2 import Sm2Copies

        return Sm2Copies(
            database=self.database,
            templates=self.templates,
            pages=PdfPages(),
            keys=self.sm2_keys,
            custody=self.custody,
            sealer=self.sm2_sealer,
            verifier=self.verifier,
            objects=self.objects,
            leases=self.leases,
            clock=now,
        )

    def copy_in_sm2(self, row: DocumentRow) -> bytes | None:
        """The document's SM2 copy, where the settings want one; None where not, or where a fault (logged) kept it
        from being made, which never harms the document. `docsvc sm2 seal` makes up for it.
        """
        if not self.settings.sm2_profile:
            return None
        try:
            return self.sm2_copies.make(row.id)[1]
        except Exception as e:  # noqa: BLE001 - the document of record is made, whatever becomes of its copy
            logger().warning("sm2_copy_not_made", document=row.id, error=str(e), exc_info=True)
            return None
