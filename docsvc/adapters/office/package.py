"""What a DOCX must be before the office may see it: a sound, small package that reaches for nothing outside."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from docsvc.domain.errors import DocumentRefusedError

PACKED_LIMIT: Final = 32 * 1024 * 1024  # bytes of the file
UNPACKED_LIMIT: Final = 128 * 1024 * 1024  # bytes of all its parts together
PARTS_LIMIT: Final = 1000
OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"  # encrypted OOXML and old .doc files are compound files
LINKABLE: Final = ("/hyperlink",)  # relationship types that may point outside: nobody follows them here


def check_package(docx: bytes) -> None:
    """Raises DocumentRefusedError, with a sentence, where the office would be right not to load `docx`.

    Refused are: what is no ZIP, encrypted packages, packages that unpack to more than the limits, XML with a
    DOCTYPE (ISO/IEC 29500-2 clause 8.1.4 forbids it) or nested deeper than the parser allows (256), and every
    outside target but hyperlinks: linked pictures, templates and sub-documents would be fetched at layout.
    """
    if docx.startswith(OLE_MAGIC):
        raise DocumentRefusedError(
            "Word 文件已加密或为旧版 .doc 格式，无法转换 / the Word file is encrypted or an old .doc"
        )
    if len(docx) > PACKED_LIMIT:
        raise DocumentRefusedError(_too_large(len(docx)))
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            _check_parts(package)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError, zlib.error) as e:
        raise DocumentRefusedError(
            "文件不是完整的 Word 文档（.docx） / the file is no whole Word document (.docx)"
        ) from e


def _check_parts(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise DocumentRefusedError("Word 文件已加密，无法转换 / the Word file is encrypted")
    size = sum(part.file_size for part in parts)
    if len(parts) > PARTS_LIMIT or size > UNPACKED_LIMIT:
        raise DocumentRefusedError(_too_large(size))
    names = {part.filename for part in parts}
    if not {"[Content_Types].xml", "word/document.xml"} <= names:
        raise DocumentRefusedError("文件不是 Word 文档（.docx） / the file is no Word document (.docx)")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            # ZipFile reads no more than the declared size, which the limit above has counted.
            _check_xml(part.filename, package.read(part))


def _check_xml(name: str, xml: bytes) -> None:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as e:
        raise DocumentRefusedError(
            f"Word 文件的部件 {name} 不是合格的 XML / part {name} is no sound XML: {e.msg}"
        ) from e
    if root.getroottree().docinfo.doctype:
        raise DocumentRefusedError(f"Word 文件的部件 {name} 含有 DOCTYPE / part {name} has a DOCTYPE")
    if name.endswith(".rels"):
        for link in root:
            if link.get("TargetMode") == "External" and not str(link.get("Type")).endswith(LINKABLE):
                target = link.get("Target")
                raise DocumentRefusedError(
                    f"Word 文件引用了外部内容 / the Word file links to outside content: {target}"
                )


def _too_large(size: int) -> str:
    return f"Word 文件过大（{size} 字节），无法转换 / the Word file is too large ({size} bytes)"
