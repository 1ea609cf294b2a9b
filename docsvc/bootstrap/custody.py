"""Seals' keys that are made in a token, and what an operator is told of the doors to keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from docsvc.bootstrap.adapters import now
from docsvc.bootstrap.service import Service
from docsvc.domain.agency import Agency
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import DocsvcError, UsageError
from docsvc.usecases.custody import Account


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a seal was used for, where its key is, and its certificate of today, where that is here."""

    account: Account
    door: str
    certificate_sha256: str | None
    valid_until: dt.datetime | None


def make_token_key(service: Service, seal_id: str, algorithm: str, label: str | None, csr: Path | None) -> str:
    """Make a seal's key in the token, and its certificate or a request for one; what was done, in a sentence.

    Raises UsageError for a seal that the registry does not know, or where no file is named for a request;
    SealError, SetupError.
    """
    from docsvc.adapters.pki.enrolment import certify_for_development, note_place, request
    from docsvc.adapters.pki.folder import chain_path
    from docsvc.adapters.pki.seal_files import PUBLIC, next_path

    agency, certs, place = _agency(service, seal_id), service.settings.certs, service.key_places.of(seal_id)
    if csr is None and not service.own_pki:
        raise UsageError("生产环境须用 --csr 导出证书请求；in production name a file for the request with --csr")
    path = chain_path(certs, seal_id)
    follows = (
        place.door == "pkcs11" and path.exists()
    )  # the one in use goes on until this one's certificate is there
    if follows:
        path = next_path(certs, seal_id).with_suffix(PUBLIC)
    key = label or place.key or (path.stem if follows else seal_id)
    public = service.token.generate(key, algorithm, again=follows and key == place.key)
    made = f"{key}: 密钥已在令牌中生成 made in the token"
    if csr is not None:
        csr.write_bytes(request(agency, public, lambda way, data: service.token.sign_with(key, public, way, data)))
        return (
            f"{made}; 证书请求 request: {csr}; 证书链放入 its certificate with the chain goes to seals/{path.name}"
        )
    own = certify_for_development(certs, service.key_password, agency, public, now(), path)
    if not follows:
        note_place(certs, seal_id, key)
    return f"{made}, seals/{path.name} until {own.not_valid_after_utc:%Y-%m-%d}"


def look_at_doors(service: Service) -> Iterator[tuple[str, str | None]]:
    """A line a seal whose key is elsewhere: its id and door, and what is wrong with it."""
    for agency in service.agencies():
        place = service.key_places.of(agency.seal.id)
        if place.door == "pkcs12":
            continue
        try:
            service.keys.of(agency.seal)
        except DocsvcError as e:
            yield f"seal {agency.seal.id} ({place.door})", str(e)
        else:
            yield f"seal {agency.seal.id} ({place.door})", None


def custody_report(
    service: Service, seal_id: str | None, since: dt.datetime | None, until: dt.datetime | None
) -> Sequence[SealReport]:
    """What one seal, or each, was used for in that time. Needs no key. Raises UsageError for an unknown seal."""
    from docsvc.usecases.custody import accounts

    if seal_id is not None:
        _agency(service, seal_id)
    zone = ZoneInfo(service.settings.timezone)
    found = accounts(service.database, service.quota_of, zone, now(), (seal_id, since, until))
    return [
        SealReport(each, service.key_places.of(each.agency.seal.id).door, *_now(service, each)) for each in found
    ]


def _now(service: Service, account: Account) -> tuple[str | None, dt.datetime | None]:
    try:
        design = account.agency.seal
        return sha256_hex(service.chains.of(design)[0]), service.chains.held(design)[0].ends
    except DocsvcError:
        return None, None


def _agency(service: Service, seal_id: str) -> Agency:
    found = [agency for agency in service.agencies() if agency.seal.id == seal_id]
    if not found:
        raise UsageError(f"登记表中没有印章 {seal_id}；no agency of the registry has the seal {seal_id}")
    return found[0]
