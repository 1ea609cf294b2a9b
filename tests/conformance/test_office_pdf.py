"""Outside judges of what the office exports: qpdf, pdffonts, pdfinfo and pdftotext (Poppler)."""

import subprocess
from collections import Counter

import pytest

from tests.support.office import make_docx, make_office

pytestmark = [pytest.mark.office, pytest.mark.judge]

LINES = ["舟山市示例区市场监督管理局", "当事人：李喆、𫝊氏，统一社会信用代码 91330999MA0TEXT12Y", "□☑ 〔2026〕12号"]


@pytest.fixture(scope="module")
def pdf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    with make_office(folder / "offices") as office:
        path = folder / "document.pdf"
        path.write_bytes(office.convert(make_docx(LINES)))
        return path


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_qpdf_finds_no_fault(pdf):
    assert "No syntax or stream encoding errors found" in said("qpdf", "--check", pdf)


def test_all_fonts_are_embedded_subsets_with_unicode(pdf):
    rows = [line.split() for line in said("pdffonts", pdf).splitlines()[2:]]
    assert rows
    assert all(row[-5:-2] == ["yes", "yes", "yes"] for row in rows)


def test_it_is_tagged_and_has_neither_form_nor_script(pdf):
    facts = dict(line.split(":", 1) for line in said("pdfinfo", pdf).splitlines())
    assert facts["Tagged"].strip() == "yes"
    assert facts["Form"].strip() == "none"
    assert facts["JavaScript"].strip() == "no"


def test_another_reader_finds_the_same_characters(pdf):
    wanted = Counter("".join("".join(LINES).split()))
    assert not wanted - Counter(said("pdftotext", "-enc", "UTF-8", pdf, "-"))
