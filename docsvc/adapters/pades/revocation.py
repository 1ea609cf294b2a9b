"""What the file itself holds for its validation: the document security store (EN 319 142-1, 5.4.2)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from asn1crypto import crl, ocsp, x509

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.verdict import Check, RevocationUse

STEP = 8
NAME = "security-store"
MAX_ITEMS = 512


@dataclass(frozen=True, slots=True)
class Item:
    """One OCSP response or CRL of the store: the asn1crypto object and the digest of its octets."""

    value: Any
    sha256: str


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to build chains and to judge revocation with."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[Item, ...] = ()
    crls: tuple[Item, ...] = ()
    checks: tuple[Check, ...] = field(default=())

    def digests(self) -> frozenset[str]:
        """SHA-256 of each OCSP response and CRL."""
        return frozenset(item.sha256 for item in (*self.ocsps, *self.crls))


def read_store(handler: Any) -> Material:
    """Read the /DSS of a pyHanko reader or of one of its historical revisions; empty where there is none.

    What can't be read is left out and named in `checks`: an unreadable answer is no answer.
    """
    root = handler.root
    if "/DSS" not in root:
        return Material()
    store = root["/DSS"]
    broken: list[str] = []
    certificates = _items(store, "/Certs", x509.Certificate, broken)
    responses = _items(store, "/OCSPs", ocsp.OCSPResponse, broken)
    lists = _items(store, "/CRLs", crl.CertificateList, broken)
    checks = tuple(
        Check.undecided(
            STEP,
            NAME,
            "TRY_LATER",
            f"安全存储区（DSS）{key}中有无法读取的内容",
            f"the security store (DSS) holds an unreadable entry in {key}",
        )
        for key in dict.fromkeys(broken)
    )
    return Material(tuple(item.value for item in certificates), responses, lists, checks)


def _items(store: Any, key: str, kind: Any, broken: list[str]) -> tuple[Item, ...]:
    out: dict[str, Item] = {}
    for number, reference in enumerate(store.get(key, ())):
        if number >= MAX_ITEMS:
            broken.append(key)
            break
        try:
            data = reference.get_object().data
            value = kind.load(data, strict=True)
            value.native  # noqa: B018 - reads every field now, so that nothing breaks later
        except Exception:  # noqa: BLE001 - whatever a hostile entry raises, it is unreadable
            broken.append(key)
            continue
        digest = sha256_hex(data)
        out[digest] = Item(value, digest)
    return tuple(out.values())


def uses(chain: Sequence[x509.Certificate], material: Material) -> tuple[RevocationUse, ...]:
    """The answers that speak about the certificates of `chain` (signer first, anchor last, which needs none)."""
    found: list[RevocationUse] = []
    for certificate, issuer in pairwise(chain):
        for item in material.ocsps:
            found.extend(_answers(item, certificate, issuer))
        for item in material.crls:
            found.extend(_listings(item, certificate))
    return tuple(found)


def _answers(item: Item, certificate: x509.Certificate, issuer: x509.Certificate) -> list[RevocationUse]:
    if item.value["response_status"].native != "successful":
        return []
    out: list[RevocationUse] = []
    for single in item.value.basic_ocsp_response["tbs_response_data"]["responses"]:
        wanted = single["cert_id"]
        name = wanted["hash_algorithm"]["algorithm"].native
        if wanted["serial_number"].native != certificate.serial_number or name not in hashlib.algorithms_guaranteed:
            continue
        digest = hashlib.new(name, bytes(issuer.public_key["public_key"]), usedforsecurity=False).digest()
        if wanted["issuer_key_hash"].native == digest:
            out.append(
                RevocationUse(
                    "OCSP",
                    _common_name(certificate),
                    str(single["cert_status"].name),
                    single["this_update"].native,
                    single["next_update"].native,
                    item.sha256,
                    single["cert_status"].chosen["revocation_time"].native
                    if single["cert_status"].name == "revoked"
                    else None,
                )
            )
    return out


def _listings(item: Item, certificate: x509.Certificate) -> list[RevocationUse]:
    body = item.value["tbs_cert_list"]
    if item.value.issuer.dump() != certificate.issuer.dump():
        return []
    entries = body["revoked_certificates"] or ()
    revoked_at = next(
        (e["revocation_date"].native for e in entries if e["user_certificate"].native == certificate.serial_number),
        None,
    )
    return [
        RevocationUse(
            "CRL",
            _common_name(certificate),
            "good" if revoked_at is None else "revoked",
            body["this_update"].native,
            body["next_update"].native,
            item.sha256,
            revoked_at,
        )
    ]


def contradiction(found: Sequence[RevocationUse], moment: dt.datetime) -> Check | None:
    """A finding where one answer was taken as good but another says revoked by `moment`: the worse is believed."""
    for use in found:
        if use.revoked_at is not None and use.revoked_at <= moment:
            return Check.failed(
                STEP,
                "revocation",
                "REVOKED",
                f"证书“{use.certificate}”已于{use.revoked_at:%Y-%m-%d}被吊销（{use.kind}）",
                f'the certificate "{use.certificate}" was revoked on {use.revoked_at:%Y-%m-%d} ({use.kind})',
            )
    return None


def _common_name(certificate: x509.Certificate) -> str:
    value = certificate.subject.native.get("common_name") or certificate.subject.human_friendly
    return str(value[0] if isinstance(value, list) else value)
