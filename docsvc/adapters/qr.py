"""QR codes as pictures (ISO/IEC 18004), by segno."""

from __future__ import annotations

import io
import string
from typing import Any, Final

from docsvc.domain.errors import SetupError

QUIET: Final = 4  # modules of white around the symbol (ISO/IEC 18004 clause 6.3.8)
PIXELS: Final = 6  # a module's side; a printer's dots are much smaller than a module, so its edges stay sharp
LARGEST: Final = 13  # version, of 69 modules a side: on 24 mm a module has 0.31 mm, what a telephone still reads

RUN: Final = 20  # digits from which on a segment of their own is the shorter one


class SegnoCodes:
    """Implements QrCodes."""

    def png(self, text: str) -> bytes:
        """The symbol in black and white with its quiet zone; the same text, the same bytes.

        Error correction M, or L where M takes too much room; digits at the end take three to ten bits. Raises
        SetupError where the text is too long to be scanned from paper.
        """
        out = io.BytesIO()
        # Not deflated: what a compressor writes depends on its version.
        _code(text).save(out, kind="png", scale=PIXELS, border=QUIET, compresslevel=0)
        return out.getvalue()

    def svg(self, text: str) -> str:
        """The same symbol as an SVG element for a page. Raises as `png` does."""
        return str(_code(text).svg_inline(scale=PIXELS, border=QUIET, omitsize=True))


def _code(text: str) -> Any:
    code = _symbol(text, "m") or _symbol(text, "l")
    if code is None:
        raise SetupError(_too_long(text))
    return code


def _symbol(text: str, error: str) -> Any:
    """None where no version up to LARGEST holds the text."""
    import segno
    from segno.encoder import DataOverflowError

    rest = text.rstrip(string.digits)
    parts = [rest, text[len(rest) :]] if len(text) - len(rest) >= RUN else [text]
    segments: Any = [part for part in parts if part]  # what its types leave out: one segment a part
    try:
        code = segno.make(segments, error=error, micro=False, boost_error=False)
    except DataOverflowError:
        return None
    return code if int(code.version) <= LARGEST else None


def _too_long(text: str) -> str:
    return (
        f"二维码内容过长（{len(text)} 个字符），请缩短 DOCSVC_PUBLIC_URL / "
        f"the QR code says too much ({len(text)} characters): shorten DOCSVC_PUBLIC_URL"
    )
