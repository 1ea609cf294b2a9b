"""What a signature by hand shows, and which pictures and texts are refused."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from PIL import Image

from docsvc.adapters.pades.mark_art import draw_mark, handwriting
from docsvc.adapters.pades.outlines import Outline
from docsvc.domain.envelope import Mark
from docsvc.domain.errors import SealError
from tests.support.envelopes import handwriting as pad

SQUARE = b"0 0 m\n1000 0 l\n1000 1000 l\nh"


def outlines(text):
    """Chinese characters a whole em wide, others half."""
    wide = {c: 1000 if c > "\u2000" else 500 for c in text}
    return {c: Outline(b"" if c == " " else SQUARE, w / 2, 380, 1000) for c, w in wide.items()}


def png(picture):
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def drawn(mark, width=170, height=31, *, development=False):
    ink = handwriting(mark.picture) if mark.picture else None
    made = draw_mark(mark, ink, width, height, outlines, development=development)
    return made, zlib.decompress(made.deflated).decode()


def test_ink_is_trimmed_and_black_on_white():
    ink = handwriting(pad(600, 240))
    assert ink.width < 600
    assert ink.height < 240
    samples = zlib.decompress(ink.deflated)
    assert len(samples) == 3 * ink.width * ink.height
    assert samples[::3] == samples[1::3] == samples[2::3]
    assert min(samples) < 10
    assert max(samples) == 255


def test_large_ink_is_made_smaller():
    ink = handwriting(pad(2900, 900))
    assert max(ink.width, ink.height) == 1000


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (b"", "不是 PNG"),
        (b"GIF89a", "不是 PNG"),
        (pad()[:-20], "手写签名的图片不能使用"),
        (pad() + b"more", "手写签名的图片不能使用"),
        (pad()[:8] + chunk(b"zTXt", b"x") + pad()[8:], "不接受的数据块"),
        (png(Image.new("RGB", (100, 100), "white")), "空白"),
        (png(Image.new("RGBA", (100, 100), (0, 0, 0, 0))), "空白"),
        (png(Image.new("RGB", (100, 100), "black")), "涂黑"),
        (png(Image.new("L", (4000, 10), 0)), "图片过大"),
        (png(Image.new("RGB", (5, 5), "black")), "太小"),
        (
            pad()[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 6, 0, 0, 0)) + pad()[33:],
            "过大",
        ),
        (bytes(2_000_000), "过大"),
    ],
)
def test_what_is_no_handwriting_is_refused(picture, said):
    with pytest.raises(SealError, match=said):
        handwriting(picture)


def test_the_picture_keeps_its_proportions_and_stays_in_the_box():
    made, operators = drawn(Mark(pad(600, 240)))
    wide, high, left, bottom = map(
        float, re.search(r"q ([\d.]+) 0 0 ([\d.]+) ([\d.]+) ([\d.]+) cm /Picture", operators).groups()
    )
    assert made.image is not None
    assert wide / high == pytest.approx(made.image.width / made.image.height, rel=0.01)
    assert left >= 0
    assert bottom >= 0
    assert left + wide <= 170
    assert bottom + high <= 31.01
    assert (made.side, made.high) == (170, 31)


def placed(operators):
    """(size, x, y) of each character."""
    return [
        (float(a) * 1000, float(x), float(y))
        for a, x, y in re.findall(r"q ([\d.]+) 0 0 [\d.]+ ([\d.]+) (-?[\d.]+) cm\n0 0 m", operators)
    ]


def test_a_name_without_picture_stands_large_and_the_rest_small_beside_it():
    _, operators = drawn(Mark(None, ("陈测甲", "执法证号 TEST33099900001", "2026-11-25 18:03 数字签名")))
    chars = placed(operators)
    name, rest = chars[:3], chars[3:]
    assert name[0][0] > 12
    assert 5 <= rest[0][0] <= 8
    assert all(x < 85 for _, x, _ in name)
    assert all(x >= 85 and x + size <= 170.1 for size, x, _ in rest)
    assert len({y for *_, y in rest}) == 2


def test_picture_and_lines_do_not_touch():
    _, operators = drawn(Mark(pad(600, 240), ("陈测甲", "2026-11-25")))
    wide, left = map(float, re.search(r"q ([\d.]+) 0 0 [\d.]+ ([\d.]+) [\d.]+ cm /Picture", operators).groups())
    assert all(x > left + wide for _, x, _ in placed(operators))


def test_in_a_narrow_box_lines_stand_under_the_picture():
    _, operators = drawn(Mark(pad(600, 240), ("陈测甲",)), 60, 40)
    bottom = float(re.search(r"[\d.]+ ([\d.]+) cm /Picture", operators)[1])
    assert all(y < bottom for *_, y in placed(operators))


def test_a_note_is_broken_into_lines_and_numbers_stay_whole():
    note = "被约谈人拒绝签名。理由：被约谈人认为无须签名。见证人：钱见证。TEST33099900001 见证"
    _, operators = drawn(Mark(None, (note,)))
    rows = {}
    for size, x, y in placed(operators):
        rows.setdefault(round(y), []).append((x, size))
    assert len(rows) > 1
    assert all(x + size <= 170.1 for row in rows.values() for x, size in row)


def test_a_text_that_does_not_fit_or_says_nothing_is_refused():
    for mark, said in (
        (Mark(None, ("甲" * 300,)), "放不下"),
        (Mark(None, ("甲" * 500,)), "过长"),
        (Mark(None, ()), "没有可显示"),
        (Mark(None, (" ",)), "没有可显示"),
    ):
        with pytest.raises(SealError, match=said):
            drawn(mark)


def test_development_keys_say_so_in_the_corner():
    _, plain = drawn(Mark(None, ("陈测甲",)))
    _, marked = drawn(Mark(None, ("陈测甲",)), development=True)
    assert len(placed(marked)) == len(placed(plain)) + 2
    assert all(x >= 160 for _, x, _ in placed(marked)[:2])
