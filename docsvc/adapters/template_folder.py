"""The template folders on disk: manifest.toml, schema.json and template.docx of each document type."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentType, LegalNature, Level, Manifest, Stage
from docsvc.domain.errors import TemplateFaultError, UsageError

MANIFEST: Final = "manifest.toml"
# What decides a document's content and looks; golden texts and sample cases do not.
DECIDING: Final = (MANIFEST, "schema.json", "template.docx")


class TemplateFolder:
    """Document types, one folder each. Folders are read anew when a file of theirs changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, tuple[object, DocumentType]] = {}

    def names(self) -> Sequence[str]:
        """Document types, sorted."""
        return sorted(entry.parent.name for entry in self._path.glob(f"*/{MANIFEST}"))

    def get(self, doc_type: str) -> DocumentType:
        """Raises UsageError for an unknown type, TemplateFaultError for a broken folder."""
        if doc_type not in self.names():
            raise UsageError(f"没有这种文书：{doc_type} / there is no document type {doc_type}")
        folder = self._path / doc_type
        try:
            stamps = [(folder / name).stat() for name in DECIDING]
            stamp = [(s.st_mtime_ns, s.st_size, s.st_ino) for s in stamps]
            kept = self._kept.get(doc_type)
            if kept is None or kept[0] != stamp:
                files = {name: (folder / name).read_bytes() for name in DECIDING}
                kept = self._kept[doc_type] = (stamp, _read(doc_type, files))
        except OSError as e:
            missing = Path(str(e.filename)).name
            raise TemplateFaultError(f"文书模板 {doc_type} 的文件 {missing} 无法读取") from e
        return kept[1]


def _read(doc_type: str, files: Mapping[str, bytes]) -> DocumentType:
    digests = "".join(f"{sha256_hex(files[name])}  {name}\n" for name in DECIDING)
    return DocumentType(
        manifest=_manifest(doc_type, files[MANIFEST]),
        schema=_schema(doc_type, files["schema.json"]),
        template=files["template.docx"],
        sha256=sha256_hex(digests.encode()),
    )


def _manifest(doc_type: str, data: bytes) -> Manifest:
    try:
        raw: dict[str, Any] = tomllib.loads(data.decode())
        manifest = Manifest(
            **{
                **raw,
                "legal_nature": LegalNature(raw["legal_nature"]),
                "level": Level(raw["level"]),
                "retention_years": int(raw["retention_years"]),
                "copies": {str(use): int(n) for use, n in raw["copies"].items()},
                "stages": {
                    key: Stage(stage["title"], LegalNature(stage["legal_nature"]))
                    for key, stage in raw.get("stages", {}).items()
                },
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise TemplateFaultError(f"文书模板 {doc_type} 的 {MANIFEST} 有误：{e}") from e
    if manifest.doc_type != doc_type:
        raise TemplateFaultError(f"文书模板 {doc_type} 的 {MANIFEST} 写的是 {manifest.doc_type}")
    return manifest


def _schema(doc_type: str, data: bytes) -> Mapping[str, Any]:
    try:
        schema = json.loads(data)
    except ValueError as e:
        raise TemplateFaultError(f"文书模板 {doc_type} 的 schema.json 不是有效的 JSON") from e
    if not isinstance(schema, dict):
        raise TemplateFaultError(f"文书模板 {doc_type} 的 schema.json 不是对象")
    return schema
