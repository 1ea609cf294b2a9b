"""The template folders on disk: the types that come with the service, and the versions that clerks published."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import DocumentType, Layout, LegalNature, Level, Manifest, Remark, Stage, listing
from docsvc.domain.envelope import Needs, Role, SignatureRule
from docsvc.domain.errors import ConflictError, SetupError, TemplateFaultError, UsageError

MANIFEST: Final = "manifest.toml"
SCHEMA: Final = "schema.json"
TEMPLATE: Final = "template.docx"
AGENCIES: Final = "agencies.sample.json"
CASES: Final = "cases"
PUBLISHED: Final = "published.json"
RETIRED: Final = "retired.json"
VERSION: Final = re.compile(r'^version\s*=\s*".*"', re.MULTILINE)
LAYOUTS: Final = "layouts"  # Word files of a type beside template.docx, by name
LAYOUT_FILE: Final = re.compile(rf"{LAYOUTS}/[a-z0-9-]+\.docx$")
# What decides a document's content and looks; golden texts and sample cases do not.
DECIDING: Final = (MANIFEST, SCHEMA, TEMPLATE)


class TemplateFolder:
    """Document types, one folder each, as they came with the service; nothing is ever written there.

    What was published lies in `published`/<type>/<version>/, whole and never written again; that it was retired is
    added beside it. In force is the newest that is not. Folders are read anew when a file of theirs changes.
    """

    def __init__(self, path: Path, published: Path | None = None) -> None:
        self._path = path
        self._published = published
        self._kept: dict[Path, tuple[object, DocumentType]] = {}

    def names(self) -> Sequence[str]:
        """Document types, sorted."""
        return sorted(entry.parent.name for entry in self._path.glob(f"*/{MANIFEST}"))

    def get(self, doc_type: str) -> DocumentType:
        """The version in force, or the newest where all are retired.

        Raises UsageError for an unknown type, TemplateFaultError for a broken folder.
        """
        versions = self.versions(doc_type)
        return next((each for each in reversed(versions) if each.retired is None), versions[-1])

    def versions(self, doc_type: str) -> Sequence[DocumentType]:
        """Every version, oldest first. Raises as `get`."""
        if doc_type not in self.names():
            raise UsageError(f"没有这种文书：{doc_type} / there is no document type {doc_type}")
        folders = [self._path / doc_type]
        if self._published is not None:
            folders += [manifest.parent for manifest in self._published.glob(f"{doc_type}/[0-9]*/{MANIFEST}")]
        found = {_number(each): each for each in (self._read(doc_type, folder) for folder in folders)}
        return [found[number] for number in sorted(found)]

    def version(self, doc_type: str, sha256: str) -> DocumentType | None:
        """The version with this digest, in force or not; None where there is none. Raises as `get`."""
        found = (each.with_digest(sha256) for each in self.versions(doc_type))
        return next((each for each in found if each is not None), None)

    def read(self, doc_type: str, files: Mapping[str, bytes]) -> DocumentType:
        """A version from the bytes of its files. Raises TemplateFaultError."""
        return _read(doc_type, files)

    def publish(
        self, draft: DocumentType, samples: Mapping[str, bytes], golden: Mapping[str, bytes], remark: Remark
    ) -> DocumentType:
        """The draft's schema and Word file come into force as the next version, at once and whole.

        Raises as `get`, SetupError where nothing can be written, ConflictError where another one came first.
        """
        name = draft.manifest.doc_type
        old = self.versions(name)
        number = str(_number(old[-1]) + 1)
        manifest = VERSION.sub(f'version = "{number}"', draft.common[MANIFEST].decode(), count=1).encode()
        files = {
            **draft.everything,
            MANIFEST: manifest,
            PUBLISHED: _remark_json(remark),
            **{f"{CASES}/{case}": raw for case, raw in samples.items()},
            **{f"golden/{page}": data for page, data in golden.items()},
        }
        try:
            _keep(self._writable() / name / number, files)
        except FileExistsError as e:
            raise ConflictError(f"第{number}版已由他人发布；version {number} was published meanwhile") from e
        except OSError as e:
            raise self._read_only(e) from e
        return self.get(name)

    def retire(self, doc_type: str, version: str, remark: Remark) -> None:
        """No new document is made with it any more. Raises as `publish`, UsageError for an unknown version."""
        chosen = next((each for each in self.versions(doc_type) if each.manifest.version == version), None)
        if chosen is None:
            raise UsageError(f"{doc_type} 没有第{version}版；there is no version {version} of {doc_type}")
        if chosen.retired is not None:
            raise ConflictError(
                f"{doc_type} 第{version}版已停用；version {version} of {doc_type} is retired already"
            )
        beside = self._writable() / doc_type / version
        try:
            beside.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=beside, delete=False) as draft:
                draft.write(_remark_json(remark))
            Path(draft.name).chmod(0o444)
            Path(draft.name).rename(beside / RETIRED)
        except OSError as e:
            raise self._read_only(e) from e

    def samples(self, doc_type: str) -> Mapping[str, bytes]:
        """The sample cases of the version in force, by file name. Raises TemplateFaultError."""
        version = self.get(doc_type)
        own = None if self._published is None else self._published / doc_type / version.manifest.version / CASES
        folder = own if own is not None and own.is_dir() else self._path / doc_type / CASES
        try:
            return {path.name: path.read_bytes() for path in sorted(folder.glob("valid-*.json"))}
        except OSError as e:
            raise _unreadable(doc_type, e) from e

    def sample_agencies(self) -> Sequence[Any]:
        """The registry entries that the samples name. Raises TemplateFaultError."""
        entries: Sequence[Any] = _json(self._path / AGENCIES)
        return entries

    def _read(self, doc_type: str, folder: Path) -> DocumentType:
        try:
            version = self._kept.get(folder)
            names = [*DECIDING, *(f"{LAYOUTS}/{path.name}" for path in sorted((folder / LAYOUTS).glob("*.docx")))]
            stamps = [(folder / name).stat() for name in names]
            stamp = [names, *((s.st_mtime_ns, s.st_size, s.st_ino) for s in stamps)]
            if version is None or version[0] != stamp:
                files = {name: (folder / name).read_bytes() for name in names}
                version = self._kept[folder] = (stamp, _read(doc_type, files))
        except OSError as e:
            raise _unreadable(doc_type, e) from e
        return self._remarked(version[1])

    def _remarked(self, version: DocumentType) -> DocumentType:
        """With what was said when it was published and retired."""
        if self._published is None:
            return version
        folder = self._published / version.manifest.doc_type / version.manifest.version
        published, retired = _remark(folder / PUBLISHED), _remark(folder / RETIRED)
        return dataclasses.replace(version, published=published, retired=retired)

    def _writable(self) -> Path:
        if self._published is None:
            raise SetupError("未设置发布目录；no folder for published templates is set (DOCSVC_PUBLISHED_DIR)")
        return self._published

    def _read_only(self, error: OSError) -> SetupError:
        return SetupError(
            f"发布目录无法写入（{error.strerror}），请检查 DOCSVC_PUBLISHED_DIR；"
            f"the folder of published templates can't be written ({error.strerror}): see DOCSVC_PUBLISHED_DIR"
        )


def _number(version: DocumentType) -> int:
    try:
        return int(version.manifest.version)
    except ValueError as e:
        raise TemplateFaultError(f"文书模板 {version.manifest.doc_type} 的版本号不是数字") from e


def _keep(folder: Path, files: Mapping[str, bytes]) -> None:
    """The folder with these files, once and for all. Raises FileExistsError where it is there already."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        for name, data in files.items():
            path = draft / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o444)
        draft.chmod(0o755)
        if folder.exists():  # a folder replaces an empty one without a word
            raise FileExistsError(folder)
        draft.rename(folder)
    except OSError as e:
        shutil.rmtree(draft, ignore_errors=True)
        if e.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileExistsError(folder) from e
        raise


def _remark(path: Path) -> Remark | None:
    try:
        raw = json.loads(path.read_text("utf-8"))
        return Remark(raw["by"], dt.datetime.fromisoformat(raw["at"]), raw["why"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise TemplateFaultError(f"{path.parent.parent.name}/{path.parent.name}/{path.name} 无法读取") from e


def _remark_json(remark: Remark) -> bytes:
    told = {"by": remark.by, "at": remark.at.isoformat(), "why": remark.why}
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def _unreadable(doc_type: str, error: OSError) -> TemplateFaultError:
    return TemplateFaultError(f"文书模板 {doc_type} 的文件 {Path(str(error.filename)).name} 无法读取")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise TemplateFaultError(f"文书模板的文件 {path.parent.parent.name}/{path.name} 无法读取") from e


def _read(doc_type: str, files: Mapping[str, bytes]) -> DocumentType:
    docx = [name for name in files if name.endswith(".docx")]
    if odd := [name for name in docx if name != TEMPLATE and not LAYOUT_FILE.match(name)]:
        raise TemplateFaultError(f"文书模板 {doc_type} 的版式文件名只能用小写字母、数字和连字符：{odd[0]}")
    if lacking := sorted({MANIFEST, SCHEMA} - files.keys()) or ([] if docx else [TEMPLATE]):
        raise TemplateFaultError(f"文书模板 {doc_type} 缺少 {lacking[0]}")
    manifest = _manifest(doc_type, files[MANIFEST])
    layouts: dict[str, Layout] = {}
    for file in docx:
        name = manifest.layout if file == TEMPLATE else Path(file).stem
        if name in layouts:
            raise TemplateFaultError(f"文书模板 {doc_type} 的版式 {name} 有两个 Word 文件")
        own = {MANIFEST: files[MANIFEST], SCHEMA: files[SCHEMA], file: files[file]}
        layouts[name] = Layout(file, files[file], sha256_hex(listing(own)))
    first = manifest.layout if manifest.layout in layouts else next(iter(layouts))  # one alone, as the store has it
    return DocumentType(
        manifest=manifest,
        schema=_schema(doc_type, files[SCHEMA]),
        template=layouts[first].template,
        sha256=layouts[first].sha256,
        layout=first,
        layouts=layouts,
        common={name: files[name] for name in (MANIFEST, SCHEMA)},
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
                "signatures": tuple(
                    SignatureRule(**{**rule, "role": Role(rule["role"]), "needs": Needs(rule["needs"])})
                    for rule in raw.get("signatures", ())
                ),
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
    except (ValueError, RecursionError) as e:
        raise TemplateFaultError(f"文书模板 {doc_type} 的 schema.json 不是有效的 JSON") from e
    if not isinstance(schema, dict):
        raise TemplateFaultError(f"文书模板 {doc_type} 的 schema.json 不是对象")
    return schema
