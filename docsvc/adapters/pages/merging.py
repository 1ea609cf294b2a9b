"""A print file out of signed documents: their pages in order, seals drawn, no signature left, PDF/A (pikepdf)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from docsvc.domain.errors import ConversionError

TITLE: Final = "打印用合并件 Print copy"
SUBJECT: Final = (
    "仅供打印，不含电子签名；以各文书单独的PDF为准。For printing only, without electronic signatures: "
    "the single PDF of each document is the document."
)
GROUP: Final = 50  # documents held open at once: each costs memory and a file


def merge_apart(documents: Mapping[str, Path], target: Path, deadline_s: float = 600) -> None:
    """The same in a process of its own, so that thousands of documents keep no caller from being answered.

    Raises ConversionError where it ends without the file, or not in time.
    """
    named = json.dumps({name: str(path) for name, path in documents.items()})
    # -P: a folder named docsvc where the caller happens to stand must not be run.
    command = [sys.executable, "-P", "-m", "docsvc.adapters.pages.merging", str(target)]
    try:
        subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=named.encode(), stdout=subprocess.DEVNULL, timeout=deadline_s, check=True
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise ConversionError("打印用合并件无法生成；the print file can't be made") from e


def merge_pages(documents: Mapping[str, Path], target: Path) -> None:
    """Write one PDF of documents by name, a bookmark each. Its metadata says that it is a print copy."""
    import pikepdf

    names, paths = list(documents), list(documents.values())
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, ExitStack() as closing:
        counts: list[int] = []
        merged = closing.enter_context(pikepdf.new())
        for start in range(0, len(paths), GROUP):
            group = Path(folder) / f"{start}.pdf"
            counts += _join(paths[start : start + GROUP], group)
            part = closing.enter_context(pikepdf.open(group))
            merged.pages.extend(part.pages)
            _keep_colours(merged, part)
        with merged.open_outline() as outline:
            places = (sum(counts[:n]) for n in range(len(counts)))
            outline.root.extend(pikepdf.OutlineItem(name, at) for name, at in zip(names, places, strict=True))
        with merged.open_metadata() as metadata:
            metadata["dc:title"] = TITLE
            metadata["dc:description"] = SUBJECT
            if "/OutputIntents" in merged.Root:
                metadata["pdfaid:part"], metadata["pdfaid:conformance"] = "2", "B"
        merged.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _join(paths: list[Path], target: Path) -> list[int]:
    """Their pages in one file, without fields; how many each has."""
    import pikepdf

    counts: list[int] = []
    with ExitStack() as closing:
        joined = closing.enter_context(pikepdf.new())
        for path in paths:
            document: Any = closing.enter_context(pikepdf.open(path))
            # A seal is the look of a signature field: as a part of the page it stays when the field goes.
            document.flatten_annotations("print")
            # What was to be printed is drawn now; the others are fields of time stamps.
            for thing, key in [(document.Root, "/AcroForm"), *((page.obj, "/Annots") for page in document.pages)]:
                if key in thing:
                    del thing[key]
            counts.append(len(document.pages))
            joined.pages.extend(document.pages)
            _keep_colours(joined, document)
        joined.save(target)
    return counts


def _keep_colours(whole: Any, part: Any) -> None:
    """What the colours of the pages mean (ISO 19005-2, 6.2.3) stands once in a file: all are the office's own."""
    if "/OutputIntents" in part.Root and "/OutputIntents" not in whole.Root:
        whole.Root.OutputIntents = whole.copy_foreign(part.make_indirect(part.Root.OutputIntents))


if __name__ == "__main__":
    merge_pages({name: Path(path) for name, path in json.load(sys.stdin).items()}, Path(sys.argv[1]))
