"""Seals of several agencies on their pages, measured in Poppler's text layer (GB/T 9704-2012, 7.3.5.1)."""

from __future__ import annotations

import dataclasses
import io
import math
import subprocess
from itertools import combinations

import pikepdf
import pytest

from docsvc.adapters.pages import PdfPages
from docsvc.adapters.pki.authorities import Authorities
from docsvc.domain.document import LaidOut, Level
from docsvc.domain.phrases import date
from docsvc.pipeline.seal import signature_slots
from tests.conformance.sealing.test_place import A4, MM, OFF
from tests.support.drafts import sample
from tests.support.printed import lines_of, words_of
from tests.support.sealing import agency, make_pki, sealer_for

pytestmark = [pytest.mark.office, pytest.mark.judge]
LEFT, TOP, RIGHT, BOTTOM, LINE = A4
LONG = (
    "舟山市示例区市场监督管理局",
    "舟山市示例区综合行政执法局",
    "舟山市示例区自然资源和规划局",
    "舟山市示例区人力资源和社会保障局",
    "舟山市示例区农业农村和水利渔业发展保障管理委员会",
    "舟山市示例区生态环境局",
)
SHORT = ("示例区公安分局", "示例区教育局", "示例区财政局", "示例区交通局", "示例区农业局", "示例区卫健局")
CASES = [
    *(
        (LONG[:count], (42, 45), lines)
        for count, lines in ((2, 1), (2, 9), (3, 4), (4, 1), (4, 12), (6, 3), (6, 15))
    ),
    (LONG[4:], (42,), 5),
    (LONG[:5], (45,), 7),
    *((SHORT[:count], (45, 42), 2) for count in (3, 4, 6)),
]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    names = dict.fromkeys((*LONG, *SHORT))
    agencies = [agency(n, name) for n, name in enumerate(names, 1)]
    folder = make_pki(tmp_path_factory.mktemp("joint") / "dev", agencies=agencies)
    with Authorities(folder):
        yield folder, {a.name: a for a in agencies}


def joint_case(known, names, diameters, lines):
    """A notice of agencies with these names, whose reason takes so many lines."""
    case = sample(
        "interview_notice",
        lambda c: c["body"].update(mode="joint", agencies=list(names), reason="\n".join(["示例。"] * lines)),
    )
    sized = [
        dataclasses.replace(
            known[n], seal=dataclasses.replace(known[n].seal, diameter_mm=diameters[i % len(diameters)])
        )
        for i, n in enumerate(names)
    ]
    return dataclasses.replace(case, joint=tuple(sized))


def seal_boxes(path):
    """Page and (middle x, middle y, radius) of each visible signature, from the top left, in order."""
    with pikepdf.open(io.BytesIO(path.read_bytes())) as pdf:
        for field in pdf.Root.AcroForm.Fields:
            left, low, right, high = map(float, field.Rect)
            if left == right:
                continue
            page = next(
                n for n, p in enumerate(pdf.pages) if field.objgen in {a.objgen for a in p.get("/Annots", ())}
            )
            height = float(pdf.pages[page].MediaBox[3])
            yield page, ((left + right) / 2, height - (low + high) / 2, (right - left) / 2)


@pytest.mark.slow
@pytest.mark.parametrize(("names", "diameters", "lines"), CASES)
def test_each_seal_is_centred_on_its_own_name_and_the_last_presses_the_date(
    press, pki, names, diameters, lines, request
):
    folder, known = pki
    case = joint_case(known, names, diameters, lines)
    path = press(case, f"joint-{request.node.callspec.indices['names']}")
    slots = signature_slots(LaidOut(path.read_bytes(), "", 1), case, PdfPages())
    path.write_bytes(sealer_for(folder).seal(path.read_bytes(), slots, Level.B_B)[0])
    found = list(seal_boxes(path))
    assert len(found) == len(names)
    (page,) = {page for page, _ in found}
    boxes = [box for _, box in found]
    assert [2 * r for _, _, r in boxes] == pytest.approx([a.seal.diameter_mm * MM for a in case.joint], abs=0.1)
    printed, words = (
        [li for li in read(path) if li.page == page and TOP - 2 < li.y0 < BOTTOM] for read in (lines_of, words_of)
    )
    for name, (x, y, r) in zip(names, boxes, strict=True):
        mine = [w for w in words if abs(w.middle - x) < MM and y - r < w.y0 < w.y1 < y + r and w.text in name]
        assert "".join(w.text for w in mine) == name, (name, mine)
        assert all(w.middle == pytest.approx(x, abs=OFF) for w in mine)
        assert 0 < (mine[-1].y0 + mine[-1].y1) / 2 - y < 5 * MM  # 居中下压
    for (x, y, r), (u, v, q) in combinations(boxes, 2):
        assert math.hypot(x - u, y - v) > r + q + 1.5 * MM
    for x, y, r in boxes:
        assert LEFT - OFF < x - r < x + r < RIGHT + OFF
        assert y + r < BOTTOM + OFF
    day = next(w for w in words[::-1] if w.text == date(case.case.issue_date))
    x, y, r = boxes[-1]
    assert day.middle == pytest.approx(x, abs=OFF)
    assert y < day.y0 < day.y1 < y + r
    # 上距正文一行之内, with at least two lines of text on the page
    first_row = min(y for _, y, _ in boxes)
    top = min(y - r for _, y, r in boxes if abs(y - first_row) < 1)
    text = [li for li in printed if li.y1 < top + OFF]
    assert len(text) >= 2
    assert -OFF < top - max(li.y1 for li in text) < LINE


def test_judges_accept_every_seal_of_a_joint_notice(press, pki):
    folder, known = pki
    case = joint_case(known, LONG[:3], (42, 45), 2)
    path = press(case, "joint-judged")
    slots = signature_slots(LaidOut(path.read_bytes(), "", 1), case, PdfPages())
    pdf, achieved, why = sealer_for(folder).seal(path.read_bytes(), slots, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    path.write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, check=False, text=True)
    assert done.stdout.count("Signature is Valid.") == 3
    assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0
