"""The cross-page seal on signed pages, as Poppler and PDFium draw it and other judges see it."""

from __future__ import annotations

import datetime as dt
import io
import subprocess

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops

from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, sealer_for

pytestmark = [pytest.mark.judge, pytest.mark.usefixtures("rsa_authorities")]
A4, A3 = (595, 842), (842, 1191)
DPI = 288
ZOOM = DPI / 72
SIDE = round(42 * 72 / 25.4 * ZOOM)
PLACE = SealPlace(0, 200, 200, across_pages=True)
MIXED = [(A4, 0), (A3, 0), (A4, 90), (A4, 180), (A3, 270)]


def paper(sheets, *, shared=False, crop=None):
    """Pages of some size, turned by some angle, each with content that leaves its matrix changed."""
    with pikepdf.new() as pdf:
        resources = pdf.make_indirect(pikepdf.Dictionary(XObject=pikepdf.Dictionary()))
        for size, turn in sheets:
            page = pdf.add_blank_page(page_size=size)
            page.obj.Contents = pdf.make_stream(b"2 0 0 2 30 40 cm")
            if turn:
                page.obj.Rotate = turn
            if shared:
                page.obj.Resources = resources
            if crop:
                page.obj.CropBox = crop
        out = io.BytesIO()
        pdf.save(out, min_version="1.7", deterministic_id=True)
        return out.getvalue()


def sealed(keys, sheets, level=Level.B_B, **options):
    return sealer_for(keys).seal(paper(sheets, **options), [Slot(PLACE, AGENCY.seal)], level)[0]


def poppler(pdf, folder):
    (folder / "in.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", str(DPI), "-png", folder / "in.pdf", folder / "page"], check=True)
    for path in sorted(folder.glob("page-*.png")):
        with Image.open(path) as image:
            yield image.convert("RGB")


def pdfium(pdf, _):
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    for page in document:
        yield page.render(scale=ZOOM, may_draw_forms=True).to_pil().convert("RGB")
    document.close()


def joined(pages, group):
    """The strips at the right edges, side by side: what a fan of the pages shows."""
    whole = Image.new("RGB", (SIDE, SIDE), "white")
    edges = [round(SIDE * n / group) for n in range(group + 1)]
    for page, left, right in zip(pages, edges, edges[1:], strict=False):
        top = (page.height - SIDE) // 2
        strip = page.crop((page.width - (right - left), top, page.width, top + SIDE))
        whole.paste(strip, (left, 0))
    return whole


def red(image):
    """Number of red pixels: strong in red, weak in green."""
    strong, weak, _ = image.split()
    both = ImageChops.darker(strong.point(lambda v: 255 * (v > 150)), weak.point(lambda v: 255 * (v < 120)))
    return both.histogram()[255]


def difference(one, two):
    """Share of pixels that differ by more than a hair's width of the edges explains."""
    grey = ImageChops.difference(one, two).convert("L").point(lambda v: 255 if v > 128 else 0)
    return grey.histogram()[255] / red(two)


def main_seal(page):
    x, y, half = PLACE.x * ZOOM, page.height - PLACE.y * ZOOM, SIDE / 2
    left, top = round(x - half), round(y - half)
    return page.crop((left, top, left + SIDE, top + SIDE))


@pytest.mark.parametrize("draw", [poppler, pdfium])
@pytest.mark.parametrize(
    "sheets", [[(A4, 0)] * 2, [(A4, 0)] * 3, [(A4, 0)] * 10, MIXED], ids=["two", "three", "ten", "mixed"]
)
def test_the_strips_of_all_pages_make_the_whole_seal(rsa_keys, tmp_path, draw, sheets):
    pages = list(draw(sealed(rsa_keys, sheets), tmp_path))
    whole, one = joined(pages, len(sheets)), main_seal(pages[0])
    assert red(whole) == pytest.approx(red(one), rel=0.03)
    assert difference(whole, one) < 0.12
    assert difference(joined([pages[1], pages[0], *pages[2:]], len(sheets)), one) > 0.25  # exchanged pages show it
    for page in pages[1:]:  # nothing of it anywhere else on the page
        width = SIDE // len(sheets) + 2
        assert red(page.crop((0, 0, page.width - width, page.height))) == 0


def test_many_pages_make_groups_with_a_whole_seal_each(rsa_keys, tmp_path):
    pages = list(pdfium(sealed(rsa_keys, [(A4, 0)] * 12), tmp_path))
    one = main_seal(pages[0])
    for group in (pages[:6], pages[6:]):
        assert difference(joined(group, 6), one) < 0.12


@pytest.mark.parametrize("options", [{"shared": True}, {"crop": [40, 50, 500, 700]}], ids=["resources", "crop box"])
def test_shared_resources_and_a_crop_box_change_nothing(rsa_keys, tmp_path, options):
    pages = list(pdfium(sealed(rsa_keys, [(A4, 0)] * 3, **options), tmp_path))
    plain = list(pdfium(sealed(rsa_keys, [(A4, 0)] * 3), tmp_path))
    assert difference(joined(pages, 3), joined(plain, 3)) < 0.12


def test_it_stands_under_the_one_signature_and_the_judges_agree(rsa_keys, tmp_path):
    pdf = sealed(rsa_keys, MIXED, Level.B_LTA)
    assert pdf.startswith(paper(MIXED))
    (tmp_path / "sealed.pdf").write_bytes(pdf)
    checked = subprocess.run(
        ["qpdf", "--check", tmp_path / "sealed.pdf"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with pikepdf.open(io.BytesIO(pdf)) as document:
        kinds = [str(field.V.Type) for field in document.Root.AcroForm.Fields]
        assert kinds == ["/Sig", "/DocTimeStamp"]
        pictures = {page.Resources.XObject.SealAcrossPages.objgen for page in document.pages}
        assert len(pictures) == 1  # one picture in the file, drawn in slices
    now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    assert PdfVerifier([rsa_keys / "root.pem"], isolated=False).verify(pdf, now).indication is Indication.PASSED


def test_a_single_page_bears_the_seal_alone(rsa_keys):
    with pikepdf.open(io.BytesIO(sealed(rsa_keys, [(A4, 0)]))) as document:
        assert "/XObject" not in document.pages[0].get("/Resources", {})
