"""A document that goes round: its people with their keys, their marks, and each revision that becomes of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from PIL import Image, ImageDraw
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.adapters.pki.officers import issue_officer
from docsvc.domain.document import Level, Slot
from docsvc.domain.envelope import Blank, Box, Mark, Needs, Prepared, Signatory

OFFICERS = (("陈测甲", "TEST33099900001"), ("王测乙", "TEST33099900002"), ("郑测戊", "TEST33099900005"))


def handwriting(
    width: int = 600, height: int = 240, *, ink: tuple[int, int, int, int] = (20, 30, 120, 255)
) -> bytes:
    """A PNG as a handwriting pad makes it: strokes on a clear ground."""
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for left in range(width // 12, width - width // 4, width // 4):
        points = [(left, height // 4), (left + width // 6, height // 3), (left + width // 12, 3 * height // 4)]
        draw.line(points, fill=ink, width=max(height // 24, 1))
        draw.line([(left, height // 2), (left + width // 5, height // 2)], fill=ink, width=max(height // 24, 1))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True)
class Person:
    """Somebody with a key of their own and the chain that vouches for it."""

    name: str
    number: str
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    chain: tuple[bytes, ...]

    def value(self, signed: bytes) -> bytes:
        """The raw signature value, as a token or a device would give it."""
        match self.key:
            case rsa.RSAPrivateKey():
                return self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePrivateKey():
                digest = hashes.SHA384() if self.key.key_size > 256 else hashes.SHA256()
                return self.key.sign(signed, ec.ECDSA(digest))
            case _:
                return self.key.sign(signed)

    def cms(self, prepared: Prepared) -> bytes:
        """A whole CMS, by pyHanko's own signer."""
        certificates = [x509.Certificate.load(der) for der in self.chain]
        raw = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        store = SimpleCertificateStore.from_certs(certificates[1:])
        signer = SimpleSigner(
            signing_cert=certificates[0],
            signing_key=asn1_keys.PrivateKeyInfo.load(raw),
            cert_registry=store,
        )
        made = signer.async_sign(prepared.content_digest, prepared.digest_algorithm, use_pades=True)
        return asyncio.run(made).dump()


def person(folder: Path, name: str, number: str, key=None) -> Person:
    """An officer with a fresh P-256 key, or with `key`, and a certificate of the development PKI."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Person(name, number, key, issue_officer(folder, None, name, number, public, dt.datetime.now(dt.UTC)))


def people(folder: Path) -> list[Person]:
    """Two officers and a recorder, each with another kind of key."""
    kinds = (rsa.generate_private_key(65537, 2048), None, ec.generate_private_key(ec.SECP384R1()))
    return [person(folder, *who, kind) for who, kind in zip(OFFICERS, kinds, strict=True)]


def lines(who: Person) -> tuple[str, ...]:
    return (who.name, f"执法证号 {who.number}", "2026-11-25 18:03 数字签名")


def blanks(pages: int = 2) -> list[Blank]:
    """Party on each page, two officers, recorder, on plain A4."""
    feet = [Box(n, 200, 60, 150, 30) for n in range(pages)]
    party = Blank("Party", "被约谈人 林示例 手写签名", (Box(pages - 1, 290, 620, 105, 31), *feet))
    return [
        party,
        *(
            Blank(field, f"{role} {name}（{number}） 数字签名", (Box(pages - 1, 200, 580 - 35 * n, 170, 31),))
            for n, (field, role, (name, number)) in enumerate(
                zip(("Officer", "Officer2", "Recorder"), ("约谈人", "约谈人", "记录人"), OFFICERS, strict=True)
            )
        ),
    ]


def go_round(  # noqa: PLR0913, PLR0917 - what an envelope consists of
    sealer: PadesSealer,
    keys: FolderKeys,
    pdf: bytes,
    fields: Sequence[Blank],
    slots: Sequence[Slot],
    signers: Sequence[Person],
    signatories: Sequence[Signatory] = (),
    level: Level = Level.B_LTA,
) -> list[bytes]:
    """Each revision: those by hand first, then `signers` in turn by raw value and by CMS, then the seals."""
    waiting, made = list(signers), []
    by_hand = {s.field for s in signatories if s.needs is Needs.HANDWRITING} or {fields[0].field}
    for n, blank in enumerate(fields):
        rest = [*fields[n:], *slots]
        if blank.field in by_hand:
            pdf, why = sealer.sign(pdf, rest, Mark(handwriting()), keys.platform)
        else:
            who = waiting.pop(0)
            mark = Mark(handwriting() if n == 2 else None, lines(who))
            prepared = sealer.prepare(pdf, rest, mark, who.chain, dt.datetime.now(dt.UTC))
            given = {"cms": who.cms(prepared)} if n % 2 else {"value": who.value(prepared.to_be_signed)}
            pdf, why = sealer.complete(pdf, prepared, **given)
        assert why is None, why
        made.append(pdf)
    pdf, achieved, why = sealer.seal(pdf, slots, level)
    assert (achieved, why) == (level, None)
    return [*made, pdf]
