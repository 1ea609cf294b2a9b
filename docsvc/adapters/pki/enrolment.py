"""From a seal's new key in a token to its certificate: a request (PKCS#10), or one of the development PKI."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki import certificates as profiles
from docsvc.adapters.pki.certificates import ORGANIZATION_IDENTIFIER, Issuer, certify, fitting
from docsvc.adapters.pki.cms import SEQUENCE, PrivateKey, integer, tlv
from docsvc.adapters.pki.doors import KEYS_TOML, PublicKey, Way, read_places, way_of
from docsvc.adapters.pki.folder import chain_path, describe, issued_path, password_of, seal_subject
from docsvc.adapters.pki.keyfile import read_key
from docsvc.domain.agency import Agency
from docsvc.domain.errors import SetupError

BIT_STRING = 0x03


@dataclass(frozen=True, slots=True)
class _PublicOnly:
    """What certifying needs of a key that nobody here has."""

    key: PublicKey

    def public_key(self) -> PublicKey:
        return self.key


def request(agency: Agency, public: PublicKey, sign: Callable[[Way, bytes], bytes]) -> bytes:
    """A certificate request (RFC 2986), PEM, that asks for the name which the seal bears; `sign` uses its key."""
    name = agency.seal.name
    attributes = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, fitting(name)),
        (ORGANIZATION_IDENTIFIER, f"NTRCN-{agency.uscc}"),
        (NameOID.SERIAL_NUMBER, agency.uscc),
        (NameOID.COMMON_NAME, fitting(name)),
    )
    subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    info = tlv(SEQUENCE, integer(0), subject.public_bytes(), spki, tlv(0xA0))
    way = way_of(public)  # PKCS#1 v1.5, whatever the seal will sign by: the request shows that the key is there
    signed = tlv(SEQUENCE, info, way.algorithm, tlv(BIT_STRING, b"\0", sign(way, info)))
    return x509.load_der_x509_csr(signed).public_bytes(Encoding.PEM)


def certify_for_development(
    folder: Path,
    password: str | None,
    agency: Agency,
    public: PublicKey,
    now: dt.datetime,
    path: Path | None = None,
) -> x509.Certificate:
    """A certificate of the development PKI in `folder` for the seal of `agency`, put at `path` (seals/ID.pem).

    Raises SetupError.
    """
    file = read_key(folder / "issuing.p12", password_of(folder, password))
    issuing = Issuer("issuing", file.certificate, file.key)
    holder = cast("PrivateKey", _PublicOnly(public))
    name = seal_subject(agency.seal, agency.uscc)
    own = certify(profiles.SEAL, name, holder, issuing, describe(folder).base_url, now)
    issued = issued_path(folder, issuing.name, own.serial_number)
    issued.parent.mkdir(parents=True, exist_ok=True)
    issued.write_bytes(own.public_bytes(Encoding.DER))
    path = path or chain_path(folder, agency.seal.id)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in (own, *file.chain)))
    part.chmod(0o644)
    part.replace(path)
    return own


def note_place(folder: Path, seal_id: str, key: str) -> None:
    """Write into `keys.toml` that this seal's key is in the token. Raises SetupError where it says otherwise."""
    known = read_places(folder).seals.get(seal_id)
    if known is None:
        label = f"key = {json.dumps(key, ensure_ascii=False)}\n" if key != seal_id else ""
        with (folder / KEYS_TOML).open("a", encoding="utf-8") as file:
            file.write(f'\n[seals.{json.dumps(seal_id, ensure_ascii=False)}]\ndoor = "pkcs11"\n{label}')
    elif (known.door, known.key or seal_id) != ("pkcs11", key):
        raise SetupError(
            f'{KEYS_TOML} 中 {seal_id} 另有写法，请改为 door = "pkcs11"；'
            f'{KEYS_TOML} says something else of {seal_id}: change it to door = "pkcs11" and this key'
        )
