"""Where the seal stands on signed pages: 居中下压 (GB/T 9704-2012 7.3.5.5), measured in Poppler's text layer."""

from __future__ import annotations

import dataclasses
import io

import pikepdf
import pytest

from docsvc.adapters.pages import PdfPages
from docsvc.domain.document import Level, Slot
from docsvc.domain.phrases import date
from tests.support.drafts import sample
from tests.support.printed import lines_of
from tests.support.sealing import make_pki, sealer_for

pytestmark = [pytest.mark.office, pytest.mark.judge]
MM = 72 / 25.4
LEFT, RIGHT, TOP, BOTTOM = 28 * MM, (210 - 26) * MM, 37 * MM, (297 - 35) * MM  # the type area, from the top left
LINE = 28.95
OFF = 0.5 * MM

# Each way to make a text longer, so that the sign-off comes to stand on every line of a page.
GROWING = {
    "advice": lambda c, lines: c["body"].update(problem=lines),
    "reminder": lambda c, lines: c["body"].update(consequence=lines),
    "interview_notice": lambda c, lines: c["body"].update(reason=lines),
    "interview_record": lambda c, lines: c["body"]["qa"].append({"q": "还有吗？", "a": lines}),
    "no_penalty_decision": lambda c, lines: c["body"].update(facts=lines),
    "termination_notice": lambda c, lines: c["body"]["reason"].update(detail=lines),
}


@pytest.fixture(scope="module")
def sealed(press, tmp_path_factory):
    """A case, pressed and sealed: the file, and the seal's page and rectangle from the top left."""
    folder = tmp_path_factory.mktemp("place")
    kept = {}

    def seal(case, name):
        design = case.agency.seal
        if case.agency.name not in kept:
            kept[case.agency.name] = sealer_for(make_pki(folder / f"dev{len(kept)}", agencies=[case.agency]))
        path = press(case, name)
        place = PdfPages().seal_place(
            path.read_bytes(), case.agency.name, date(case.case.issue_date), design.diameter_mm
        )
        path.write_bytes(kept[case.agency.name].seal(path.read_bytes(), [Slot(place, design)], Level.B_B)[0])
        return path

    return seal


def seal_box(path):
    """Page and (left, top, right, bottom) of the visible signature."""
    with pikepdf.open(io.BytesIO(path.read_bytes())) as pdf:
        field = pdf.Root.AcroForm.Fields[0]
        page = next(n for n, p in enumerate(pdf.pages) if field.objgen in {a.objgen for a in p.get("/Annots", ())})
        left, low, right, high = map(float, field.Rect)
        height = float(pdf.pages[page].MediaBox[3])
        return page, (left, height - high, right, height - low)


@pytest.mark.slow
@pytest.mark.usefixtures("rsa_authorities")
@pytest.mark.parametrize("name", sorted(GROWING))
def test_the_seal_presses_name_and_date_under_the_text_and_keeps_within_the_type_area(sealed, name):
    heights = set()
    for count in range(1, 23, 1 if name in {"advice", "no_penalty_decision"} else 3):
        case = sample(name, lambda c, count=count: GROWING[name](c, "\n".join(["示例。"] * count)))
        design = dataclasses.replace(case.agency.seal, diameter_mm=45 if count % 2 else 42)
        case = dataclasses.replace(case, agency=dataclasses.replace(case.agency, seal=design))
        path = sealed(case, f"place-{name}-{count}")
        page, (left, top, right, bottom) = seal_box(path)
        x, y, radius = (left + right) / 2, (top + bottom) / 2, (right - left) / 2
        assert 2 * radius == pytest.approx(case.agency.seal.diameter_mm * MM, abs=0.1)
        lines = [line for line in lines_of(path) if line.page == page and TOP - 2 < line.y0 < BOTTOM]
        issued = date(case.case.issue_date)
        day = next(li for li in lines if li.text == issued and abs(li.middle - x) < OFF)
        signed = next(li for li in lines if li.text == case.agency.name and 0 < day.y0 - li.y0 < 1.5 * LINE)
        assert signed.middle == pytest.approx(x, abs=OFF)
        # 居印章中心偏下位置: their middle lies below the centre by a little, and both under the seal.
        assert (signed.y0 + day.y1) / 2 - y == pytest.approx(5 * MM, abs=OFF)
        assert top < signed.y0 < day.y1 < bottom
        # 上距正文一行之内
        text = max(line.y1 for line in lines if line.y0 < signed.y0 - LINE / 2)
        assert -OFF < top - text < LINE
        assert left > LEFT - OFF
        assert right < RIGHT + OFF
        assert bottom < BOTTOM + OFF, (count, bottom / MM)
        heights.add(round(y))
    assert len(heights) > 3, "no text was long enough to move the seal"


@pytest.mark.usefixtures("rsa_authorities")
def test_a_name_longer_than_a_line_takes_two_under_the_same_seal(sealed):
    name = "舟山市示例区农业农村和水利渔业发展保障管理委员会综合行政执法大队直属第一中队"
    case = sample("advice")
    design = dataclasses.replace(case.agency.seal, name=name, id="LONG")
    case = dataclasses.replace(case, agency=dataclasses.replace(case.agency, name=name, seal=design))
    path = sealed(case, "place-long-name")
    page, (left, top, right, bottom) = seal_box(path)
    lines = [line for line in lines_of(path) if line.page == page and TOP - 2 < line.y0 < BOTTOM]
    first, second, day = next(
        three for three in zip(lines, lines[1:], lines[2:], strict=False) if three[0].text + three[1].text == name
    )
    assert day.text == date(case.case.issue_date)
    assert top < first.y0 < day.y1 < bottom
    assert all(line.middle == pytest.approx((left + right) / 2, abs=OFF) for line in (first, second, day))
    text = max(line.y1 for line in lines if line.y0 < first.y0 - LINE / 2)
    assert -OFF < top - text < LINE
    assert LEFT - OFF < left < right < RIGHT + OFF
    assert LEFT - OFF < first.x0 < first.x1 < RIGHT + OFF
