"""A print file out of signed documents: all their pages in order, seals drawn, and no signature left (pikepdf)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

TITLE: Final = "打印用合并件 Print copy"
SUBJECT: Final = (
    "仅供打印，不含电子签名；以各文书单独的PDF为准。For printing only, without electronic signatures: "
    "the single PDF of each document is the document."
)


def merge_pages(documents: Iterable[tuple[str, bytes]]) -> bytes:
    """One PDF of documents (name, PDF), a bookmark each. Its metadata says that it is a print copy."""
    import pikepdf

    with ExitStack() as closing:
        merged = closing.enter_context(pikepdf.new())
        places: list[tuple[str, int]] = []
        for name, pdf in documents:
            document = closing.enter_context(pikepdf.open(io.BytesIO(pdf)))
            # A seal is the look of a signature field: as a part of the page it stays when the field goes.
            document.flatten_annotations("print")
            # What was to be printed is drawn now; the others are fields of time stamps.
            for thing, key in [(document.Root, "/AcroForm"), *((page.obj, "/Annots") for page in document.pages)]:
                if key in thing:
                    del thing[key]
            places.append((name, len(merged.pages)))
            merged.pages.extend(document.pages)
        with merged.open_outline() as outline:
            outline.root.extend(pikepdf.OutlineItem(name, page) for name, page in places)
        with merged.open_metadata() as metadata:
            metadata["dc:title"] = TITLE
            metadata["dc:description"] = SUBJECT
        out = io.BytesIO()
        merged.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()
