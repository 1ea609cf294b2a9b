"""Poppler reads back every value of every case from finished documents, and finds sound PDF/A and typography."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from docsvc.domain.case import strings_of
from tests.support.drafts import doc_type, looks, samples
from tests.support.workspace import Workspace

pytestmark = [pytest.mark.office, pytest.mark.judge]

VALID = samples()
LOOKS = looks()
each_look = pytest.mark.parametrize(
    ("path", "layout"), LOOKS, ids=[f"{path.parent.parent.name}-{path.stem}-{layout}" for path, layout in LOOKS]
)
CLOSING = "，。、；：？！）》」』”’〕】"
A4 = r"Page size:\s+59[45]\.\d+ x 84[12]\.\d+ pts \(A4\)"
PAPER = {"narrow-58": r"Page size:\s+164\.\d+ x 84", "narrow-80": r"Page size:\s+226\.\d+ x 84"}
# Words that the documents say in Chinese; a code of a list that is missing here is a fault of this table.
CODES = {
    "docsvc.case/1",
    *(p.parent.parent.name for p in VALID),
    *("enterprise", "individual_business", "natural_person", "other_org"),
    *("sms_link", "email", "app", "fax"),
    *("direct", "left", "electronic", "post", "entrusted", "announcement"),
    *("onsite", "phone", "online", "corrected", "partly"),
    *("individual", "group", "joint", "accept", "decline"),
    *("first_minor", "minor_no_harm", "no_fault", "under_14", "mental", "expired", "other_statutory"),
    *(
        "facts_not_established",
        "none",
        "slight",
        "withdraw_or_general_procedure",
        "basis_invalid",
        "other",
        "commitment",
    ),
    *("application", "arrangement", "completion", "determination", "no_fine", "mitigate", "lighter", "video"),
    *("demo-market", "demo-enforcement"),
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory, development_keys):
    """Every valid case that ships with the project, issued once in its own layout, and the first in the others."""
    home = tmp_path_factory.mktemp("papers")
    files = {}

    def issue(name, story, layout, *options):
        workspace = Workspace(home / name / "data", development_keys)
        done = workspace.run("issue", *story, "--out", home / name / "out", "--json", *options, check=True)
        for said in map(json.loads, done.stdout.splitlines()):
            path = Path(said["case"])
            files[path, layout or doc_type(path.parent.parent.name).layout] = said["file"]

    for stem in sorted({p.stem for p in VALID}):  # one story each: what one ends, another must not end again
        issue(stem, [p for p in VALID if p.stem == stem], None)
    asked = [(path, layout) for path, layout in LOOKS if layout != doc_type(path.parent.parent.name).layout]
    for layout in sorted({layout for _, layout in asked}):
        issue(layout, [path for path, look in asked if look == layout], layout, "--layout", layout)
    return files


def printed(pdf: str, *options: str) -> str:
    return subprocess.run(["pdftotext", *options, pdf, "-"], capture_output=True, text=True, check=True).stdout


def on_paper(value: str) -> str:
    """How a document prints a value: dates in words, without padding (GB/T 9704-2012, 7.3.5.4)."""
    if m := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::\d\d)?)?", value):
        year, month, day, hour, minute = m.groups()
        clock = f"{int(hour)}时{int(minute)}分" if hour and int(minute) else f"{int(hour)}时" if hour else ""
        return f"{year}年{int(month)}月{int(day)}日{clock}"
    return value


@each_look
def test_every_value_of_the_case_is_on_paper(papers, path, layout):
    # As read line by line, or, where a row's cells have several lines each, cell by cell.
    text = re.sub(r"\s", "", printed(papers[path, layout]) + printed(papers[path, layout], "-raw"))
    case = json.loads(path.read_text())
    lost = {
        pointer: value
        for pointer, value in strings_of(case)
        if value not in CODES and re.sub(r"\s", "", on_paper(value)).rstrip("。；;") not in text
    }
    assert not lost
    for name in ("total", "party", "archive"):
        if copies := case.get("copies", {}).get(name):
            assert f"{copies}份" in text


@each_look
def test_no_line_begins_with_a_closing_mark_and_pages_are_numbered(papers, path, layout):
    pages = printed(papers[path, layout], "-layout").split("\f")[:-1]
    for number, page in enumerate(pages, 1):
        lines = [line.strip() for line in page.splitlines() if line.strip()]
        assert not [line for line in lines if line[0] in CLOSING]
        numbered = re.search(rf"—\s*{number}\s*—|第\s*{number}\s*页", page)
        assert bool(numbered) is (layout != "letter" or number > 1), number  # 10.1: not on a letter's first


@each_look
def test_sound_embedded_and_declared_pdf_a(papers, path, layout):
    pdf = papers[path, layout]
    assert subprocess.run(["qpdf", "--check", pdf], capture_output=True, check=False).returncode == 0
    fonts = subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\syes\s+(yes|no)\s+yes\s+\d+\s+\d+$", line) for line in fonts), fonts
    meta = subprocess.run(["pdfinfo", "-meta", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(r"pdfaid:part>2<", meta)
    assert re.search(r"pdfaid:conformance>B<", meta)
    info = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged:\s+yes", info)
    assert re.search(PAPER.get(layout, A4), info)
