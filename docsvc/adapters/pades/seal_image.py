"""A seal's picture that an operator supplies (PNG): looked at without trust, then made into samples for a PDF."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MOST_BYTES: Final = 1_000_000
MOST_PIXELS: Final = 3000  # a side
HEADER: Final = struct.Struct(">IIBBBBB")
KEPT_PIXELS: Final = 1200  # a side; more than any printer shows of 60 mm
LEAST_DPI: Final = 300
# What a picture needs, and what only describes it. Compressed texts and profiles, animations and anything unknown
# stay outside: nothing of ours would read them, and somebody else's reader might.
CHUNKS: Final = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"pHYs",
        b"sRGB",
        b"gAMA",
        b"cHRM",
        b"sBIT",
        b"bKGD",
        b"tIME",
        b"tEXt",
    }
)
OUT_OF_SQUARE: Final = 0.02
PAPER: Final = 245  # from here on a sample is background
INK: Final = 200  # below, in green or blue, it is ink
RED_OVER: Final = 60  # by which red ink is redder than green or blue
LEAST_RED: Final = 0.9  # of the ink
INK_SHARE: Final = (0.05, 0.6)  # of the picture: a ring and characters, no blank and no block
CORNER: Final = 0.1  # of a side: a round seal leaves the corners free


class SealImageError(Exception):
    """Why a file is no picture of a seal, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh}；{en}")


@dataclass(frozen=True, slots=True)
class Raster:
    """Samples of DeviceRGB, eight bits each, deflated: white where the seal has no ink."""

    width: int
    height: int
    deflated: bytes


def read_picture(path: Path) -> bytes:
    """The file, or so much of it that `fault_of` sees that it is too large. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def fault_of(png: bytes, diameter_mm: float) -> tuple[str, str] | None:
    """Why the file can't be the picture of a seal of that diameter, in Chinese and English; None where it can."""
    try:
        _seal(png, diameter_mm)
    except SealImageError as e:
        return e.zh, e.en
    return None


def raster(png: bytes, diameter_mm: float, sha256: str) -> Raster:
    """The seal alone, from edge to edge of its ring. Raises SealImageError, also where it is not the file meant."""
    if hashlib.sha256(png).hexdigest() != sha256:
        raise SealImageError("印章图片已被改动", "the seal's picture was altered")
    seal = _seal(png, diameter_mm)
    if max(seal.size) > KEPT_PIXELS:
        seal = seal.resize((KEPT_PIXELS, KEPT_PIXELS), Image.Resampling.LANCZOS)
    return Raster(*seal.size, zlib.compress(seal.tobytes(), 9))


def _seal(png: bytes, diameter_mm: float) -> Image.Image:
    flat = flattened(png)
    red, green, blue = flat.split()
    ink = ImageChops.darker(green, blue).point(lambda v: 255 * (v < INK))
    box = ink.getbbox()
    if box is None:
        raise SealImageError("图片是空白的", "the picture is blank")
    wide, high = box[2] - box[0], box[3] - box[1]
    if abs(wide - high) > OUT_OF_SQUARE * max(wide, high):
        raise SealImageError("印章不是圆形（宽高不等）", f"the seal is not round: {wide} by {high} pixels")
    least = int(LEAST_DPI * diameter_mm / 25.4)
    if min(wide, high) < least:
        raise SealImageError(
            f"分辨率不足：直径{diameter_mm:g}毫米的印章至少需要{least}像素，图中只有{min(wide, high)}像素",
            f"less than {LEAST_DPI} dpi: {diameter_mm:g} mm needs {least} pixels, this has {min(wide, high)}",
        )
    redder = ImageChops.subtract(red, ImageChops.lighter(green, blue)).point(lambda v: 255 * (v >= RED_OVER))
    inked = _count(ink)
    if _count(ImageChops.darker(redder, ink)) < LEAST_RED * inked:
        raise SealImageError("印章应当是红色", "a seal is red")
    seal = ink.crop(box)
    corner = round(CORNER * min(wide, high))
    corners = [(x, y, x + corner, y + corner) for x in (0, wide - corner) for y in (0, high - corner)]
    if not INK_SHARE[0] <= inked / (wide * high) <= INK_SHARE[1] or any(seal.crop(c).getbbox() for c in corners):
        raise SealImageError(
            "图中不是单独一枚圆形印章",
            "not the picture of one round seal: too much ink, too little, or in the corners",
        )
    paper = ImageChops.darker(green, blue).point(lambda v: 255 * (v >= PAPER))
    flat.paste("white", mask=paper)
    return flat.crop(box)


def flattened(png: bytes) -> Image.Image:
    """Any small, plain PNG on white paper (RGB). Raises SealImageError."""
    width, height = _checked_size(png)
    if max(width, height) > MOST_PIXELS:
        raise SealImageError(
            f"图片过大：每边最多{MOST_PIXELS}像素", f"the picture is too large: {MOST_PIXELS} pixels a side at most"
        )
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
            layered = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, zlib.error, struct.error) as e:
        raise SealImageError("PNG 图片已损坏，无法读取", "the PNG is damaged and can't be read") from e
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def _checked_size(png: bytes) -> tuple[int, int]:
    """Width and height, once the file is seen to be one plain PNG (ISO 15948) and nothing more."""
    if len(png) > MOST_BYTES:
        raise SealImageError(
            f"图片文件过大：最多{MOST_BYTES // 1000} KB", f"the file is too large: {MOST_BYTES} bytes at most"
        )
    if not png.startswith(SIGNATURE):
        raise SealImageError("不是 PNG 图片", "not a PNG")
    kinds: list[bytes] = []
    size = (0, 0)
    for kind, content, intact in _chunks(png):
        if kind not in CHUNKS:
            name = kind.decode("latin-1") if kind.isalpha() else kind.hex()
            raise SealImageError(
                f"PNG 含有不接受的数据块 {name}，请另存为不带元数据的静态图片",
                f"the PNG has a chunk {name}: save it as a still picture without metadata",
            )
        if not intact:
            raise SealImageError("PNG 图片已损坏，无法读取", "the PNG is damaged and can't be read")
        kinds.append(kind)
        if kind == b"IHDR" and len(content) == HEADER.size:
            size = HEADER.unpack(content)[:2]
    if kinds[:1] != [b"IHDR"] or kinds[-1] != b"IEND" or kinds.count(b"IHDR") != 1 or kinds.count(b"IEND") != 1:
        raise SealImageError("PNG 结构不完整，或者图片之后还有其他数据", "no whole PNG, or data stands behind it")
    return size[0], size[1]


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Type and content of each chunk, and whether its check sum is right; what is cut off counts as wrong."""
    at = len(SIGNATURE)
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        check = png[at + 8 + length : at + 12 + length]
        yield kind, content, len(content) == length and check == zlib.crc32(kind + content).to_bytes(4, "big")
        at += 12 + length


def _count(mask: Image.Image) -> int:
    return mask.histogram()[255]
