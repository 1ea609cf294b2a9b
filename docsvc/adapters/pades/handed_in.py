"""What people hand in for their signatures, looked at before it is taken: certificates, values, CMS, pictures."""

from __future__ import annotations

from asn1crypto import x509

from docsvc.adapters.pades import detached
from docsvc.adapters.pades.mark_art import handwriting
from docsvc.adapters.pades.stamping import UNREADABLE
from docsvc.domain.envelope import Prepared
from docsvc.domain.errors import SealError
from docsvc.domain.signature import picture_fault
from docsvc.domain.signer import Person


class HandedIn:
    """Fits ports.SignatureChecks. Holds no key and asks nobody."""

    def person(self, certificate: bytes) -> Person | None:
        """Whose certificate (DER) it is; None where it is none."""
        try:
            found = x509.Certificate.load(certificate, strict=True)
            _ = found.native  # asn1crypto reads each part when it is asked for: here all of them
            subject = found.subject.native
        except UNREADABLE:
            return None
        return Person(str(subject.get("common_name", "")), str(subject.get("serial_number", "")))

    def fault(self, prepared: Prepared, value: bytes | None, cms: bytes | None) -> str | None:
        """Why the value, or the CMS, is not that signer's signature over what was prepared; None where it is."""
        try:
            if value is not None:
                detached.raw(prepared, value)
            else:
                detached.read(prepared, cms or b"")
        except SealError as e:
            return str(e)
        return None

    def picture(self, png: bytes) -> str | None:
        """Why the picture can't be shown as a mark made by hand; None where it can."""
        if fault := picture_fault(png):
            return fault
        try:
            handwriting(png)
        except SealError as e:
            return str(e)
        return None
