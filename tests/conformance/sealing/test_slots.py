"""Where people sign each type that names signatories: every sample, in every layout of its type, has the room."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from contextlib import closing

import pypdfium2
import pytest

from docsvc.adapters.pades.examination import examine
from docsvc.adapters.pages import PdfPages
from docsvc.adapters.pages.lines import POINTS_PER_MM, lines_of
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import LaidOut, Level, Signing
from docsvc.domain.envelope import Role, label_pattern, signatories
from docsvc.domain.verdict import Indication
from docsvc.pipeline.seal import signature_slots
from tests.support.drafts import accepted, agencies, doc_type, in_layout, sample, samples
from tests.support.envelopes import OFFICERS, go_round, person
from tests.support.sealing import make_pki, sealer_for

pytestmark = pytest.mark.office


def signed():
    """Every sample that somebody signs, in each layout of its type."""
    for path in samples():
        kind = doc_type(path.parent.parent.name)
        if signatories(kind.manifest.signatures, json.loads(path.read_text())):
            for layout in kind.layout_names:
                yield pytest.param(path, layout, id=f"{kind.manifest.doc_type}-{path.stem}-{layout}")


def laid_out(press, case):
    """The PDF before anyone signs, who signs it, and where."""
    case = dataclasses.replace(case, signing=Signing.ENVELOPE)
    name = f"slots-{case.case.doc_type}-{case.case.body.get('stage')}-{case.doc_type.layout}"
    pdf = PdfPages().complete(press(case, name).read_bytes())
    who = signatories(case.doc_type.manifest.signatures, case.case.data)
    return pdf, who, PdfPages().blanks(pdf, who)


def test_which_types_go_round():
    walked = {param.values[0].parent.parent.name for param in signed()}
    assert walked >= {"interview_record", "commitment", "followup_record", "delivery_receipt"}


@pytest.mark.parametrize(("path", "layout"), list(signed()))
def test_each_has_a_blank_of_their_own_free_of_text_and_on_the_page(press, path, layout):
    pdf, who, blanks = laid_out(press, in_layout(accepted(path), layout))
    assert [blank.field for blank in blanks] == [one.field for one in who]
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        pages = [(page.get_mediabox(), lines_of(page)) for page in document]
    for one, blank in zip(who, blanks, strict=True):
        anchors = [one.anchor, *[one.every_page] * (len(blank.boxes) - 1)]
        for box, anchor in zip(blank.boxes, anchors, strict=True):
            edges, lines = pages[box.page]
            assert box.height >= 9.5 * POINTS_PER_MM, box
            assert box.width >= 30 * POINTS_PER_MM, box
            assert edges[0] <= box.left <= box.left + box.width <= edges[2]
            assert edges[1] <= box.bottom <= box.bottom + box.height <= edges[3]
            assert not [line.text for line in lines if covers(box, line)], box
            own = next(line.text for line in reversed(lines) if line.middle > box.bottom)
            assert label_pattern(anchor).match(own), (anchor, own)
    boxes = [box for blank in blanks for box in blank.boxes]
    assert not [pair for pair in itertools.combinations(boxes, 2) if meet(*pair)]


def covers(box, line):
    """Would a mark in the box hide characters of the line?"""
    low, high = max(box.bottom, line.bottom), min(box.bottom + box.height, line.top)
    return high - low > 2 and any(left < box.left + box.width and box.left < right for left, right in line.spans)


def meet(one, other):
    return (
        one.page == other.page
        and min(one.bottom + one.height, other.bottom + other.height) - max(one.bottom, other.bottom) > 0.01
        and min(one.left + one.width, other.left + other.width) - max(one.left, other.left) > 0.01
    )


@pytest.mark.judge
def test_a_commitment_goes_round(press, tmp_path):
    """The party by hand, then both officers, then the seal."""
    folder = make_pki(tmp_path / "dev", agencies=agencies().values())
    case = sample("commitment")
    pdf, who, blanks = laid_out(press, case)
    assert [(one.role, one.name) for one in who] == [
        (Role.PARTY, "林示例"),
        (Role.OFFICER, "陈测甲"),
        (Role.OFFICER, "王测乙"),
    ]
    with Authorities(folder):
        officers = [person(folder, *one) for one in OFFICERS[:2]]
        slots = signature_slots(LaidOut(pdf, "", 1), case, PdfPages())
        steps = go_round(sealer_for(folder), FolderKeys(folder), pdf, blanks, slots, officers, who)
        report = examine(steps[-1], FolderKeys(folder).roots, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    assert (report.indication, report.level) == (Indication.PASSED, Level.B_LTA), report
    assert [s.field for s in report.signatures] == ["Party", "Officer", "Officer2", "Seal", "DocumentTimeStamp1"]
