"""Answers about revocation: OCSP (RFC 6960, RFC 5019) and CRLs (RFC 5280), from the list in the PKI's folder."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from docsvc.adapters.pki.certificates import fitting_hash
from docsvc.adapters.pki.folder import REVOKED, issued_path, service_certificate
from docsvc.adapters.pki.keyfile import KeyFile, read_key

VALID_FOR = dt.timedelta(hours=24)
CA_NAMES = ("root", "issuing")
NONCE_BYTES = 128  # RFC 9654, 2.1


@dataclass(frozen=True, slots=True)
class Revoked:
    """When and why a certificate was revoked."""

    at: dt.datetime
    reason: x509.ReasonFlags


def read_revoked(path: Path) -> dict[int, Revoked]:
    """Serial number to revocation. Raises OSError or ValueError where the list can't be read."""
    listed = json.loads(path.read_text("utf-8"))
    return {
        int(serial, 16): Revoked(dt.datetime.fromisoformat(entry["at"]), x509.ReasonFlags(entry["reason"]))
        for serial, entry in listed.items()
    }


class RevocationAuthority:
    """Signs OCSP answers and CRLs for the root and the issuing CA, with the time of `clock`.

    Only certificates that this PKI issued (those of its folder) are `good`; other serial numbers are `unknown`.
    """

    def __init__(self, folder: Path, password: str, clock: Callable[[], dt.datetime]) -> None:
        self._folder = folder
        self._password = password
        self._clock = clock
        self._certificates = {name: service_certificate(folder, name) for name in CA_NAMES}
        self._keys: dict[str, KeyFile] = {}
        self._lock = threading.Lock()

    def answer(self, query: bytes) -> bytes:
        """OCSPResponse in DER, signed, or an error status; never raises for what is in the query."""
        try:
            request = ocsp.load_der_ocsp_request(query)
            asked = (request.issuer_name_hash, request.issuer_key_hash, request.serial_number)
            algorithm = request.hash_algorithm
            nonce = self._nonce(request)
        # cryptography reads one request a query; several are refused like other malformed ones (RFC 5019, 2.1.1)
        except (ValueError, NotImplementedError, UnsupportedAlgorithm, x509.DuplicateExtension):
            return _failure(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        name = next((n for n, ca in self._certificates.items() if _hashes(ca, algorithm) == asked[:2]), None)
        if name is None:
            return _failure(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        try:
            return self._signed(name, request, nonce)
        except (OSError, ValueError, KeyError):  # the list itself can't be read: say so, never "good"
            return _failure(ocsp.OCSPResponseStatus.INTERNAL_ERROR)

    def _signed(self, name: str, request: ocsp.OCSPRequest, nonce: bytes | None) -> bytes:
        now = self._clock().astimezone(dt.UTC).replace(microsecond=0)
        serial = request.serial_number
        revoked = read_revoked(self._folder / REVOKED).get(serial)
        known = self._issued(name, serial)
        status = ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN
        if known and revoked:
            status = ocsp.OCSPCertStatus.REVOKED
        responder = self._key(f"ocsp-{name}")
        _refuse_expired(responder.certificate, now)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                request.issuer_name_hash,
                request.issuer_key_hash,
                serial,
                request.hash_algorithm,
                status,
                now,
                now + VALID_FOR,
                revoked.at if known and revoked else None,
                revoked.reason if known and revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
            .certificates([responder.certificate])
        )
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.sign(responder.key, fitting_hash(responder.key)).public_bytes(Encoding.DER)

    @staticmethod
    def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                nonce = extension.value.nonce
                if not 1 <= len(nonce) <= NONCE_BYTES:
                    raise ValueError("nonce of a wrong length")
                return nonce
        return None

    def crl(self, name: str) -> bytes:
        """The CRL of a CA in DER. Raises KeyError for another name, OSError or ValueError for a damaged
        list or a CA that has expired.
        """
        if name not in CA_NAMES:
            raise KeyError(name)
        ca = self._key(name)
        now = self._clock().astimezone(dt.UTC).replace(microsecond=0)
        _refuse_expired(ca.certificate, now)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(ca.certificate.subject)
            .last_update(now)
            .next_update(now + VALID_FOR)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                    ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
                ),
                critical=False,
            )
        )
        for serial, entry in read_revoked(self._folder / REVOKED).items():
            if self._issued(name, serial):
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(serial)
                    .revocation_date(entry.at)
                    .add_extension(x509.CRLReason(entry.reason), critical=False)
                    .build()
                )
        return builder.sign(ca.key, fitting_hash(ca.key)).public_bytes(Encoding.DER)

    def _issued(self, name: str, serial: int) -> bool:
        return issued_path(self._folder, name, serial).exists()

    def _key(self, file: str) -> KeyFile:
        """A key, opened when it is first needed (its check takes 50 ms) and then held."""
        with self._lock:
            if file not in self._keys:
                self._keys[file] = read_key(self._folder / f"{file}.p12", self._password)
            return self._keys[file]


def _refuse_expired(certificate: x509.Certificate, now: dt.datetime) -> None:
    """An answer under a certificate that has expired would be believed by nobody. Raises ValueError."""
    if now > certificate.not_valid_after_utc:
        raise ValueError("the certificate has expired")


def _hashes(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Hashes of a CA's name and of its key's bits without tag and length (RFC 6960, 4.1.1)."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        bits = public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    elif isinstance(public, ed25519.Ed25519PublicKey):
        bits = public.public_bytes_raw()
    else:
        bits = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _digest(algorithm, certificate.subject.public_bytes()), _digest(algorithm, bits)


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    running = hashes.Hash(algorithm)
    running.update(data)
    return running.finalize()


def _failure(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
