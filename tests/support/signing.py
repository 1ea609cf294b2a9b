"""People who sign: officers with keys of their own, as a token's program signs, and a hand at the pad."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from docsvc.adapters.pki.officers import issue_officer
from tests.support.api import Api

SIGN = ("documents:create", "documents:read", "documents:void", "documents:sign")


@dataclass(frozen=True)
class Officer:
    """An officer with a key and a certificate of the development PKI."""

    name: str
    cert_no: str
    key: ec.EllipticCurvePrivateKey
    chain: tuple[bytes, ...]

    @classmethod
    def of(cls, certs: Path, name: str, cert_no: str) -> Officer:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(name, cert_no, key, issue_officer(certs, None, name, cert_no, public, dt.datetime.now(dt.UTC)))

    @property
    def certificates(self) -> list[str]:
        """As the API takes them."""
        return [base64.b64encode(der).decode() for der in self.chain]

    def value(self, prepared: Mapping[str, Any]) -> str:
        """The raw signature value over what was prepared."""
        signed = self.key.sign(base64.b64decode(prepared["to_be_signed"]), ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signed).decode()

    def cms(self, prepared: Mapping[str, Any]) -> str:
        """A CMS of another program's making over the document's digest."""
        private = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        own, *others = [asn1_x509.Certificate.load(der) for der in self.chain]
        signer = SimpleSigner(
            own, asn1_keys.PrivateKeyInfo.load(private), SimpleCertificateStore.from_certs(others)
        )
        made = signer.async_sign(bytes.fromhex(prepared["content_digest"]), "sha256", use_pades=True)
        return base64.b64encode(asyncio.run(made).dump()).decode()

    def pkcs12(self, path: Path, password: str) -> Path:
        """Key and chain as a file."""
        own, *others = [x509.load_der_x509_certificate(der) for der in self.chain]
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(
                self.name.encode(), self.key, own, others, BestAvailableEncryption(password.encode())
            )
        )
        return path


def handwriting(width: int = 600, height: int = 240) -> bytes:
    """A PNG with a stroke on clear ground, as a pad makes it."""
    rows = []
    for y in range(height):
        row = bytearray(4 * width)
        for x in range(width // 8, 7 * width // 8):
            if abs(y - height // 2 - (height // 4) * ((x * 5 // width) % 2 * 2 - 1) // 2) < 5:
                row[4 * x : 4 * x + 4] = b"\x10\x21\x4d\xff"
        rows.append(b"\0" + bytes(row))
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


class Signatures:
    """The signatures of one document, over the API."""

    def __init__(self, api: Api, document_id: str) -> None:
        self.api, self.path = api, f"/documents/{document_id}/signatures"

    def list(self) -> list[dict[str, Any]]:
        answer = self.api.get(self.path)
        assert answer.status_code == 200, answer.text
        return answer.json()["signatures"]

    def one(self, field: str) -> dict[str, Any]:
        return next(each for each in self.list() if each["field"] == field)

    def prepare(self, field: str, officer: Officer, **more: Any) -> requests.Response:
        return self.send("POST", field, {"certificates": officer.certificates, **more})

    def give(self, field: str, request: str, wait: int | None = 60, **what: str) -> requests.Response:
        headers = {} if wait is None else {"Prefer": f"wait={wait}"}
        return self.send("PUT", field, {"id": request, **what}, headers)

    def link(self, field: str, channel: str = "on_site", **more: Any) -> requests.Response:
        return self.send("POST", f"{field}/link", {"channel": channel, **more})

    def refuse(self, field: str, wait: int | None = 60, **what: Any) -> requests.Response:
        headers = {} if wait is None else {"Prefer": f"wait={wait}"}
        return self.send("POST", f"{field}/refusal", what, headers)

    def send(
        self, method: str, rest: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        return self.api.call(method, f"{self.path}/{rest}", json=dict(body), headers=dict(headers or {}))

    def signed_by(self, field: str, officer: Officer) -> dict[str, Any]:
        """Prepared, signed by their key, completed."""
        prepared = self.prepare(field, officer)
        assert prepared.status_code == 201, prepared.text
        answer = self.give(field, prepared.json()["id"], value=officer.value(prepared.json()))
        assert answer.status_code == 200, answer.text
        return answer.json()


class Visitor:
    """Whoever opens a one-time link, in a browser without scripts: what a script would do is done here."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.form = ""  # the page with the pad

    def open(self, url: str) -> requests.Response:
        address, _, token = url.partition("#")
        page = self.session.get(address.replace(address.split("/sign")[0], self.base_url), timeout=60)
        opened = self.post("/sign", page.text, token=token)
        self.form = opened.text
        return opened

    def draw(self, code: str, picture: bytes | None = None, **more: str) -> requests.Response:
        drawn = "data:image/png;base64," + base64.b64encode(picture or handwriting()).decode()
        return self.post("/sign/document", self.form, **{"code": code, "picture": drawn, "read": "yes", **more})

    def post(self, path: str, page: str, **fields: str) -> requests.Response:
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        sent = {**fields, "csrf_token": token[1] if token else ""}
        return self.session.post(f"{self.base_url}{path}", data=sent, timeout=60)
