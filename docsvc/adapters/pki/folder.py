"""The folder of the development PKI: made whole or not at all, added to, never replaced, and looked through."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import random
import re
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsvc.adapters.pki import certificates as profiles
from docsvc.adapters.pki.certificates import Algorithm, Issuer, Profile, certify, key_title, new_key, subject
from docsvc.adapters.pki.keyfile import KeyFile, read_key, write_key, write_private
from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.errors import SetupError, UsageError

HOST = "127.0.0.1"
PORTS = range(20000, 30000)
DESCRIPTION = "authorities.json"  # written last: where it stands, the PKI is whole
ROOT_PEM = "root.pem"
PASSWORD = "password"  # noqa: S105 - the name of a file, not a password
REVOKED = "revoked.json"
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PLATFORM = "platform"
SERVICES = ("root", "issuing", "ocsp-root", "ocsp-issuing", "tsa", "officer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """authorities.json: which PKI this is, where its authorities answer, and that it is for development.

    Of keys in production it says no more than that they are not: `{"development": false}`; and, where their RSA
    keys are to sign by RSASSA-PSS, `"algorithm": "rsa-pss-3072"` (of the bits, the key itself decides).
    """

    development: bool
    pki_id: str = ""
    port: int = 0
    algorithm: Algorithm = "rsa-2048"

    @property
    def pss(self) -> bool:
        """Do the RSA keys of this folder sign by RSASSA-PSS?"""
        return self.algorithm.startswith("rsa-pss")

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}/{self.pki_id}"

    @property
    def tsa_url(self) -> str:
        return f"{self.base_url}/tsa"


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What the doctor says of one key file."""

    path: Path
    subject: str
    algorithm: str
    not_before: dt.datetime
    not_after: dt.datetime

    def expired(self, now: dt.datetime) -> bool:
        return not self.not_before <= now <= self.not_after


def init_pki(
    folder: Path,
    *,
    agencies: Iterable[Agency],
    now: dt.datetime,
    algorithm: Algorithm = "rsa-2048",
    password: str | None = None,
    port: int | None = None,
) -> Description:
    """Make the development PKI in `folder`, or add what it lacks (seals of new agencies).

    A new PKI is built beside the folder and renamed into place, so that a run cut off leaves nothing half. What is
    there is never replaced: `algorithm` and `port` hold for a new PKI only. Without `password` one is made up and
    kept in the file `password`. Several processes may call at once; one does the work.

    Raises SetupError where the folder can't be written or a certificate of the PKI's own services has expired, and
    UsageError for an unknown algorithm.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            if not (folder / DESCRIPTION).exists():
                _build(folder, now, algorithm, password, port)
            description = describe(folder)
            secret = password_of(folder, password)
            _add_platform(folder, secret, description, now)
            _add_seals(folder, secret, description, agencies, now)
    except OSError as e:
        raise SetupError(f"the keys can't be written to {folder.name}: {e.strerror or e}") from e
    _refuse_expired(folder, now)
    return description


def describe(folder: Path) -> Description:
    """Read authorities.json. Raises SetupError where it is missing or damaged."""
    try:
        return Description(**json.loads((folder / DESCRIPTION).read_text("utf-8")))
    except FileNotFoundError as e:
        raise SetupError(f"no keys in {folder.name}: run `docsvc pki init`") from e
    except (OSError, ValueError, TypeError) as e:
        raise SetupError(f"{folder.name}/{DESCRIPTION} can't be read") from e


def password_of(folder: Path, password: str | None = None) -> str:
    """The password given, else that of the file. Raises SetupError where there is neither."""
    if password is not None:
        return password
    try:
        return (folder / PASSWORD).read_text("utf-8").strip()
    except OSError as e:
        raise SetupError("the password of the key files is neither set (DOCSVC_KEY_PASSWORD) nor kept here") from e


def seal_path(folder: Path, seal_id: str) -> Path:
    """Key file of a seal; an id that makes no safe file name is replaced by its digest."""
    name = seal_id if SAFE_ID.fullmatch(seal_id) else hashlib.sha256(seal_id.encode()).hexdigest()
    return folder / "seals" / f"{name}.p12"


def chain_path(folder: Path, seal_id: str) -> Path:
    """The seal's public certificates beside its key file: PEM, its own first, the root last. No password."""
    return seal_path(folder, seal_id).with_suffix(".pem")


def inspect_pki(folder: Path, password: str | None = None) -> list[KeyReport]:
    """All key files with their expiry. Raises SetupError where one does not open."""
    services = (*(folder / f"{name}.p12" for name in SERVICES), platform_path(folder))
    paths = [path for path in services if path.exists()] + sorted((folder / "seals").glob("*.p12"))
    if not paths:  # whoever holds no key knows no password
        return []
    secret = password_of(folder, password)
    pss = describe(folder).pss
    return [_report(read_key(path, secret), pss=pss) for path in paths]


def _report(file: KeyFile, *, pss: bool) -> KeyReport:
    own = file.certificate
    title = key_title(file.key, pss=pss)
    return KeyReport(
        file.path, own.subject.rfc4514_string(), title, own.not_valid_before_utc, own.not_valid_after_utc
    )


def revoke(folder: Path, serial: int, at: dt.datetime, reason: str = "unspecified") -> None:
    """Put a certificate on the list that OCSP and CRL answers are made from. `reason` as in RFC 5280, 5.3.1."""
    if reason not in {flag.value for flag in x509.ReasonFlags}:
        raise UsageError(f"unknown reason for a revocation: {reason}")
    with alone(folder.absolute()):
        path = folder / REVOKED
        listed = json.loads(path.read_text("utf-8")) if path.exists() else {}
        listed.setdefault(f"{serial:x}", {"at": at.astimezone(dt.UTC).isoformat(), "reason": reason})
        part = folder / f".{REVOKED}.{os.getpid()}"
        write_private(part, json.dumps(listed, indent=1).encode())
        part.replace(path)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of this PKI: on the folder above, for its own comes by a rename. The dead hold nothing."""
    above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(above, fcntl.LOCK_EX)
        yield
    finally:
        os.close(above)


def _build(folder: Path, now: dt.datetime, algorithm: Algorithm, password: str | None, port: int | None) -> None:
    for left_over in folder.parent.glob(f".{folder.name}.init-*"):  # of a run that was cut off
        shutil.rmtree(left_over, ignore_errors=True)
    part = folder.parent / f".{folder.name}.init-{secrets.token_hex(4)}"
    for inner in ("seals", "services"):
        (part / inner).mkdir(parents=True)
    part.chmod(0o755)
    (part / "seals").chmod(0o700)
    secret = password or secrets.token_urlsafe(24)
    if password is None:
        write_private(part / PASSWORD, secret.encode())

    root_key = new_key(algorithm)
    root_name = subject("docsvc development root CA")
    root = certify(profiles.ROOT, root_name, root_key, None, "", now)
    description = Description(
        pki_id=hashlib.sha256(root.public_bytes(Encoding.DER)).hexdigest()[:16],
        port=free_port() if port is None else port,
        development=True,
        algorithm=algorithm,
    )
    write_key(part / "root.p12", secret, root_key, (root,))
    (part / ROOT_PEM).write_bytes(root.public_bytes(Encoding.PEM))
    top = Issuer("root", root, root_key)
    service_path(part, "root").write_bytes(root.public_bytes(Encoding.DER))
    maker = _Maker(part, secret, now, description)
    below = maker.make("issuing", profiles.ISSUING, "docsvc development issuing CA", top, (root,))
    issuing = Issuer("issuing", below.certificate, below.key)
    maker.make("ocsp-root", profiles.OCSP, "docsvc development OCSP responder (root)", top, (root,))
    maker.make("ocsp-issuing", profiles.OCSP, "docsvc development OCSP responder", issuing, below.chain)
    maker.make("tsa", profiles.TSA, "docsvc development time-stamp authority", issuing, below.chain)
    maker.make("officer", profiles.OFFICER, "测试执法人员 (development officer)", issuing, below.chain)
    write_private(part / REVOKED, b"{}")
    (part / DESCRIPTION).write_text(
        json.dumps({k: getattr(description, k) for k in Description.__slots__}, indent=1) + "\n", "utf-8"
    )
    _move_in(part, folder)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the keys of the PKI's own services in the folder that is being built."""

    folder: Path
    secret: str
    now: dt.datetime
    description: Description

    def make(
        self, role: str, profile: Profile, name: str, issuer: Issuer, chain: tuple[x509.Certificate, ...]
    ) -> KeyFile:
        key = new_key(self.description.algorithm)
        own = certify(profile, subject(name), key, issuer, self.description.base_url, self.now)
        record_issued(self.folder, issuer.name, own)
        service_path(self.folder, role).write_bytes(own.public_bytes(Encoding.DER))
        return write_key(self.folder / f"{role}.p12", self.secret, key, (own, *chain))


def _move_in(part: Path, folder: Path) -> None:
    """One rename where the folder is new; else file by file, the description last."""
    if not folder.exists():
        part.rename(folder)
        return
    for left_over in ("seals", "issued", "services"):  # of a PKI that was never whole
        shutil.rmtree(folder / left_over, ignore_errors=True)
    names = sorted((p.name for p in part.iterdir()), key=lambda name: (name == DESCRIPTION, name))
    for name in names:
        (part / name).rename(folder / name)
    part.rmdir()


def platform_path(folder: Path) -> Path:
    """Key file of the service itself, which seals what people sign by hand."""
    return folder / f"{PLATFORM}.p12"


def _add_platform(folder: Path, secret: str, description: Description, now: dt.datetime) -> None:
    """To folders made before it was there too; not to one without its CA, which was handed out."""
    above = folder / "issuing.p12"
    if platform_path(folder).exists() or not above.exists():
        return
    file = read_key(above, secret)
    maker = _Maker(folder, secret, now, description)
    issuing = Issuer("issuing", file.certificate, file.key)
    maker.make(PLATFORM, profiles.PLATFORM, "docsvc development signing platform", issuing, file.chain)


def _add_seals(
    folder: Path, secret: str, description: Description, agencies: Iterable[Agency], now: dt.datetime
) -> None:
    missing = [a for a in agencies if not seal_path(folder, a.seal.id).exists()]
    if missing:
        file = read_key(folder / "issuing.p12", secret)
        issuing = Issuer("issuing", file.certificate, file.key)
        for agency in missing:
            path = seal_path(folder, agency.seal.id)
            if path.exists():  # two agencies, one seal id: the registry's rules speak of that
                continue
            key = new_key(description.algorithm)
            name = seal_subject(agency.seal, agency.uscc)
            own = certify(profiles.SEAL, name, key, issuing, description.base_url, now)
            record_issued(folder, issuing.name, own)
            write_key(path, secret, key, (own, *file.chain))
    for path in lacking_chains(folder):
        with contextlib.suppress(SetupError):  # the doctor names a file that does not open; it must hinder no other
            publish_chain(read_key(path, secret))


def lacking_chains(folder: Path) -> list[Path]:
    """Key files of seals whose public certificates do not lie beside them yet."""
    return [p for p in sorted((folder / "seals").glob("*.p12")) if not p.with_suffix(".pem").exists()]


def publish_chain(file: KeyFile) -> None:
    """Write its certificates beside a key file, for those who hold no key."""
    path = file.path.with_suffix(".pem")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in file.chain))
    part.chmod(0o644)
    part.replace(path)


def issued_path(folder: Path, issuer: str, serial: int) -> Path:
    """Where a CA keeps a certificate that it issued: what stands there is `good` until it is revoked."""
    return folder / "issued" / issuer / f"{serial:x}.cer"


def record_issued(folder: Path, issuer: str, certificate: x509.Certificate) -> None:
    """Keep what a CA issued: from now on it is `good`."""
    path = issued_path(folder, issuer, certificate.serial_number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(certificate.public_bytes(Encoding.DER))


def service_path(folder: Path, role: str) -> Path:
    """The certificate of one of SERVICES, DER, to be read without a password."""
    return folder / "services" / f"{role}.cer"


def service_certificate(folder: Path, role: str) -> x509.Certificate:
    """Raises SetupError where it can't be read."""
    try:
        return x509.load_der_x509_certificate(service_path(folder, role).read_bytes())
    except (OSError, ValueError) as e:
        raise SetupError(f"the certificate {role} of {folder.name} can't be read") from e


def seal_subject(design: SealDesign, uscc: str) -> x509.Name:
    """Subject of a seal's certificate."""
    return subject(design.name, design.name, uscc)


def _refuse_expired(folder: Path, now: dt.datetime) -> None:
    for role in SERVICES:
        certificate = service_certificate(folder, role)
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not start <= now <= end:
            raise SetupError(
                f"certificate {role} of {folder.name} is valid from {start:%Y-%m-%d} to {end:%Y-%m-%d} only: "
                f"move {folder.name} away and run `docsvc pki init` again"
            )


def free_port() -> int:
    """A port of 20000–29999 on which nothing listens now. Raises SetupError where none is found."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise SetupError("no free port between 20000 and 29999 for the embedded authorities")
