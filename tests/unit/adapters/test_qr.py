"""QR codes: read back by another library, the same each time, never too fine for paper."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image

from docsvc.adapters.qr import LARGEST, PIXELS, QUIET, SegnoCodes
from docsvc.domain.errors import SetupError

ADDRESS = "https://docsvc.example/d/00000000-0000-0000-0000-000000000000"


def picture(text: str) -> Image.Image:
    return Image.open(io.BytesIO(SegnoCodes().png(text)))


def test_another_reader_reads_it():
    (found,) = zxingcpp.read_barcodes(picture(ADDRESS).convert("L"))
    assert found.text == ADDRESS
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert found.ec_level == "M"


def test_it_is_black_and_white_with_a_quiet_zone():
    image = picture(ADDRESS)
    assert image.mode == "1"
    quiet = QUIET * PIXELS
    black = image.convert("L").point(lambda value: 255 - value).getbbox()
    assert black == (quiet, quiet, image.width - quiet, image.height - quiet)
    assert image.width == image.height


def test_the_same_text_is_the_same_picture():
    assert SegnoCodes().png(ADDRESS) == SegnoCodes().png(ADDRESS) != SegnoCodes().png(ADDRESS + "0")


@pytest.mark.parametrize(("length", "level"), [(331, "M"), (332, "L")])
def test_less_is_mended_only_where_there_is_no_room(length, level):
    """331 bytes are what version 13 holds at level M."""
    (found,) = zxingcpp.read_barcodes(picture("x" * length).convert("L"))
    assert (found.text, found.ec_level) == ("x" * length, level)


def test_digits_at_the_end_take_less_room():
    digits = "0123456789" * 30
    (found,) = zxingcpp.read_barcodes(picture(ADDRESS + "#" + digits).convert("L"))
    assert found.text == ADDRESS + "#" + digits
    assert picture(ADDRESS + "#" + digits).width < picture(ADDRESS + "#" + digits[:-100] + "x").width


def test_what_paper_can_not_show_is_refused_with_what_to_do():
    longest = "x" * 425  # bytes that version 13 holds at level L (ISO/IEC 18004 table 7)
    assert picture(longest).width == (17 + 4 * LARGEST + 2 * QUIET) * PIXELS
    with pytest.raises(SetupError, match="DOCSVC_PUBLIC_URL"):
        SegnoCodes().png(longest + "x")
    with pytest.raises(SetupError, match="DOCSVC_PUBLIC_URL"):
        SegnoCodes().png("x" * 10_000)
