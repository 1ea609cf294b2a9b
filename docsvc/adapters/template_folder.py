"""The template folders on disk: manifest.toml, schema.json and Word files of each document type."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentType, Layout, LegalNature, Level, Manifest, Stage
from docsvc.domain.errors import TemplateFaultError, UsageError

MANIFEST: Final = "manifest.toml"
AGENCIES: Final = "agencies.sample.json"
VERSIONS: Final = "versions"
VERSION: Final = re.compile(r'^version\s*=\s*".*"', re.MULTILINE)
LAYOUTS: Final = "layouts"  # Word files of a type beside template.docx, by name
# What decides a document's content and looks; golden texts and sample cases do not.
DECIDING: Final = (MANIFEST, "schema.json", "template.docx")


class TemplateFolder:
    """Document types, one folder each. Folders are read anew when a file of theirs changes.

    manifest.toml says which version is in force. What was published lies in versions/<version>/, whole and never
    written again; until something is, the files beside the manifest are the version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[Path, tuple[object, DocumentType]] = {}

    def names(self) -> Sequence[str]:
        """Document types, sorted."""
        return sorted(entry.parent.name for entry in self._path.glob(f"*/{MANIFEST}"))

    def get(self, doc_type: str) -> DocumentType:
        """The version in force. Raises UsageError for an unknown type, TemplateFaultError for a broken folder."""
        if doc_type not in self.names():
            raise UsageError(f"没有这种文书：{doc_type} / there is no document type {doc_type}")
        folder = self._path / doc_type
        try:
            version = _manifest(doc_type, (folder / MANIFEST).read_bytes()).version
        except OSError as e:
            raise _unreadable(doc_type, e) from e
        published = folder / VERSIONS / version
        return self._read(doc_type, published if published.is_dir() else folder)

    def version(self, doc_type: str, sha256: str) -> DocumentType | None:
        """The version with this digest, in force or not; None where there is none. Raises as `get`."""
        if current := self.get(doc_type).with_digest(sha256):
            return current
        folders = sorted((self._path / doc_type / VERSIONS).glob(f"*/{MANIFEST}"))
        found = (self._read(doc_type, manifest.parent).with_digest(sha256) for manifest in folders)
        return next(filter(None, found), None)

    def publish(self, doc_type: str, template: bytes) -> DocumentType:
        """A new version with this Word file comes into force, at once and whole. Raises as `get`."""
        current = self.get(doc_type)
        folder = self._path / doc_type
        try:
            files = {name: (folder / name).read_bytes() for name in DECIDING}
            own = current.manifest.layout
            files |= {f"{LAYOUTS}/{n}.docx": each.template for n, each in current.layouts.items() if n != own}
            old, new = current.manifest.version, str(int(current.manifest.version) + 1)
            _keep(folder / VERSIONS / old, {**files, "template.docx": current.template})
            manifest = VERSION.sub(f'version = "{new}"', files[MANIFEST].decode(), count=1).encode()
            _keep(folder / VERSIONS / new, {**files, MANIFEST: manifest, "template.docx": template})
            _replace(folder / "template.docx", template)  # where clerks go on
            _replace(folder / MANIFEST, manifest)  # the moment from which it is in force
        except OSError as e:
            raise _unreadable(doc_type, e) from e
        except ValueError as e:
            raise TemplateFaultError(f"文书模板 {doc_type} 的版本号不是数字") from e
        return self.get(doc_type)

    def _read(self, doc_type: str, folder: Path) -> DocumentType:
        try:
            names = [*DECIDING, *(f"{LAYOUTS}/{path.name}" for path in sorted((folder / LAYOUTS).glob("*.docx")))]
            stamps = [(folder / name).stat() for name in names]
            stamp = [names, *((s.st_mtime_ns, s.st_size, s.st_ino) for s in stamps)]
            kept = self._kept.get(folder)
            if kept is None or kept[0] != stamp:
                files = {name: (folder / name).read_bytes() for name in names}
                kept = self._kept[folder] = (stamp, _read(doc_type, files))
        except OSError as e:
            raise _unreadable(doc_type, e) from e
        return kept[1]

    def samples(self, doc_type: str) -> Sequence[Any]:
        """The accepted sample cases beside a type's template, by file name. Raises TemplateFaultError."""
        return [_json(path) for path in sorted((self._path / doc_type / "cases").glob("valid-*.json"))]

    def sample_agencies(self) -> Sequence[Any]:
        """The registry entries that the samples name. Raises TemplateFaultError."""
        entries: Sequence[Any] = _json(self._path / AGENCIES)
        return entries


def _keep(folder: Path, files: Mapping[str, bytes]) -> None:
    """The folder with these files, once and for all; one that is there already stays as it is."""
    if folder.is_dir():
        return
    folder.parent.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    for name, data in files.items():
        (draft / name).parent.mkdir(exist_ok=True)
        (draft / name).write_bytes(data)
        (draft / name).chmod(0o444)
    draft.chmod(0o755)
    draft.rename(folder)


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(data)
    draft.replace(path)


def _unreadable(doc_type: str, error: OSError) -> TemplateFaultError:
    return TemplateFaultError(f"文书模板 {doc_type} 的文件 {Path(str(error.filename)).name} 无法读写")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise TemplateFaultError(f"文书模板的文件 {path.parent.parent.name}/{path.name} 无法读取") from e


def _read(doc_type: str, files: Mapping[str, bytes]) -> DocumentType:
    manifest = _manifest(doc_type, files[MANIFEST])
    layouts = {}
    for file in (name for name in files if name.endswith(".docx")):
        digests = "".join(f"{sha256_hex(files[name])}  {name}\n" for name in (*DECIDING[:2], file))
        name = manifest.layout if file == DECIDING[2] else Path(file).stem
        if name in layouts:
            raise TemplateFaultError(f"文书模板 {doc_type} 的版式 {name} 有两个 Word 文件")
        layouts[name] = Layout(files[file], sha256_hex(digests.encode()))
    own = layouts[manifest.layout]
    return DocumentType(
        manifest=manifest,
        schema=_schema(doc_type, files["schema.json"]),
        template=own.template,
        sha256=own.sha256,
        layout=manifest.layout,
        layouts=layouts,
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
                "cross_page_seal": _yes_or_no(raw, "cross_page_seal"),
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


def _yes_or_no(raw: Mapping[str, Any], key: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise TypeError(f"{key} is neither true nor false")
    return value


def _schema(doc_type: str, data: bytes) -> Mapping[str, Any]:
    try:
        schema = json.loads(data)
    except ValueError as e:
        raise TemplateFaultError(f"文书模板 {doc_type} 的 schema.json 不是有效的 JSON") from e
    if not isinstance(schema, dict):
        raise TemplateFaultError(f"文书模板 {doc_type} 的 schema.json 不是对象")
    return schema
