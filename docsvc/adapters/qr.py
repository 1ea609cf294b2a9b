"""QR codes as pictures (ISO/IEC 18004), by segno."""

from __future__ import annotations

import io
from typing import Final

from docsvc.domain.errors import SetupError

QUIET: Final = 4  # modules of white around the symbol (ISO/IEC 18004 clause 6.3.8)
PIXELS: Final = 6  # a module's side; a printer's dots are much smaller than a module, so its edges stay sharp
LARGEST: Final = 10  # version, of 57 modules a side: on 20 mm a module has 0.3 mm, what a telephone still reads


class SegnoCodes:
    """Implements QrCodes."""

    def png(self, text: str) -> bytes:
        """The symbol in black and white with its quiet zone, error correction M; the same text, the same bytes.

        Raises SetupError where the text is too long to be scanned from paper.
        """
        import segno
        from segno.encoder import DataOverflowError

        try:
            code = segno.make(text, error="m", micro=False, boost_error=False)
        except DataOverflowError as e:
            raise SetupError(_too_long(text)) from e
        if int(code.version) > LARGEST:
            raise SetupError(_too_long(text))
        out = io.BytesIO()
        # Not deflated: what a compressor writes depends on its version.
        code.save(out, kind="png", scale=PIXELS, border=QUIET, compresslevel=0)
        return out.getvalue()


def _too_long(text: str) -> str:
    return (
        f"二维码内容过长（{len(text)} 个字符），请缩短 DOCSVC_PUBLIC_URL / "
        f"the QR code says too much ({len(text)} characters): shorten DOCSVC_PUBLIC_URL"
    )
