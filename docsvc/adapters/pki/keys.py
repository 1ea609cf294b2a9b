"""Seal keys out of the PKI's folder: opened once, held loaded, used to sign and nothing else.

The folder is looked at before each use, so that a key which is added, taken away or withdrawn is noticed at once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki.certificates import DESCRIPTION, NO_EFFECT, fitting
from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.folder import ROOT_PEM, describe, password_of, platform_path
from docsvc.adapters.pki.keyfile import KeyFile, read_key
from docsvc.adapters.pki.seal_files import KEY, PUBLIC, REVOKED, files_of, held_in, read_note
from docsvc.domain.agency import SealDesign
from docsvc.domain.errors import KeyMismatchError, SealError, SetupError
from docsvc.domain.unfit import Refusal, Unfit, unusable
from docsvc.domain.validity import Held, Role, in_order

Clock = Callable[[], dt.datetime]
Mark = tuple[int, int, int]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class LoadedSeal:
    """One seal's key (fits ports.SealKey)."""

    door = "pkcs12"

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
    """The public certificates in a PKI folder (fits ports.SealChains); opens no key."""

    def __init__(self, folder: Path, clock: Clock = _now) -> None:
        self._folder = folder
        self._clock = clock
        self._read: dict[Path, tuple[Mark, list[x509.Certificate]]] = {}

    def of(self, design: SealDesign) -> tuple[bytes, ...]:
        """Raises SetupError where they are not there or can't be read."""
        return tuple(dict.fromkeys(der for held in self.held(design) for der in held.chain))

    def held(self, design: SealDesign) -> list[Held]:
        """The certificate of each key, the one in use first; what can't be read (it is being copied, say) is left
        out. Raises SetupError where nothing is left.
        """
        found = []
        for path in files_of(self._folder, design.id, PUBLIC):
            with contextlib.suppress(SetupError):
                found.append(held_in(path, self._certificates(path)))
        if not found:
            raise SetupError(
                f"没有印章“{design.name}”的公开证书，请运行 docsvc pki init；"
                f"no public certificates of the seal {design.id} here: run `docsvc pki init`"
            )
        return in_order(found, self._clock())

    def development(self, design: SealDesign) -> bool:
        """Is it a seal of the development PKI, without legal effect? Raises SetupError."""
        return of_development(x509.load_der_x509_certificate(self.held(design)[0].chain[0]))

    def others(self) -> list[Held]:
        """Roots (*.pem), CAs and authorities (services/*.cer). Raises SetupError."""
        found: dict[bytes, Held] = {}
        services = self._folder / "services"
        for path in (*sorted(self._folder.glob("*.pem")), *sorted(services.glob("*.cer"))):
            for number, certificate in enumerate(self._certificates(path)):
                name = path.with_name(f"{path.stem}-{number + 1}{path.suffix}") if number else path
                if path.stem != OFFICER:
                    der = certificate.public_bytes(Encoding.DER)
                    found.setdefault(der, held_in(name, [certificate], _role(certificate)))
        return list(found.values())

    def _certificates(self, path: Path) -> list[x509.Certificate]:
        """Read again only when the file has changed."""
        try:
            mark = _mark(path)
            kept = self._read.get(path)
            if kept is None or kept[0] != mark:
                data = path.read_bytes()
                pem = path.suffix == PUBLIC
                read = x509.load_pem_x509_certificates(data) if pem else [x509.load_der_x509_certificate(data)]
                kept = self._read[path] = mark, read
        except (OSError, ValueError) as e:
            raise SetupError(f"证书文件 {path.name} 无法读取；the certificate {path.name} can't be read") from e
        return kept[1]


OFFICER = "officer"  # signs nothing that the service needs


def _role(certificate: x509.Certificate) -> Role:
    if certificate.issuer == certificate.subject:
        return Role.ROOT
    try:
        ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        ca = False
    return Role.CA if ca else Role.AUTHORITY


@dataclass(frozen=True, slots=True)
class _Opened:
    """A key file that opens, with its certificates."""

    seal: LoadedSeal
    chain: tuple[x509.Certificate, ...]


class FolderKeys:
    """The seal keys of a PKI folder (fits ports.SealKeys). `password` None: the folder's own.

    Of a folder that holds no seal's key (whoever only lifts documents needs none) no password is asked either. A
    key file that can't be used hinders no other one of its seal; the doctor names it.
    """

    def __init__(self, folder: Path, password: str | None = None, clock: Clock = _now) -> None:
        self._pss = describe(folder).pss
        self._folder = folder
        self._given = password
        self._clock = clock
        self._password = password_of(folder, password) if any((folder / "seals").glob("*.p12")) else None
        self._platform: LoadedSeal | None = None
        self._loaded: dict[Path, tuple[Mark, _Opened | Refusal]] = {}
        self._lock = threading.Lock()
        self.roots = _roots(folder)

    def of(self, design: SealDesign) -> LoadedSeal:
        """The newest key that may be used. Raises SealUnusableError."""
        return self.all_of(design)[0]

    def all_of(self, design: SealDesign) -> list[LoadedSeal]:
        """The keys that the operator lets be used, the newest usable one first. Raises SealUnusableError."""
        now = self._clock()
        seals: dict[str, LoadedSeal] = {}
        held: list[Held] = []
        refused: list[Refusal] = []
        with self._lock:
            for path, found in self._take_up(design):
                try:
                    fault = found if isinstance(found, Refusal) else fault_of(path, found.chain, design, now)
                    if isinstance(found, _Opened) and fault is None:
                        held.append(held_in(path, found.chain))
                        seals[path.stem] = found.seal
                except SetupError as e:
                    fault = unreadable(e)
                if fault:
                    refused.append(fault)
        if not held:
            raise unusable(design, refused or [MISSING])
        return [seals[one.name] for one in in_order(held, now)]

    def _take_up(self, design: SealDesign) -> Iterator[tuple[Path, _Opened | Refusal]]:
        for path in files_of(self._folder, design.id, KEY):
            try:
                mark = _mark(path)
            except OSError:  # taken away just now
                continue
            kept = self._loaded.get(path)
            if kept is None or kept[0] != mark:
                kept = self._loaded[path] = mark, self._open(path)
            yield path, kept[1]

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
                self._platform = LoadedSeal(file, development=of_development(file.certificate), pss=self._pss)
            return self._platform

    def _open(self, path: Path) -> _Opened | Refusal:
        try:
            if self._password is None:
                self._password = password_of(self._folder, self._given)
            file = read_key(path, self._password)
        except SetupError as e:
            return unreadable(e)
        seal = LoadedSeal(file, development=of_development(file.certificate), pss=self._pss)
        return _Opened(seal, file.chain)


MISSING = Refusal(Unfit.MISSING, "没有它的密钥与证书", "it has no seal certificate here")


def name_in(certificate: x509.Certificate) -> str:
    """A name too long for the common name stands whole in the description."""
    whole = (certificate.subject.get_attributes_for_oid(oid) for oid in (DESCRIPTION, NameOID.COMMON_NAME))
    return next((str(n[0].value) for n in whole if n), "")


def bears(certificate: x509.Certificate, design: SealDesign) -> bool:
    """Is it a certificate for whoever bears this seal?"""
    return name_in(certificate) in {design.name, design.name[:64], fitting(design.name)}


def fault_of(path: Path, chain: Sequence[x509.Certificate], design: SealDesign, now: dt.datetime) -> Refusal | None:
    """What keeps a key from being used now, by its certificates and what lies beside their file; whether they are
    trusted the sealer asks. Raises SetupError.
    """
    own = chain[0]
    if not bears(own, design):
        return Refusal(
            Unfit.WRONG_NAME,
            f"密钥文件 {path.name} 的证书属于“{name_in(own)}”",
            f"the certificate in {path.name} is for another name",
        )
    held = held_in(path, chain)
    if held.withdrawn:
        at, why = f"{held.withdrawn:%Y-%m-%d %H:%M} UTC", read_note(path.with_suffix(REVOKED))[1] or "unspecified"
        return Refusal(
            Unfit.REVOKED,
            f"证书 {path.stem} 已于{at}吊销停用（{why}）",
            f"its certificate {path.stem} was revoked on {at} ({why})",
        )
    if now < held.starts:
        at = f"{held.starts:%Y-%m-%d %H:%M} UTC"
        return Refusal(
            Unfit.NOT_YET_VALID,
            f"证书 {path.stem} 自{at}起才可使用",
            f"its certificate {path.stem} is not to be used before {at}",
        )
    if now >= own.not_valid_after_utc:
        at = f"{own.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        return Refusal(
            Unfit.EXPIRED, f"证书 {path.stem} 已于{at}到期", f"its certificate {path.stem} expired on {at}"
        )
    return None


def unreadable(error: SetupError) -> Refusal:
    """What keeps a file from being used that can't be read."""
    zh, _, en = str(error).rpartition("；")
    reason = Unfit.KEY_MISMATCH if isinstance(error, KeyMismatchError) else Unfit.INVALID
    return Refusal(reason, zh or "密钥文件无法打开", en)


def _mark(path: Path) -> Mark:
    """Changes whenever the file is written, replaced or may be read by others than before."""
    about = path.stat()
    return about.st_ctime_ns, about.st_size, about.st_ino


def of_development(certificate: x509.Certificate) -> bool:
    """Does it say itself that it has no legal effect? Whatever the folder says that it lies in."""
    return any(attribute.value == NO_EFFECT for attribute in certificate.subject)


def _roots(folder: Path) -> tuple[bytes, ...]:
    """DER of all certificates in *.pem of the folder: a time-stamp authority's root is often not the seals'."""
    found = []
    for path in (folder / ROOT_PEM, *sorted(set(folder.glob("*.pem")) - {folder / ROOT_PEM})):
        try:
            found += x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as e:
            raise SetupError(f"{path.name} of {folder.name} can't be read") from e
    return tuple(c.public_bytes(Encoding.DER) for c in found)
