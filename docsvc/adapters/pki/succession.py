"""The next key of a seal, made in the development PKI or brought by an operator; and a key taken out of use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from docsvc.adapters.pki import certificates as profiles
from docsvc.adapters.pki.certificates import Issuer, certify, new_key
from docsvc.adapters.pki.folder import (
    SERVICES,
    alone,
    describe,
    password_of,
    publish_chain,
    record_issued,
    revoke,
    seal_subject,
    service_certificate,
)
from docsvc.adapters.pki.keyfile import KeyFile, read_key, write_key
from docsvc.adapters.pki.keys import bears, name_in
from docsvc.adapters.pki.seal_files import FROM, KEY, PUBLIC, REVOKED, files_of, next_path, read_note, write_note
from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.errors import SetupError, UsageError


def renew_seal(
    folder: Path, agency: Agency, now: dt.datetime, password: str | None = None, begins: dt.datetime | None = None
) -> Path:
    """Make the seal's next key and certificate in the development PKI, to be used from `begins` (None: at once).

    The new key file. Raises SetupError where the folder holds no issuing CA, UsageError where that ends before.
    """
    description = describe(folder)
    if not description.development or not (folder / f"issuing{KEY}").exists():
        raise SetupError(
            "此处没有签发机构的密钥，请用 docsvc pki import 导入发证机构签发的证书；"
            "no issuing CA is here: bring the authority's certificate with docsvc pki import"
        )
    secret = password_of(folder, password)
    with alone(folder.absolute()):
        above = read_key(folder / f"issuing{KEY}", secret)
        issuing = Issuer("issuing", above.certificate, above.key)
        key = new_key(description.algorithm)
        start = now if begins is None else max(now, begins)
        if start >= above.certificate.not_valid_after_utc:
            end = f"{above.certificate.not_valid_after_utc:%Y-%m-%d}"
            raise UsageError(f"签发机构的证书{end}到期，在此之前；the issuing CA ends on {end}, before that")
        name = seal_subject(agency.seal, agency.uscc)
        own = certify(profiles.SEAL, name, key, issuing, description.base_url, start)
        record_issued(folder, issuing.name, own)
        return _add(folder, agency.seal.id, secret, KeyFile(above.path, key, (own, *above.chain)), begins)


def import_seal(
    folder: Path,
    agency: Agency,
    file: Path,
    file_password: str,
    now: dt.datetime,
    password: str | None = None,
    begins: dt.datetime | None = None,
) -> Path:
    """Put the key and certificates of a PKCS#12 file beside the seal's others, under the folder's password.

    Root and issuers that the file lacks are added from the folder where they are there. Raises UsageError where it
    does not fit the seal.
    """
    brought = read_key(file, file_password)
    own = brought.certificate
    if not bears(own, agency.seal):
        raise UsageError(
            f"证书属于“{name_in(own)}”，不是印章“{agency.seal.name}”的；the certificate is for another name"
        )
    if own.not_valid_after_utc <= now:
        end = f"{own.not_valid_after_utc:%Y-%m-%d}"
        raise UsageError(f"证书已于{end}到期；the certificate expired on {end}")
    secret = password_of(folder, password)
    with alone(folder.absolute()):
        for path in files_of(folder, agency.seal.id, PUBLIC):
            if x509.load_pem_x509_certificates(path.read_bytes())[0] == own:
                raise UsageError(f"该证书已在 {path.stem} 中；the certificate is there already: {path.stem}")
        chain = _completed(folder, brought.chain)
        return _add(folder, agency.seal.id, secret, KeyFile(file, brought.key, chain), begins)


def withdraw(folder: Path, name: str, at: dt.datetime, reason: str, password: str | None = None) -> bool:
    """Take a seal's key out of use at once, by the name of its file, and revoke its certificate where the folder
    holds the development PKI; also a certificate of its services by its role. Was it revoked as well?

    Raises UsageError for an unknown name or reason.
    """
    if reason not in {flag.value for flag in x509.ReasonFlags}:
        raise UsageError(f"未知的吊销原因；unknown reason for a revocation: {reason}")
    own_pki = describe(folder).development and (folder / f"issuing{KEY}").exists()
    public = folder / "seals" / f"{name}{PUBLIC}"
    if public.parent != folder / "seals":
        raise UsageError(f"没有这个证书；no such certificate: {name}")
    if public.exists():
        serial = x509.load_pem_x509_certificates(public.read_bytes())[0].serial_number
    elif public.with_suffix(KEY).exists():
        serial = read_key(public.with_suffix(KEY), password_of(folder, password)).certificate.serial_number
    elif name in SERVICES and own_pki:
        serial = service_certificate(folder, name).serial_number
        revoke(folder, serial, at, reason)
        return True
    else:
        raise UsageError(f"没有这个证书；no such certificate: {name}")
    if read_note(public.with_suffix(REVOKED))[0] is None:
        write_note(public.with_suffix(REVOKED), at, reason)
    if own_pki:
        revoke(folder, serial, at, reason)
    return own_pki


def faults_of_keys(folder: Path, design: SealDesign, password: str | None = None) -> Iterator[tuple[str, str]]:
    """(name of a key file of the seal, what is wrong with it), for the doctor; nothing where all is well."""
    for path in files_of(folder, design.id, KEY):
        try:
            file = read_key(path, password_of(folder, password))
        except SetupError as e:
            yield path.name, str(e)
            continue
        if not bears(file.certificate, design):
            yield path.name, f"证书属于“{name_in(file.certificate)}”；its certificate is for another name"
        public = path.with_suffix(PUBLIC)
        try:
            same = x509.load_pem_x509_certificates(public.read_bytes())[0] == file.certificate
        except (OSError, ValueError):
            same = False
        if not same:
            yield path.name, f"{public.name} 中没有它的公开证书；its certificate is not in {public.name}"


def _add(folder: Path, seal_id: str, secret: str, file: KeyFile, begins: dt.datetime | None) -> Path:
    """What tells of the key comes before the key itself: a running service takes it up the moment it is there."""
    path = next_path(folder, seal_id)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if begins is not None:
        write_note(path.with_suffix(FROM), begins)
    publish_chain(KeyFile(path, file.key, file.chain))
    return write_key(path, secret, file.key, file.chain).path


def _completed(folder: Path, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    """The chain up to its root, which must be trusted here. Raises UsageError."""
    roots: list[x509.Certificate] = []
    for path in sorted(folder.glob("*.pem")):
        roots += x509.load_pem_x509_certificates(path.read_bytes())
    known = list(roots)
    for path in sorted((folder / "seals").glob("*.pem")):
        known += x509.load_pem_x509_certificates(path.read_bytes())
    whole = list(chain)
    while whole[-1].issuer != whole[-1].subject:
        above = next((c for c in known if c not in whole and _issued(whole[-1], c)), None)
        if above is None:
            missing = whole[-1].issuer.rfc4514_string()
            raise UsageError(
                f"证书链不完整，缺少签发者“{missing}”的证书；"
                "the chain is incomplete: put the issuers' certificates into the file"
            )
        whole.append(above)
    if whole[-1] not in roots:
        root = whole[-1].subject.rfc4514_string()
        raise UsageError(
            f"根证书“{root}”不受信任，核实后请先放入证书目录（*.pem）；"
            "its root is not trusted: check it, and put it (*.pem) into the folder of certificates first"
        )
    return tuple(whole)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
