"""What an operator does about the certificates of the seals: look at them, renew, bring, revoke."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from docsvc.bootstrap.adapters import now
from docsvc.bootstrap.diagnosis import in_words
from docsvc.bootstrap.first_use import open_service
from docsvc.bootstrap.service import Service
from docsvc.domain.agency import Agency
from docsvc.domain.errors import UsageError
from docsvc.domain.validity import Held


def list_certificates() -> Iterator[tuple[Held, str]]:
    """Every certificate that the service relies on, and how it stands, in words."""
    with open_service() as service:
        for seal in service.observation.seals():
            for one in seal.held:
                used = "in use, " if one is seal.held[0] and one.usable(now()) else ""
                yield one, used + in_words(one)
        for one in service.observation.others():
            yield one, in_words(one)


def renew_seal(seal_id: str, begins: dt.datetime | None) -> Path:
    """Make the next key of a seal in the development PKI; the key file."""
    from docsvc.adapters.pki.succession import renew_seal

    with open_service() as service:
        agency = _bearer(service, seal_id)
        start = _aware(service, begins)
        return renew_seal(service.settings.certs, agency, now(), service.key_password, start)


def import_seal(seal_id: str, file: Path, file_password: str, begins: dt.datetime | None) -> Path:
    """Take the next key of a seal out of a PKCS#12 file; the key file that it lies in from now on."""
    from docsvc.adapters.pki.succession import import_seal

    with open_service() as service:
        agency = _bearer(service, seal_id)
        certs = service.settings.certs
        start = _aware(service, begins)
        return import_seal(certs, agency, file, file_password, now(), service.key_password, start)


def revoke_certificate(name: str, reason: str) -> bool:
    """Take a certificate out of use; was it revoked as well (development PKI)?"""
    from docsvc.adapters.pki.succession import withdraw

    with open_service() as service:
        return withdraw(service.settings.certs, name, now(), reason, service.key_password)


def _aware(service: Service, day: dt.datetime | None) -> dt.datetime | None:
    """Without an offset, by the clock of the service's time zone."""
    return day if day is None or day.tzinfo else day.replace(tzinfo=ZoneInfo(service.settings.timezone))


def _bearer(service: Service, seal_id: str) -> Agency:
    found = next((a for a in service.agencies() if a.seal.id == seal_id), None)
    if found is None:
        raise UsageError(f"登记表中没有这枚印章；no such seal in the registry: {seal_id}")
    return found
