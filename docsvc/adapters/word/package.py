"""Word packages: read with suspicion (anyone may have edited a template), written with the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from docsvc.domain.errors import TemplateFaultError

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONSHIP: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
CONTENT_TYPES: Final = "[Content_Types].xml"

MAX_PACKAGE: Final = 4 * 1024 * 1024  # bytes of the file
MAX_PARTS: Final = 200
MAX_UNPACKED: Final = 16 * 1024 * 1024  # bytes of all parts together

# What a template of ours never needs: code, other files inside, content fetched or merged when it is opened.
FORBIDDEN_PART: Final = re.compile(
    r"(vba|macro|activex|ole|embeddings/|afchunk|\.bin$|\.exe$|\.js$)", re.IGNORECASE
)
FORBIDDEN_RELATION: Final = re.compile(
    r"/(attachedTemplate|oleObject|package|control|subDocument|aFChunk|frame|vbaProject|hyperlink|mailMergeSource)$",
    re.IGNORECASE,
)
ALLOWED_FIELD: Final = re.compile(r"^\s*(PAGE|NUMPAGES|SECTIONPAGES)\b[^\"{}]*$")
FORBIDDEN_ELEMENT: Final = frozenset(
    f"{{{W}}}{name}" for name in ("altChunk", "object", "control", "subDoc", "attachedTemplate", "mailMerge")
)


def read_package(docx: bytes) -> dict[str, bytes]:
    """Parts by name. Raises TemplateFaultError for what is no Word document or could do more than show text."""
    if len(docx) > MAX_PACKAGE:
        raise TemplateFaultError(f"Word 模板过大（超过 {MAX_PACKAGE // 1024} KB）")
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as archive:
            parts = _unpack(archive)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as e:
        raise TemplateFaultError("Word 模板不是有效的 .docx 文件") from e
    for needed in (CONTENT_TYPES, "word/document.xml", "word/styles.xml", "docProps/core.xml"):
        if needed not in parts:
            raise TemplateFaultError(f"Word 模板缺少部件 {needed}")
    if b"macroEnabled" in parts[CONTENT_TYPES]:
        raise TemplateFaultError("Word 模板不得含有宏")
    for name, data in parts.items():
        if name.endswith(".rels"):
            _check_relations(name, data)
    return parts


def write_package(parts: Mapping[str, bytes]) -> bytes:
    """The package: content types first, then by name, with a fixed date, so that equal parts are equal bytes.

    Not deflated: what a compressor writes depends on its version.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts, key=lambda name: (name != CONTENT_TYPES, name)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 0
            archive.writestr(info, parts[name])
    return out.getvalue()


def parse_part(name: str, data: bytes) -> Any:
    """Root element. Raises TemplateFaultError for XML that is broken or has a document type declaration."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as e:
        raise TemplateFaultError(f"Word 模板部件 {name} 的 XML 有误：{e.msg}") from e
    if root.getroottree().docinfo.doctype:
        raise TemplateFaultError(f"Word 模板部件 {name} 含有文档类型声明")
    return root


def check_content(name: str, root: Any) -> None:
    """Raises TemplateFaultError for fields and elements that fetch, merge or run something."""
    for element in root.iter(*FORBIDDEN_ELEMENT):
        raise TemplateFaultError(f"Word 模板部件 {name} 含有不允许的内容 {etree.QName(element).localname}")
    for element in root.iter(f"{{{W}}}fldSimple"):
        _check_field(name, element.get(f"{{{W}}}instr") or "")
    for paragraph in root.iter(f"{{{W}}}p"):
        # Word may spread one instruction over several runs.
        codes = "".join(
            "\n" if element.tag == f"{{{W}}}fldChar" else element.text or ""
            for element in paragraph.iter(f"{{{W}}}fldChar", f"{{{W}}}instrText")
        )
        for code in filter(str.strip, codes.split("\n")):
            _check_field(name, code)


def _check_field(name: str, code: str) -> None:
    if not ALLOWED_FIELD.match(code):
        raise TemplateFaultError(f"Word 模板部件 {name} 含有不允许的域“{code.strip()[:40]}”，只能使用页码和页数")


def _unpack(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_PARTS or len({entry.filename for entry in entries}) != len(entries):
        raise TemplateFaultError("Word 模板的部件过多或者重名")
    parts, left = {}, MAX_UNPACKED
    for entry in entries:
        if FORBIDDEN_PART.search(entry.filename):
            raise TemplateFaultError(f"Word 模板不得含有宏、控件或嵌入对象：{entry.filename}")
        with archive.open(entry) as stream:
            data = stream.read(left + 1)  # what the directory claims as size is not believed
        left -= len(data)
        if left < 0:
            raise TemplateFaultError(f"Word 模板解压后过大（超过 {MAX_UNPACKED // 1024} KB）")
        parts[entry.filename] = data
    return parts


def _check_relations(name: str, data: bytes) -> None:
    for relation in parse_part(name, data).iter(RELATIONSHIP):
        if relation.get("TargetMode", "Internal") != "Internal":
            raise TemplateFaultError(f"Word 模板不得引用外部内容：{relation.get('Target')}")
        if FORBIDDEN_RELATION.search(relation.get("Type", "")):
            raise TemplateFaultError(f"Word 模板不得含有此类关联：{relation.get('Type', '').rsplit('/', 1)[-1]}")
