"""Poppler reads back every value of every case from finished documents, and finds sound PDF/A and typography."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from docsvc.domain.case import strings_of
from tests.support.workspace import CHECKOUT, Workspace

pytestmark = [pytest.mark.office, pytest.mark.judge]

VALID = sorted((CHECKOUT / "templates").glob("*/cases/valid-*.json"))
CLOSING = "，。、；：？！）》」』”’〕】"
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
    """Every valid case that ships with the project, issued once."""
    home = tmp_path_factory.mktemp("papers")
    files = {}
    for stem in sorted({p.stem for p in VALID}):  # one story each: what one ends, another must not end again
        workspace = Workspace(home / stem / "data", development_keys)
        story = [p for p in VALID if p.stem == stem]
        done = workspace.run("issue", *story, "--out", home / stem / "out", "--json", check=True)
        files |= {d["case"]: d["file"] for d in map(json.loads, done.stdout.splitlines())}
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


@pytest.mark.parametrize("path", VALID, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_every_value_of_the_case_is_on_paper(papers, path):
    # As read line by line, or, where a row's cells have several lines each, cell by cell.
    text = re.sub(r"\s", "", printed(papers[str(path)]) + printed(papers[str(path)], "-raw"))
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


@pytest.mark.parametrize("path", VALID, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_no_line_begins_with_a_closing_mark_and_pages_are_numbered(papers, path):
    pages = printed(papers[str(path)], "-layout").split("\f")[:-1]
    for number, page in enumerate(pages, 1):
        lines = [line.strip() for line in page.splitlines() if line.strip()]
        assert not [line for line in lines if line[0] in CLOSING]
        assert re.search(rf"—\s*{number}\s*—|第\s*{number}\s*页", page), f"page {number} has no number"


@pytest.mark.parametrize("path", VALID, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_sound_embedded_and_declared_pdf_a(papers, path):
    pdf = papers[str(path)]
    assert subprocess.run(["qpdf", "--check", pdf], capture_output=True, check=False).returncode == 0
    fonts = subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\syes\s+(yes|no)\s+yes\s+\d+\s+\d+$", line) for line in fonts), fonts
    meta = subprocess.run(["pdfinfo", "-meta", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(r"pdfaid:part>2<", meta)
    assert re.search(r"pdfaid:conformance>B<", meta)
    info = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged:\s+yes", info)
    assert re.search(r"Page size:\s+59[45]\.\d+ x 84[12]\.\d+ pts \(A4\)", info)
