"""Where people sign each type that names signatories: every sample, in every layout of its type, has the room."""

from __future__ import annotations

import datetime as dt
import json

import pypdfium2
import pytest

from docsvc.adapters.pades.examination import examine
from docsvc.adapters.pages import PdfPages
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import LaidOut, Level
from docsvc.domain.envelope import Role, label_pattern, signatories
from docsvc.domain.verdict import Indication
from docsvc.pipeline.seal import signature_slots
from tests.support.drafts import accepted, agencies, doc_type, in_layout, sample, samples
from tests.support.envelopes import OFFICERS, go_round, person
from tests.support.sealing import make_pki, sealer_for

pytestmark = pytest.mark.office
MM = 72 / 25.4


def signed():
    """Every sample that somebody signs, in each layout of its type."""
    for path in samples():
        kind = doc_type(path.parent.parent.name)
        if signatories(kind.manifest.signatures, json.loads(path.read_text())):
            for layout in kind.layout_names:
                yield pytest.param(path, layout, id=f"{kind.manifest.doc_type}-{path.stem}-{layout}")


def laid_out(press, case):
    """The PDF before anyone signs, who signs it, and where."""
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
    document = pypdfium2.PdfDocument(pdf)
    boxes = [box for blank in blanks for box in blank.boxes]
    for box in boxes:
        assert box.height >= 9.5 * MM, box
        assert box.width >= 30 * MM, box
        page = document[box.page]
        left, low, right, high = page.get_mediabox()
        assert left <= box.left <= box.left + box.width <= right
        assert low <= box.bottom <= box.bottom + box.height <= high
        text = page.get_textpage().get_text_bounded(
            box.left, box.bottom + 1.5, box.left + box.width, box.bottom + box.height - 1.5
        )
        assert not text.strip(), (box, text)
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = (
                one.page != other.page
                or one.bottom + one.height <= other.bottom + 0.01
                or other.bottom + other.height <= one.bottom + 0.01
            )
            assert apart, (one, other)
    for one, blank in zip(who, blanks, strict=True):
        text = beside(document, blank.boxes[0])
        assert label_pattern(one.anchor).search(text), (one.anchor, text)
    document.close()


def beside(document, box):
    """What stands left of a box and over it, as far as one line."""
    page = document[box.page]
    text = page.get_textpage().get_text_bounded(
        0, box.bottom, box.left + box.width, box.bottom + box.height + 8 * MM
    )
    return "".join(text.split())


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
