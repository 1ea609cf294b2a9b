"""Pictures of seals as operators scan or draw them, good and hostile."""

from __future__ import annotations

import io
import math
import struct
import zlib

from PIL import Image, ImageDraw

RED = (220, 20, 20)


def picture(side=600, *, ink=RED, background=(255, 255, 255, 0), wide=None, margin=0, mode="RGBA") -> Image.Image:
    """A ring with a star, `side` pixels high and wide, or `wide` pixels wide."""
    wide = wide or side
    image = Image.new("RGBA", (wide + 2 * margin, side + 2 * margin), background)
    pen = ImageDraw.Draw(image)
    pen.ellipse(
        (margin, margin, margin + wide - 1, margin + side - 1), outline=(*ink, 255), width=max(side // 35, 1)
    )
    x, y, r = margin + wide / 2, margin + side / 2, side / 5
    corners = [
        (x + k * math.sin(a), y - k * math.cos(a))
        for a, k in ((math.radians(36 * i), r if i % 2 == 0 else r * 0.38) for i in range(10))
    ]
    pen.polygon(corners, fill=(*ink, 255))
    return image.convert(mode)


def png(image: Image.Image, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def with_chunk(data: bytes, extra: bytes) -> bytes:
    """A chunk more, before the last."""
    return data[:-12] + extra + data[-12:]


def bomb(side: int = 60_000) -> bytes:
    """A header that promises gigabytes, over a few bytes of zeros."""
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND")
    )
