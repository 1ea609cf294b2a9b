"""The QR code on the printed page: another reader finds it, in its corner, and it stands on nothing."""

from __future__ import annotations

import io
import re
import subprocess

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from docsvc.domain.phrases import date
from docsvc.domain.scan import printed_facts
from docsvc.domain.verdict import Indication
from docsvc.usecases.check_scan import check_scan
from tests.support.drafts import PUBLIC, accepted, in_layout, looks
from tests.support.printed import lines_of
from tests.support.scan_keys import scan_signer

pytestmark = [pytest.mark.office, pytest.mark.judge]

MM = 72 / 25.4


class OurKey:
    """Ed25519 is deterministic: a signature holds if signing again gives it."""

    def holds(self, key_id, message, signature):
        return scan_signer().sign(message) == signature if key_id == scan_signer().key_id else None


def page_picture(pdf, page, dpi):
    target = pdf.with_name(f"{pdf.stem}-{page}-{dpi}")
    command = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-gray", "-singlefile", pdf, target]
    subprocess.run(command, check=True)
    return Image.open(target.with_suffix(".pgm"))


@pytest.fixture(scope="module")
def printed(press):
    return {
        (path, layout): press(
            in_layout(accepted(path), layout), f"scan-{path.parent.parent.name}-{path.stem}-{layout}"
        )
        for path, layout in LOOKS
    }


LOOKS = looks()
each_look = pytest.mark.parametrize(
    ("path", "layout"), LOOKS, ids=[f"{path.parent.parent.name}-{path.stem}-{layout}" for path, layout in LOOKS]
)
# Lower right corner of the code's black part, and its side with the white border of 4 modules of 69; millimetres.
PLACE = {
    "letter": (210 - 26, 4 + 24 - 1.4, 24),
    "narrow-58": (29 + 20 - 2.3, 9 + 40 - 2.3, 40),
    "narrow-80": (40 + 20 - 2.3, 9 + 40 - 2.3, 40),
}
UPPER_RIGHT = (210 - 26, 34, 24)


@each_look
@pytest.mark.parametrize("dpi", [150, 300])
def test_it_leads_to_this_document_and_says_its_facts(printed, path, layout, dpi):
    (found,) = zxingcpp.read_barcodes(page_picture(printed[path, layout], 1, dpi))
    assert found.text.startswith(f"{PUBLIC}/d/{accepted(path).document_id}#")
    assert check_scan(found.text, OurKey(), printed_facts(accepted(path))).indication is Indication.PASSED
    assert found.ec_level == "M"
    # Upper right, over the act code: its black part ends where the lines end.
    corner = found.position.bottom_right
    place = PLACE.get(layout, UPPER_RIGHT)[:2]
    assert (corner.x, corner.y) == pytest.approx([mm / 25.4 * dpi for mm in place], abs=0.5 / 25.4 * dpi)


@each_look
def test_every_fact_that_is_signed_can_be_read_on_the_paper(printed, path, layout):
    text = subprocess.run(
        ["pdftotext", printed[path, layout], "-"], capture_output=True, text=True, check=True
    ).stdout
    case = accepted(path)
    facts = {**printed_facts(case), "issue_date": date(case.case.issue_date)}
    assert [name for name, value in facts.items() if value not in "".join(text.split())] == []


@each_look
@pytest.mark.parametrize("dpi", [150, 200])
def test_a_bad_copy_is_read_as_well(printed, path, layout, dpi):
    """Crooked, photographed once at a coarser grid, and squeezed by a messenger."""
    page = page_picture(printed[path, layout], 1, 600)
    page = page.crop((0 if layout.startswith("narrow") else page.width // 2, 0, page.width, page.height // 4))
    for angle in (1.5, -4, 12, 90, 180):
        turned = page.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
        small = turned.resize([round(side * dpi / 600) for side in turned.size], Image.Resampling.BOX)
        squeezed = io.BytesIO()
        small.save(squeezed, "JPEG", quality=50)
        (found,) = zxingcpp.read_barcodes(Image.open(squeezed))
        assert found.text.startswith(f"{PUBLIC}/d/{accepted(path).document_id}#"), angle


@each_look
def test_it_is_on_the_first_page_alone_and_no_text_stands_on_it(printed, path, layout):
    pdf = printed[path, layout]
    rows = subprocess.run(["pdfimages", "-list", pdf], capture_output=True, text=True, check=True).stdout
    assert [row.split()[0] for row in rows.splitlines()[2:]] == ["1"]
    right, bottom, side = (mm * MM for mm in PLACE.get(layout, UPPER_RIGHT))
    border = side * 4 / 69
    right, bottom = right + border, bottom + border
    left, top = right - side, bottom - side
    for line in lines_of(pdf):
        if line.page == 0:
            assert line.x1 < left or line.x0 > right or line.y1 < top or line.y0 > bottom, line


@each_look
def test_whoever_can_not_see_it_is_told(printed, path, layout):
    with pikepdf.open(printed[path, layout]) as pdf:
        figures = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"]
        told = [str(figure.Alt) for figure in figures if "/Alt" in figure]
        imprint = ["版记"] if layout == "doc" else []  # red lines are decoration
        assert sorted(told) == sorted(
            [*imprint, f"二维码，扫描可查看本文书的状态：{PUBLIC}/d/{accepted(path).document_id}"]
        )
        assert pdf.Root.MarkInfo.Marked


@each_look
def test_the_text_holds_no_foreign_characters(printed, path, layout):
    text = subprocess.run(
        ["pdftotext", printed[path, layout], "-"], capture_output=True, text=True, check=True
    ).stdout
    assert not re.findall("[\u200b-\u200f\u2060-\u2064\ufeff\ufffc-\uffff]", text)
