"""The verifier's door: trust anchors in, reports out; the steps themselves stand in `examination`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from docsvc.adapters.pades.isolation import ChildEndedError, Examiners
from docsvc.adapters.pades.limits import out_of_bounds, too_large
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.errors import SetupError
from docsvc.domain.verdict import Check, Report

MEGABYTE = 1 << 20
CERTIFICATE_SUFFIXES = {".pem", ".crt", ".cer", ".der"}


class PdfVerifier:
    """Verifies signed PDFs against trust anchors; needs no network and no database.

    `trust`: PEM or DER octets, files, or folders of files. No anchor at all is allowed; then no chain is found.
    `deadline_s` and `memory_mb` bound one verification, `max_octets` and `max_signatures` what is examined at all.
    With `isolated` false the work is done in this process, unbounded; for files of one's own making.
    Raises SetupError for an anchor that can't be read.
    """

    def __init__(
        self,
        trust: Iterable[bytes | Path],
        *,
        deadline_s: float = 60.0,
        memory_mb: int = 1024,
        max_octets: int = 256 * MEGABYTE,
        max_signatures: int = 32,
        isolated: bool = True,
    ) -> None:
        self._anchors = load_anchors(trust)
        self._max_octets = max_octets
        self._max_signatures = max_signatures
        self._examiners = Examiners(deadline_s, memory_mb) if isolated else None

    def verify(self, pdf: bytes, at: dt.datetime) -> Report:
        """The report on `pdf` at the aware moment `at`; never raises for what is in the file."""
        if at.tzinfo is None:
            raise ValueError("at must be an aware datetime")
        if len(pdf) > self._max_octets:
            return _refused(pdf, at, too_large(len(pdf), self._max_octets))
        if self._examiners is None:
            from docsvc.adapters.pades.examination import examine

            return examine(pdf, self._anchors, at, max_signatures=self._max_signatures)
        request = {"at": at.isoformat(), "max_signatures": self._max_signatures}
        try:
            return Report.from_json(self._examiners.ask(request, [pdf, *self._anchors]))
        except ChildEndedError:
            return _refused(pdf, at, out_of_bounds())

    def close(self) -> None:
        """End the helper process, where one was started."""
        if self._examiners is not None:
            self._examiners.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def load_anchors(trust: Iterable[bytes | Path]) -> tuple[bytes, ...]:
    """The certificates of `trust` in DER, once each. Raises SetupError."""
    found: list[bytes] = []
    for source in trust:
        if isinstance(source, bytes):
            found += _certificates(source, "the given octets")
            continue
        try:
            files = (
                sorted(p for p in source.iterdir() if p.suffix.lower() in CERTIFICATE_SUFFIXES)
                if source.is_dir()
                else [source]
            )
            if not files:
                raise SetupError(f"信任锚目录中没有证书：{source}（no certificate in the folder of trust anchors）")
            for file in files:
                found += _certificates(file.read_bytes(), str(file))
        except OSError as e:
            raise SetupError(f"信任锚无法读取：{source}（the trust anchor can't be read）") from e
    return tuple(dict.fromkeys(found))


def _certificates(data: bytes, origin: str) -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        loaded = (
            x509.load_pem_x509_certificates(data)
            if b"-----BEGIN" in data
            else [x509.load_der_x509_certificate(data)]
        )
    except ValueError as e:
        raise SetupError(f"不是证书：{origin}（not an X.509 certificate in PEM or DER）") from e
    return [certificate.public_bytes(Encoding.DER) for certificate in loaded]


def _refused(pdf: bytes, at: dt.datetime, check: Check) -> Report:
    return Report(
        sha256=sha256_hex(pdf),
        size=len(pdf),
        verified_at=at,
        indication=check.indication,
        signatures=(),
        checks=(check,),
        sub_indication=check.sub_indication,
    )
