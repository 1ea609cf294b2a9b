"""Seal keys out of the PKI's folder: opened once, held loaded, used to sign and nothing else."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki.certificates import DESCRIPTION, fitting
from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.folder import ROOT_PEM, chain_path, describe, password_of, platform_path, seal_path
from docsvc.adapters.pki.keyfile import KeyFile, read_key
from docsvc.domain.agency import SealDesign
from docsvc.domain.errors import SealError, SetupError


class LoadedSeal:
    """One seal's key (fits ports.SealKey)."""

    def __init__(self, file: KeyFile, *, development: bool, pss: bool = False) -> None:
        self.chain = file.chain_der
        self.development = development
        # The root stays out of the CMS: a reader that trusts it has it, and the DSS carries it.
        self._signer = signer_with(file.key, self.chain[:-1] or self.chain, pss=pss)

    @property
    def digest(self) -> str:
        """Name of the digest that goes with the key."""
        return self._signer.digest

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        """CAdES detached (EN 319 122-1), DER, over a digest by the algorithm `digest`."""
        return self._signer.sign(digest, stamp=stamp)


class FolderChains:
    """The public certificates of the seals in a PKI folder (fits ports.SealChains); opens no key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, design: SealDesign) -> tuple[bytes, ...]:
        """Raises SetupError where they are not there or can't be read."""
        return tuple(c.public_bytes(Encoding.DER) for c in self._load(design))

    def valid_until(self, design: SealDesign) -> dt.datetime:
        """When the first of them expires. Raises SetupError."""
        return min(c.not_valid_after_utc for c in self._load(design))

    def _load(self, design: SealDesign) -> list[x509.Certificate]:
        try:
            return x509.load_pem_x509_certificates(chain_path(self._folder, design.id).read_bytes())
        except (OSError, ValueError) as e:
            raise SetupError(
                f"没有印章“{design.name}”的公开证书，请运行 docsvc pki init；"
                f"no public certificates of the seal {design.id} here: run `docsvc pki init`"
            ) from e


class FolderKeys:
    """The seal keys of a PKI folder (fits ports.SealKeys). `password` None: the folder's own.

    Of a folder that holds no seal's key (whoever only lifts documents needs none) no password is asked either.
    """

    def __init__(self, folder: Path, password: str | None = None) -> None:
        description = describe(folder)
        self.development = description.development
        self._pss = description.pss
        self._folder = folder
        self._password = password_of(folder, password) if any((folder / "seals").glob("*.p12")) else ""
        self._given = password
        self._platform: LoadedSeal | None = None
        self._loaded: dict[str, tuple[LoadedSeal, str]] = {}
        self._lock = threading.Lock()
        self.roots = _roots(folder)

    def of(self, design: SealDesign) -> LoadedSeal:
        """The key of `design`, whose certificate must bear the seal's name. Raises SealError."""
        with self._lock:
            found = self._loaded.get(design.id)
            if found is None:
                found = self._loaded[design.id] = self._load(design)
        seal, name = found
        if name not in {design.name, design.name[:64], fitting(design.name)}:
            raise SealError(
                f"the certificate of seal {design.id} is for {name}, not for {design.name}: "
                "move its key file away and run `docsvc pki init`"
            )
        return seal

    @property
    def platform(self) -> LoadedSeal:
        """The service's own key, which seals what people sign by hand. Raises SealError where there is none."""
        with self._lock:
            if self._platform is None:
                path = platform_path(self._folder)
                if not path.exists():
                    raise SealError(
                        "没有平台签名密钥（platform.p12），请运行 docsvc pki init；"
                        "no key of the signing platform here: run `docsvc pki init`"
                    )
                try:
                    file = read_key(path, password_of(self._folder, self._given))
                except SetupError as e:
                    raise SealError(f"the key of the signing platform can't be used: {e}") from e
                self._platform = LoadedSeal(file, development=self.development, pss=self._pss)
            return self._platform

    def _load(self, design: SealDesign) -> tuple[LoadedSeal, str]:
        path = seal_path(self._folder, design.id)
        if not path.exists():
            raise SealError(f"{design.name} has no seal certificate ({design.id}): run `docsvc pki init`")
        try:
            file = read_key(path, self._password)
            subject = file.certificate.subject
            # A name too long for the common name stands whole in the description.
            whole = (subject.get_attributes_for_oid(oid) for oid in (DESCRIPTION, NameOID.COMMON_NAME))
            return LoadedSeal(file, development=self.development, pss=self._pss), next(
                (str(n[0].value) for n in whole if n), ""
            )
        except SetupError as e:
            raise SealError(f"the seal of {design.name} can't be used: {e}") from e


def _roots(folder: Path) -> tuple[bytes, ...]:
    """DER of all certificates in *.pem of the folder: a time-stamp authority's root is often not the seals'."""
    found = []
    for path in (folder / ROOT_PEM, *sorted(set(folder.glob("*.pem")) - {folder / ROOT_PEM})):
        try:
            found += x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as e:
            raise SetupError(f"{path.name} of {folder.name} can't be read") from e
    return tuple(c.public_bytes(Encoding.DER) for c in found)
