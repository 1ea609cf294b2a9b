"""A clerk's hand on a draft: Word files, schemas and samples, changed."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

DOCUMENT = "word/document.xml"
BEFORE = "<w:p><w:r><w:t>{%p if body.reply_by %}"  # a place in the advice's body


def with_sentence(template: bytes, sentence: str) -> bytes:
    """The advice's Word file with a paragraph more, or one for each line."""
    return rewritten(template, {DOCUMENT: lambda xml: _inserted(xml, sentence)})


def _inserted(xml: str, sentence: str) -> str:
    assert xml.count(BEFORE) == 1
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in sentence.split("\n"))
    return xml.replace(BEFORE, paragraphs + BEFORE)


def rewritten(template: bytes, changes: dict[str, Any], more: dict[str, bytes] | None = None) -> bytes:
    """A Word file with some parts changed, and others added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(template)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name in changes:
                data = changes[name](data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            new.writestr(name, data)
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return out.getvalue()


def add_sentence(draft: Path, sentence: str) -> None:
    """In a draft's folder."""
    file = draft / "template.docx"
    file.write_bytes(with_sentence(file.read_bytes(), sentence))


def add_field(draft: Path, name: str, node: dict[str, Any], value: Any) -> None:
    """To the body of a draft's schema, and its samples."""
    schema = json.loads((draft / "schema.json").read_text())
    schema["properties"]["body"]["properties"][name] = node
    (draft / "schema.json").write_text(json.dumps(schema, ensure_ascii=False, indent=1))
    for file in (draft / "cases").iterdir():
        case = json.loads(file.read_text())
        case["body"][name] = value
        file.write_text(json.dumps(case, ensure_ascii=False))
