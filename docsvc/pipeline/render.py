"""Render: from an accepted case to its filled Word file."""

from __future__ import annotations

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Accepted, Filled
from docsvc.domain.wording import context
from docsvc.ports import Filler


def render(accepted: Accepted, filler: Filler) -> Filled:
    """Fill the type's template with the words of the case; the same case and template give the same bytes.

    Raises TemplateFaultError where template and case do not fit, MissingGlyphError where no font has a character.
    """
    docx = filler.fill(accepted.doc_type.template, context(accepted))
    return Filled(docx, sha256_hex(docx))
