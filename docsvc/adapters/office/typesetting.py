"""What the office must be told to break lines as Chinese documents do: runs of style WHOLE stay on one line.

LibreOffice breaks Chinese text before any character but closing marks: even U+2060 (word joiner) is no bar to it,
nor is there a property of a run that would be. Of text in no language it asks the Unicode rules (UAX #14), which
heed word joiners; and a word joiner draws nothing and is not in the PDF's text. So both are put in here, for the
office alone: the Word file that people get stays as it is.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCUMENT: Final = "word/document.xml"
WHOLE: Final = "Whole"  # as the filler marks it
WORD_JOINER: Final = "\u2060"
AFTER_LANGUAGE: Final = tuple(f"{{{W}}}{name}" for name in ("eastAsianLayout", "specVanish", "oMath", "rPrChange"))


def keep_whole(docx: bytes) -> bytes:
    """The package with runs of style WHOLE made unbreakable; the same bytes where there are none."""
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        parts = {entry.filename: package.read(entry) for entry in package.infolist()}
    if f'w:val="{WHOLE}"'.encode() not in parts[DOCUMENT]:
        return docx
    root = etree.fromstring(parts[DOCUMENT], etree.XMLParser(resolve_entities=False, no_network=True))
    before = None
    for style in list(root.iter(f"{{{W}}}rStyle")):
        if style.get(f"{{{W}}}val") == WHOLE:
            properties = style.getparent()
            run = properties.getparent()
            properties.remove(style)
            _speak_nothing(properties)
            for text in run.iter(f"{{{W}}}t"):
                text.text = "".join(_joined(text.text or ""))
                if before is not None and run.getprevious() is before and _font(run) != _font(before):
                    text.text = WORD_JOINER + text.text  # one name, two fonts
            before = run
    parts[DOCUMENT] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return out.getvalue()


def _speak_nothing(properties: Any) -> None:
    """Set the language of a run to none, of its figures as of its Chinese."""
    language = properties.find(f"{{{W}}}lang")
    if language is None:
        language = properties.makeelement(f"{{{W}}}lang")
        later = next((child for child in properties if child.tag in AFTER_LANGUAGE), None)
        if later is None:
            properties.append(language)
        else:
            later.addprevious(language)
    for script in ("val", "eastAsia"):
        language.set(f"{{{W}}}{script}", "x-none")


def _font(run: Any) -> str | None:
    fonts = run.find(f"{{{W}}}rPr/{{{W}}}rFonts")
    return None if fonts is None else fonts.get(f"{{{W}}}eastAsia")


def _joined(text: str) -> Iterator[str]:
    """`text` with word joiners wherever a line could end: not between the letters and figures of one word."""
    yield text[:1]
    for one, next_ in pairwise(text):
        yield next_ if re.match(r"[A-Za-z0-9]{2}", one + next_) else WORD_JOINER + next_
