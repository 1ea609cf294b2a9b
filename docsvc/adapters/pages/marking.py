"""A PDF marked as a draft on each of its pages, so that nobody takes it for a document."""

from __future__ import annotations

import io
import math
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name

CHINESE: Final = "样稿".encode("utf-16-be").hex()
LATIN: Final = "DRAFT"
SIZE: Final = 84.0
ALONG: Final = 1.75  # of the way from the middle to where the text begins, in sizes, right and up alike
TILT: Final = math.radians(45)


def mark_draft(pdf: bytes) -> bytes:
    """The same pages with 样稿 DRAFT across them, in grey that lets the text through."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        fonts = _fonts(document)
        state = Dictionary(Type=Name.ExtGState, ca=0.35)
        for page in document.pages:
            left, bottom, right, top = (float(edge) for edge in page.mediabox)
            name = page.add_resource(fonts[0], Name.Font)
            latin = page.add_resource(fonts[1], Name.Font)
            grey = page.add_resource(state, Name.ExtGState)
            turn = f"{math.cos(TILT):.4f} {math.sin(TILT):.4f} {-math.sin(TILT):.4f} {math.cos(TILT):.4f}"
            at = f"{(left + right) / 2 - SIZE * ALONG:.2f} {(bottom + top) / 2 - SIZE * (ALONG + 0.5):.2f}"
            text = f"{name} {SIZE} Tf <{CHINESE}> Tj {latin} {SIZE} Tf ( {LATIN}) Tj"
            page.contents_add(b"q", prepend=True)
            page.contents_add(f"Q q {grey} gs 0.5 g BT {turn} {at} Tm {text} ET Q".encode())
        document.save(out)
    return out.getvalue()


def _fonts(document: pikepdf.Pdf) -> tuple[pikepdf.Object, pikepdf.Object]:
    """A Chinese and a Latin font that every viewer brings along: a draft needs none of its own."""
    song = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType0,
        BaseFont=Name("/STSong-Light"),
        CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"GB1", Supplement=4),
        DW=1000,
        FontDescriptor=document.make_indirect(
            Dictionary(
                Type=Name.FontDescriptor,
                FontName=Name("/STSong-Light"),
                Flags=6,
                FontBBox=Array([-25, -254, 1000, 880]),
                ItalicAngle=0,
                Ascent=880,
                Descent=-120,
                CapHeight=880,
                StemV=93,
            )
        ),
    )
    chinese = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/STSong-Light"),
        Encoding=Name("/UniGB-UCS2-H"),
        DescendantFonts=Array([document.make_indirect(song)]),
    )
    latin = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    return document.make_indirect(chinese), document.make_indirect(latin)
