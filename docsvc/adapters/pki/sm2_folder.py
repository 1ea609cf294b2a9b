"""The SM2 keys of a PKI folder, in its folder `sm2`: made where they are missing, never replaced, held loaded.

`sm2/root.pem` is the trust anchor, `sm2/root.key` its key, `sm2/seals/<seal>.key` a seal's: PEM, the encrypted key,
then its certificates up to the root. The password is that of the other key files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki.certificates import DESCRIPTION, fitting, subject
from docsvc.adapters.pki.cms import CmsSigner
from docsvc.adapters.pki.folder import ROOT_PEM, password_of, seal_path, seal_subject
from docsvc.adapters.pki.keyfile import write_private
from docsvc.adapters.pki.keys import of_development
from docsvc.adapters.pki.sm2 import Sm2Key, locked, new_sm2_key, unlocked
from docsvc.adapters.pki.sm2_certificates import ROOT, SEAL, Sm2Issuer, belongs, certify_sm2
from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.custody import SM2_DOOR
from docsvc.domain.errors import SealError, SetupError

FOLDER = "sm2"
ROOT_KEY = "root.key"
KEY_LABEL = "ENCRYPTED PRIVATE KEY"

Chain = tuple[x509.Certificate, ...]


def init_sm2(folder: Path, agencies: Iterable[Agency], now: dt.datetime, password: str | None = None) -> None:
    """Make what the development PKI in `folder` lacks of SM2 keys: a root, and a key for each seal.

    Several processes may call at once: whoever comes second finds what the first one made. Raises SetupError.
    """
    secret = password_of(folder, password)
    try:
        if not (folder / FOLDER / ROOT_PEM).exists():
            _build(folder, secret, now)
        missing = [a for a in agencies if not sm2_seal_path(folder, a.seal.id).exists()]
        if not missing:
            return
        key, chain = _read(folder / FOLDER / ROOT_KEY, secret)
        issuer = Sm2Issuer(chain[0], key)
        for agency in missing:
            own = new_sm2_key()
            certificate = certify_sm2(SEAL, seal_subject(agency.seal, agency.uscc), own, issuer, now)
            _write(sm2_seal_path(folder, agency.seal.id), secret, own, (certificate, *chain))
    except OSError as e:
        raise SetupError(f"the SM2 keys can't be written to {folder.name}: {e.strerror or e}") from e


def sm2_seal_path(folder: Path, seal_id: str) -> Path:
    """Where the SM2 key of a seal stands."""
    return folder / FOLDER / "seals" / f"{seal_path(folder, seal_id).stem}.key"


class Sm2Seal:
    """One seal's SM2 key (fits ports.SealKey)."""

    door = SM2_DOOR  # a file in any case

    def __init__(self, key: Sm2Key, chain: Chain) -> None:
        self.chain = tuple(c.public_bytes(Encoding.DER) for c in chain)
        self.development = of_development(chain[0])
        self._signer = CmsSigner(key.scheme, self.chain[:-1] or self.chain)

    @property
    def digest(self) -> str:
        """Name of the digest that goes with the key."""
        return self._signer.digest

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        """CMS SignedData (RFC 5652), DER, over an SM3 digest."""
        return self._signer.sign(digest, stamp=stamp)


class Sm2Keys:
    """The SM2 keys of the seals of a PKI folder (fits ports.SealKeys)."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        self._folder = folder
        self._password = password
        self._loaded: dict[str, tuple[Sm2Seal, str]] = {}
        self._lock = threading.Lock()

    @property
    def roots(self) -> tuple[bytes, ...]:
        """DER of the trust anchors. Raises SetupError."""
        try:
            read = x509.load_pem_x509_certificates((self._folder / FOLDER / ROOT_PEM).read_bytes())
        except (OSError, ValueError) as e:
            raise SetupError("没有SM2根证书；no SM2 root certificate is here: set DOCSVC_SM2_PROFILE first") from e
        return tuple(c.public_bytes(Encoding.DER) for c in read)

    def all_of(self, design: SealDesign) -> Sequence[Sm2Seal]:
        """The one that there is. Raises SealError."""
        return (self.of(design),)

    def of(self, design: SealDesign) -> Sm2Seal:
        """The key of `design`, whose certificate must bear the seal's name. Raises SealError."""
        with self._lock:
            found = self._loaded.get(design.id)
            if found is None:
                found = self._loaded[design.id] = self._load(design)
        seal, name = found
        if name not in {design.name, fitting(design.name)}:
            raise SealError(f"the SM2 certificate of seal {design.id} is for {name}, not for {design.name}")
        return seal

    def _load(self, design: SealDesign) -> tuple[Sm2Seal, str]:
        path = sm2_seal_path(self._folder, design.id)
        if not path.exists():
            raise SealError(
                f"印章“{design.name}”没有SM2密钥，请打开DOCSVC_SM2_PROFILE后运行 docsvc pki init；"
                f"the seal {design.id} has no SM2 key: set DOCSVC_SM2_PROFILE and run `docsvc pki init`"
            )
        try:
            key, chain = _read(path, password_of(self._folder, self._password))
        except SetupError as e:
            raise SealError(f"the SM2 key of {design.name} can't be used: {e}") from e
        whole = (chain[0].subject.get_attributes_for_oid(oid) for oid in (DESCRIPTION, NameOID.COMMON_NAME))
        name = next((str(n[0].value) for n in whole if n), "")
        return Sm2Seal(key, chain), name


def _build(folder: Path, secret: str, now: dt.datetime) -> None:
    """The folder with its root, by one rename; nothing where another process was faster."""
    part = folder / f".{FOLDER}.{secrets.token_hex(4)}"
    (part / "seals").mkdir(parents=True, mode=0o755)
    (part / "seals").chmod(0o700)
    key = new_sm2_key()
    root = certify_sm2(ROOT, subject("docsvc development SM2 root CA"), key, None, now)
    _write(part / ROOT_KEY, secret, key, (root,))
    (part / ROOT_PEM).write_bytes(root.public_bytes(Encoding.PEM))
    try:
        part.rename(folder / FOLDER)
    except OSError:
        shutil.rmtree(part)
        if not (folder / FOLDER / ROOT_PEM).exists():
            raise


def _write(path: Path, secret: str, key: Sm2Key, chain: Chain) -> None:
    """Whole or not at all, for its owner only; an existing file stays."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    certificates = b"".join(c.public_bytes(Encoding.PEM) for c in chain)
    write_private(part, pem.armor(KEY_LABEL, locked(key, secret)) + certificates)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()


def _read(path: Path, secret: str) -> tuple[Sm2Key, Chain]:
    """Raises SetupError where the file is missing or damaged, does not open, or holds another key's certificate."""
    try:
        data = path.read_bytes()
        blocks = list(pem.unarmor(data, multiple=True))
        chain = tuple(x509.load_pem_x509_certificates(data))
    except (OSError, ValueError) as e:
        raise SetupError(f"SM2 key file {path.name} can't be read") from e
    sealed = next((der for label, _, der in blocks if label == KEY_LABEL), None)
    if sealed is None:
        raise SetupError(f"SM2 key file {path.name} holds no encrypted private key")
    key = unlocked(sealed, secret)
    if not belongs(key, chain[0]):
        raise SetupError(f"SM2 key file {path.name}: the key does not belong to its certificate")
    return key, chain
