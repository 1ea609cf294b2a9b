"""A seal as its operator's picture shows it: at its diameter, one picture however often it is shown, signed."""

from __future__ import annotations

import dataclasses
import io

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pki.folder import describe
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.errors import SealError
from docsvc.domain.verdict import Indication
from tests.integration.sealing.test_sealer import verdict
from tests.support.seal_pictures import picture, png
from tests.support.sealing import AGENCY, SONG, plain_pdf

pytestmark = pytest.mark.usefixtures("rsa_authorities")
PNG = png(picture(700, margin=40))
DPI = 300


def sealer(keys, found=PNG):
    return PadesSealer(
        FolderKeys(keys), [SONG], [describe(keys).tsa_url], images={sha256_hex(PNG): found}.__getitem__
    )


def slot(diameter_mm=42, **place):
    design = dataclasses.replace(AGENCY.seal, diameter_mm=diameter_mm, image=sha256_hex(PNG))
    return Slot(SealPlace(0, 300, 420, **place), design)


def red(image):
    return image.point(lambda v: 255 * (v < 128)).split()[1]


def page_of(pdf, number=0):
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    image = document[number].render(scale=DPI / 72, may_draw_forms=True).to_pil().convert("RGB")
    document.close()
    return image


@pytest.mark.parametrize("diameter", [42, 45])
def test_it_is_drawn_at_its_diameter_and_the_signature_holds(rsa_keys, diameter):
    pdf, achieved, why = sealer(rsa_keys).seal(plain_pdf(), [slot(diameter)], Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert verdict(pdf, rsa_keys).indication is Indication.PASSED
    left, top, right, bottom = red(page_of(pdf)).getbbox()
    assert [v / DPI * 25.4 for v in (right - left, bottom - top)] == pytest.approx([diameter] * 2, abs=0.2)
    assert (left + right) / 2 == pytest.approx(300 / 72 * DPI, abs=2)


def test_the_development_mark_stands_on_it_too(rsa_keys):
    pdf, *_ = sealer(rsa_keys).seal(plain_pdf(), [slot()], Level.B_B)
    page = page_of(pdf)
    x, y = 300 / 72 * DPI, page.height - (420 - 10.4 * 72 / 25.4) / 72 * DPI
    mark = red(page).crop((round(x - 60), round(y - 15), round(x + 60), round(y + 15)))
    assert mark.histogram()[255] > 500


def test_all_pages_share_one_picture(rsa_keys):
    pdf, *_ = sealer(rsa_keys).seal(plain_pdf(4), [slot(across_pages=True)], Level.B_LTA)
    assert verdict(pdf, rsa_keys).indication is Indication.PASSED
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        pictures = [o for o in opened.objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"]
        assert len(pictures) == 1
        assert "/SMask" not in pictures[0]
        assert pictures[0].ColorSpace == "/DeviceRGB"  # ISO 19005-2, 6.2.4.3: with the output intent of sRGB
        assert "/Interpolate" not in pictures[0]
    side, whole = round(42 / 25.4 * DPI), 0
    for number in range(4):
        page = page_of(pdf, number)
        strip = page.crop(
            (page.width - side // 4, (page.height - side) // 2, page.width, (page.height + side) // 2)
        )
        whole += red(strip).histogram()[255]
    drawn = red(Image.open(io.BytesIO(png(picture(side, background=(255, 255, 255, 255)))))).histogram()[255]
    assert whole == pytest.approx(drawn, rel=0.1)


def test_an_altered_picture_is_no_seal(rsa_keys):
    with pytest.raises(SealError, match="改动"):
        sealer(rsa_keys, png(picture(701))).seal(plain_pdf(), [slot()], Level.B_B)
