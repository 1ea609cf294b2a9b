"""Render: from an accepted case to its filled Word file."""

from __future__ import annotations

import dataclasses
from typing import Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Accepted, Filled
from docsvc.domain.properties import properties_of
from docsvc.domain.scan import ScanCode, printed_facts, scan_address
from docsvc.domain.wording import context
from docsvc.ports import Filler, QrCodes, ScanSigner

QR: Final = "二维码"  # name of the picture in every template; its alternative text says {{ scan }}


def render(accepted: Accepted, filler: Filler, codes: QrCodes, signer: ScanSigner, public_url: str) -> Filled:
    """Fill the type's template with the words of the case; the same case, template, key and address give the same
    bytes.

    The QR code leads to the document's page at `public_url` and bears its facts, signed. Raises TemplateFaultError
    where template and case do not fit, MissingGlyphError where no font has a character, SetupError where the
    address is too long for a code.
    """
    words = context(accepted)
    address = scan_address(public_url, accepted.document_id)
    code = ScanCode.of(address, signer.key_id, printed_facts(accepted))
    code = dataclasses.replace(code, signature=signer.sign(code.message))
    docx = filler.fill(
        accepted.doc_type.template,
        {**words, "scan": address},
        {QR: codes.png(code.text)},
        words["people"],
        properties_of(accepted),
    )
    return Filled(docx, sha256_hex(docx))
