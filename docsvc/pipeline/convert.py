"""Convert: from the filled Word file to a PDF/A whose pages are seen to show every character of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Filled, LaidOut
from docsvc.domain.errors import ConversionError
from docsvc.ports import Converter, Pages

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
BREAKS: Final = {f"{W}p": "\n", f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n"}
# What is in the file but not on the page: the second form of a drawing, text moved away, results of fields that
# are computed anew at layout.
UNSEEN: Final = (FALLBACK, f"{W}moveFrom", f"{W}del", f"{W}fldSimple")


def convert(filled: Filled, converter: Converter, pages: Pages, *, test_data: bool = False) -> LaidOut:
    """Lay the document out, then read it back: no document goes on with a character missing.

    One of test data is marked so on every page, whatever its template does.

    Raises ConversionError where the office fails, MissingGlyphError where a character of the body can't be read
    from the pages or is drawn as the font's "no such glyph".
    """
    pdf = pages.complete(converter.convert(filled.docx))
    if test_data:
        pdf = pages.mark_test(pdf)
    count = pages.inspect(pdf, body_text(filled.docx))
    return LaidOut(pdf, sha256_hex(pdf), count)


def body_text(docx: bytes) -> str:
    """The text that the body of a DOCX shows, in order, a line a paragraph; without headers and fields.

    Raises ConversionError where it is no DOCX.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            root = ET.fromstring(package.read("word/document.xml"))  # noqa: S314  # written by our own Filler
    except (zipfile.BadZipFile, KeyError, ET.ParseError) as e:
        raise ConversionError("填充后的文件不是 Word 文档 / the filled file is no Word document") from e
    return "".join(_Shown().text(root))


class _Shown:
    """Walks the body and keeps count of the fields it is inside of (w:fldChar pairs span runs)."""

    def __init__(self) -> None:
        self._fields = 0

    def text(self, element: ET.Element) -> Iterator[str]:
        if element.tag in UNSEEN:
            return
        if element.tag == f"{W}fldChar":
            self._fields += {"begin": 1, "end": -1}.get(element.get(f"{W}fldCharType", ""), 0)
        elif element.tag == f"{W}t":
            yield element.text or "" if self._fields == 0 else ""
        elif element.tag == f"{W}r" and _is_hidden(element):
            return
        for child in element:
            yield from self.text(child)
        yield BREAKS.get(element.tag, "")


def _is_hidden(run: ET.Element) -> bool:
    vanish = run.find(f"{W}rPr/{W}vanish")
    return vanish is not None and vanish.get(f"{W}val", "true") not in {"0", "false", "off"}
