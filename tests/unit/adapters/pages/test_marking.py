"""Drafts bear their mark on each page, and say the same otherwise."""

from __future__ import annotations

import io

import pikepdf

from docsvc.adapters.pages.reading import PdfPages
from tests.support.unsigned_pdfs import make_pdf

LINES = [[(72, 700, "甲乙")], [(72, 700, "丙")]]


def contents(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [
            b"".join(
                s.read_bytes()
                for s in (page.Contents if isinstance(page.Contents, pikepdf.Array) else [page.Contents])
            )
            for page in document.pages
        ]


def test_each_page_is_marked_and_keeps_what_was_on_it():
    plain = make_pdf(LINES)
    marked = PdfPages().mark_draft(plain)
    assert marked != plain
    for before, after in zip(contents(plain), contents(marked), strict=True):
        assert before.strip() in after
        assert b"( DRAFT) Tj" in after
        assert f"<{'样稿'.encode('utf-16-be').hex()}>".encode() in after
