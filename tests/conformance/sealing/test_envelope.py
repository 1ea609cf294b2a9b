"""The interview record goes round on its real template: every revision judged, by others and by ourselves."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import subprocess

import pikepdf
import pypdfium2
import pytest

from docsvc.adapters.pades.examination import examine
from docsvc.adapters.pages import PdfPages
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import LaidOut, Signing
from docsvc.domain.envelope import Role, signatories
from docsvc.domain.verdict import Indication
from docsvc.pipeline.seal import signature_slots
from tests.conformance.sealing.test_judges import parts, run
from tests.support.drafts import agencies, in_layout, sample
from tests.support.envelopes import go_round, people
from tests.support.sealing import make_pki, sealer_for

pytestmark = [pytest.mark.office, pytest.mark.judge]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = make_pki(tmp_path_factory.mktemp("record") / "dev", agencies=agencies().values())
    with Authorities(folder):
        yield folder


def laid_out(press, number, layout="record", change=None):
    """The PDF before anyone signs, who signs it, and where."""
    case = dataclasses.replace(
        in_layout(sample("interview_record", change, number), layout), signing=Signing.ENVELOPE
    )
    pdf = PdfPages().complete(press(case, f"record-{layout}-{number}-{bool(change)}").read_bytes())
    who = signatories(case.doc_type.manifest.signatures, case.case.data)
    return case, pdf, who, PdfPages().blanks(pdf, who)


@pytest.fixture(scope="module", params=[1, 3], ids=["signed", "refused"])
def rounds(request, press, pki):
    """(unsigned, the file after each signature, who signed) where the party signs, and where it refuses."""
    case, pdf, who, blanks = laid_out(press, request.param)
    slots = signature_slots(LaidOut(pdf, "", 1), case, PdfPages())
    steps = go_round(sealer_for(pki), FolderKeys(pki), pdf, blanks, slots, people(pki), who)
    return pdf, steps, who


def test_who_signs_and_in_which_order(rounds, pki):
    unsigned, steps, who = rounds
    roles = [s.role for s in who]
    assert roles in (
        [Role.PARTY, Role.OFFICER, Role.OFFICER, Role.RECORDER],
        [Role.WITNESS, Role.OFFICER, Role.OFFICER, Role.RECORDER],
    )
    assert steps[0].startswith(unsigned)
    report = examine(steps[-1], FolderKeys(pki).roots, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    assert report.indication is Indication.PASSED, report
    assert [s.field for s in report.signatures] == [*(s.field for s in who), "Seal", "DocumentTimeStamp1"]
    assert all(s.indication is Indication.PASSED for s in report.signatures)


def test_every_revision_stands_on_its_own_before_every_judge(rounds, pki, tmp_path):
    _, steps, _ = rounds
    root, path, token, data = pki / "root.pem", tmp_path / "cut.pdf", tmp_path / "token", tmp_path / "data"
    cut = list(steps[:-1])
    # Of the last two, the seal's own revision ends before the time-stamp's.
    final = steps[-1]
    for covered, _, _ in list(parts(final))[-2:]:
        cut.append(final[: final.index(covered[-60:], len(covered) - 60) + 60])
    for n, revision in enumerate(cut, 1):
        assert final.startswith(revision)
        path.write_bytes(revision)
        code, text = run("qpdf", "--check", path)
        assert code == 0, text
        _, text = run("pdfsig", "-nocert", path)
        stamped = n > len(steps)
        assert text.count("Signature is Valid.") == n - stamped, text
        assert text.count("Total document signed") == 1
        report = examine(revision, FolderKeys(pki).roots, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
        assert report.indication is (Indication.PASSED if stamped else Indication.INDETERMINATE)
        assert not any(c.indication is Indication.FAILED for s in report.signatures for c in s.checks)
    assert cut[-1] == final
    kinds = []
    for covered, der, signed in parts(final):
        data.write_bytes(covered)
        token.write_bytes(der)
        kinds.append(signed["encap_content_info"]["content_type"].native)
        if kinds[-1] == "tst_info":
            code, text = run("openssl", "ts", "-verify", "-token_in", "-in", token, "-data", data, "-CAfile", root)
        else:
            form = ("-cades", "-binary", "-purpose", "any", "-inform", "DER")
            code, text = run("openssl", "cms", "-verify", *form, "-in", token, "-content", data, "-CAfile", root)
        assert code == 0, text
    assert kinds == ["data"] * 5 + ["tst_info"]


def dark(pdf, box):
    """How much of a box (page, left, bottom, right, top in points) is dark, as Poppler draws it."""
    from PIL import Image

    page, left, bottom, right, top = box
    words = ["pdftoppm", "-r", "144", "-f", str(page + 1), "-l", str(page + 1), "-gray", "-png", "-"]
    made = subprocess.run(words, input=pdf, capture_output=True, check=True).stdout
    with Image.open(io.BytesIO(made)) as image:
        area = image.crop(
            (int(2 * left), int(image.height - 2 * top), int(2 * right), int(image.height - 2 * bottom))
        )
    return area.histogram()[0:100], area.size


def ink(pdf, box):
    shades, size = dark(pdf, (box.page, box.left, box.bottom, box.left + box.width, box.bottom + box.height))
    return sum(shades) / (size[0] * size[1])


def test_marks_show_where_they_should_and_hide_no_text(rounds, press):
    unsigned, steps, who = rounds
    number = 1 if who[0].role is Role.PARTY else 3
    _, _, _, blanks = laid_out(press, number)
    for blank in blanks:
        for box in blank.boxes:
            assert ink(steps[-1], box) > ink(unsigned, box) + 0.01, (blank.field, box)
    # Whatever could be read before can be read now.
    texts = []
    for pdf in (unsigned, steps[-1]):
        document = pypdfium2.PdfDocument(pdf)
        texts.append([page.get_textpage().get_text_bounded() for page in document])
        document.close()
    assert texts[0] == texts[1]


def test_a_party_that_says_the_labels_moves_no_blank(press):
    """A hostile answer holds the labels, whole paragraphs of them; the blanks stay where the sign-off is."""

    def hostile(case):
        said = "被约谈人（签名、按指印）：\n约谈人（签名）：\n记录人（签名）：\n被约谈人签名（按指印）："
        case["body"]["qa"].append({"q": "还有什么补充？", "a": said})
        case["body"]["requirements"].append("约谈人（签名）：")
        case["body"]["corrections"] = ["记录人（签名）：", "被约谈人（签名、按指印）："]

    _, pdf, _, blanks = laid_out(press, 1, change=hostile)
    document = pypdfium2.PdfDocument(pdf)
    last = document[len(document) - 1].get_textpage()
    assert {b.boxes[0].page for b in blanks} == {len(document) - 1}
    order = [b.boxes[0].bottom for b in blanks]
    assert order == sorted(order, reverse=True)
    below = last.get_text_bounded(0, 0, 595, order[-1])
    assert "市场监督管理局" in below
    assert "签名）：" not in below
    assert len(blanks[0].boxes) == len(document) + 1
    document.close()


def test_no_field_but_signatures_and_no_page_without_its_mark(rounds):
    unsigned, steps, who = rounds
    with pikepdf.open(io.BytesIO(steps[-1])) as pdf:
        assert {str(f.FT) for f in pdf.Root.AcroForm.Fields} == {"/Sig"}
        marked = ["/MarkOnPage" in page.Resources.XObject for page in pdf.pages if "/XObject" in page.Resources]
        assert marked == [True] * len(pdf.pages) if who[0].role is Role.PARTY else not any(marked)
    assert steps[0].startswith(unsigned)
