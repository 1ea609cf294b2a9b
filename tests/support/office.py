"""Word files to lay out, sound and hostile, and the office that lays them out in tests."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import docx
from docx.oxml.ns import qn
from docx.shared import Pt

from docsvc.adapters.office.converter import OfficeConverter

FONT_DIRS = (Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))
BODY_FONT = "FandolFang"
FAMILIES = (BODY_FONT, "Noto Serif CJK SC", "HanaMinA", "HanaMinB", "LXGW WenKai", "Noto Sans CJK SC")


def make_office(folder: Path, **options: object) -> OfficeConverter:
    """A converter with its profiles under `folder` and the fonts of the machine, whose cache tests share."""
    cache = Path(tempfile.gettempdir()) / f"docsvc-tests-font-cache-{os.getuid()}"
    return OfficeConverter(folder, **{"font_dirs": FONT_DIRS, "families": FAMILIES, "font_cache": cache, **options})


def make_docx(lines: Sequence[str], font: str = BODY_FONT, change: Callable[..., None] | None = None) -> bytes:
    """A Chinese Word file with a paragraph a line; `change` may alter the document before it is saved."""
    document = docx.Document()
    for part, tag in ((document.styles, "w:lang"), (document.settings, "w:themeFontLang")):
        for language in part.element.iter(qn(tag)):
            language.set(qn("w:val"), "zh-CN")
            language.set(qn("w:eastAsia"), "zh-CN")
    for line in lines:
        run = document.add_paragraph().add_run(line)
        run.font.name, run.font.size = font, Pt(16)
        run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
    if change:
        change(document)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def with_parts(docx_bytes: bytes, parts: Mapping[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    """The same package with parts replaced, changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx_bytes)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = parts.get(name)
            data = old.read(name)
            new.writestr(name, data if change is None else change(data) if callable(change) else change)
        for name in parts.keys() - set(old.namelist()):
            data = parts[name]
            new.writestr(name, data(b"") if callable(data) else data)
    return out.getvalue()


def with_body(docx_bytes: bytes, xml: bytes) -> bytes:
    """The same package with `xml` put at the start of the body."""
    return with_parts(docx_bytes, {"word/document.xml": lambda old: old.replace(b"<w:body>", b"<w:body>" + xml, 1)})


def with_relation(docx_bytes: bytes, kind: str, target: str) -> bytes:
    """The same package with an outside relationship `rIdOut` of the given kind."""
    link = (
        f'<Relationship Id="rIdOut" TargetMode="External" Target="{target}" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/>'
    ).encode()
    rels = "word/_rels/document.xml.rels"
    return with_parts(docx_bytes, {rels: lambda old: old.replace(b"</Relationships>", link + b"</Relationships>")})


def nested_tables(depth: int) -> bytes:
    """XML of tables within tables."""
    opened = b"<w:tbl><w:tr><w:tc><w:p/>" * depth
    return opened + b"<w:p/></w:tc></w:tr></w:tbl>" * depth


LINKED_PICTURE = (
    b'<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    b'<wp:extent cx="914400" cy="914400"/><wp:docPr id="1" name="p"/>'
    b'<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    b'<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    b'<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    b'<pic:nvPicPr><pic:cNvPr id="0" name="p"/><pic:cNvPicPr/></pic:nvPicPr>'
    b'<pic:blipFill><a:blip r:link="rIdOut" '
    b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
    b"<a:stretch><a:fillRect/></a:stretch></pic:blipFill>"
    b'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="914400"/></a:xfrm>'
    b'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline>'
    b"</w:drawing></w:r></w:p>"
)
