from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image, ImageDraw

from docsvc.adapters.pades.seal_image import KEPT_PIXELS, MOST_BYTES, SealImageError, fault_of, raster, read_picture
from docsvc.domain.canonical import sha256_hex
from tests.support.seal_pictures import bomb, chunk, picture, png, with_chunk

WHITE = (255, 255, 255, 255)


def filled(colour):
    image = picture()
    ImageDraw.Draw(image).rectangle((0, 0, 599, 599), fill=colour)
    return png(image)


@pytest.mark.parametrize(
    "image",
    [
        picture(),
        picture(496),
        picture(background=WHITE),
        picture(background=WHITE, mode="RGB"),
        picture(margin=80),
        picture(wide=608),
        picture(background=WHITE, mode="RGB").quantize(16),
    ],
    ids=["transparent", "300 dpi", "white", "no alpha", "margin", "nearly round", "palette"],
)
def test_a_picture_of_a_seal_is_taken(image):
    assert fault_of(png(image), 42) is None


def test_what_describes_a_picture_is_no_fault():
    assert fault_of(png(picture(), dpi=(600, 600)), 42) is None
    assert fault_of(with_chunk(png(picture()), chunk(b"tEXt", b"Author\0x")), 42) is None


def jpeg():
    out = io.BytesIO()
    picture(background=WHITE, mode="RGB").save(out, "JPEG")
    return out.getvalue()


def animated():
    out = io.BytesIO()
    picture().save(out, "PNG", save_all=True, append_images=[picture(ink=(0, 0, 0))])
    return out.getvalue()


def one_bit_off():
    data = bytearray(png(picture()))
    data[200] ^= 1
    return bytes(data)


def header_of_no_size():
    return with_chunk(png(picture()), b"").replace(struct.pack(">II", 600, 600), struct.pack(">II", 0, 600), 1)


def short_of_samples():
    header = struct.pack(">IIBBBBB", 600, 600, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"x")) + chunk(b"IEND")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GOOD = png(picture())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "不是 PNG", id="empty"),
        pytest.param(SVG, "不是 PNG", id="svg"),
        pytest.param(jpeg(), "不是 PNG", id="jpeg"),
        pytest.param(GOOD[:8], "不完整", id="nothing after the signature"),
        pytest.param(GOOD[:-30], "损坏", id="cut off"),
        pytest.param(GOOD[:-12], "不完整", id="no end"),
        pytest.param(GOOD + b"PK\3\4", "数据块", id="something behind it"),
        pytest.param(GOOD + chunk(b"tEXt", b"x\0y"), "还有其他数据", id="a chunk behind the end"),
        pytest.param(GOOD + GOOD[8:], "还有其他数据", id="two pictures"),
        pytest.param(one_bit_off(), "损坏", id="one bit off"),
        pytest.param(header_of_no_size(), "损坏", id="header altered"),
        pytest.param(short_of_samples(), "损坏", id="too few samples"),
        pytest.param(bomb(), "图片过大", id="decompression bomb"),
        pytest.param(bomb(2**31 - 1), "图片过大", id="greatest size"),
        pytest.param(bomb(2900), "损坏", id="a bomb within the limits"),
        pytest.param(png(picture(3001)), "图片过大", id="too many pixels"),
        pytest.param(GOOD + bytes(MOST_BYTES), "文件过大", id="too many bytes"),
        pytest.param(
            with_chunk(GOOD, chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(10_000_000)))), "zTXt", id="text bomb"
        ),
        pytest.param(with_chunk(GOOD, chunk(b"iCCP", b"x\0\0" + zlib.compress(b"x"))), "iCCP", id="profile"),
        pytest.param(with_chunk(GOOD, chunk(b"iTXt", b"x")), "iTXt", id="international text"),
        pytest.param(with_chunk(GOOD, chunk(b"eXIf", b"x")), "eXIf", id="exif"),
        pytest.param(with_chunk(GOOD, chunk(b"p\nXx", b"x")), "700a5878", id="no name of a chunk"),
        pytest.param(animated(), "acTL", id="animated"),
        pytest.param(png(Image.new("RGBA", (600, 600), WHITE)), "空白", id="blank"),
        pytest.param(png(Image.new("RGBA", (600, 600), (220, 0, 0, 0))), "空白", id="transparent"),
        pytest.param(filled((220, 0, 0, 255)), "单独一枚", id="a red block"),
        pytest.param(png(picture(ink=(0, 0, 0))), "红色", id="black"),
        pytest.param(png(picture(ink=(20, 20, 220))), "红色", id="blue"),
        pytest.param(png(picture(wide=660)), "不是圆形", id="oval"),
        pytest.param(png(picture(494)), "分辨率不足", id="too coarse"),
        pytest.param(png(picture(400, margin=200)), "分辨率不足", id="coarse in a large frame"),
    ],
)
def test_anything_else_is_refused_with_a_reason(data, words):
    zh, en = fault_of(data, 42)
    assert words in zh + en
    assert en.isascii()


def test_a_seal_of_45_mm_needs_more_pixels():
    assert fault_of(png(picture(510)), 42) is None
    assert fault_of(png(picture(510)), 45) is not None


def test_a_bomb_costs_no_memory():
    data = bomb()
    tracemalloc.start()
    assert fault_of(data, 42)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_file_is_read_no_further_than_it_may_be_large(tmp_path):
    (tmp_path / "big.png").write_bytes(bytes(3 * MOST_BYTES))
    assert len(read_picture(tmp_path / "big.png")) == MOST_BYTES + 1


def test_the_seal_is_taken_from_edge_to_edge_on_white():
    data = png(picture(600, margin=90, background=(255, 250, 248, 255)))
    found = raster(data, 42, sha256_hex(data))
    assert (found.width, found.height) == (600, 600)
    samples = Image.frombytes("RGB", (600, 600), zlib.decompress(found.deflated))
    assert samples.getpixel((5, 5)) == (255, 255, 255)
    assert samples.getpixel((300, 2)) == (220, 20, 20)


def test_a_large_one_is_made_smaller():
    data = png(picture(2400))
    found = raster(data, 42, sha256_hex(data))
    assert (found.width, found.height) == (KEPT_PIXELS, KEPT_PIXELS)


def test_another_file_than_the_registry_names_is_not_used():
    with pytest.raises(SealImageError, match="改动"):
        raster(png(picture()), 42, "00" * 32)
