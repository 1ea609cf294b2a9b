"""veraPDF judges what we hand out (PDF/A-2b, PDF/UA-1): signed documents, drafts, print files."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from docsvc.adapters.pages import PdfPages
from docsvc.adapters.pages.marking import mark_test
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.document import LaidOut, Signing
from docsvc.domain.envelope import signatories
from docsvc.pipeline.seal import signature_slots
from tests.support.drafts import agencies, sample
from tests.support.envelopes import go_round, people
from tests.support.sealing import make_pki, sealer_for

SOURCE = Path(__file__).parent / "verapdf"
MAVEN, JAVA, JAVAC = (shutil.which(name) for name in ("mvn", "java", "javac"))

pytestmark = [
    pytest.mark.office,
    pytest.mark.judge,
    pytest.mark.slow,
    pytest.mark.skipif(not (MAVEN and JAVA and JAVAC), reason="Maven or a Java development kit is not installed"),
]


@pytest.fixture(scope="module")
def verapdf(tmp_path_factory):
    """The judge: its libraries come from the registry that Maven is set up with, pinned by the pom."""
    jars = tmp_path_factory.mktemp("verapdf")
    command = [
        MAVEN,
        "-B",
        "-q",
        "-f",
        SOURCE / "pom.xml",
        "dependency:copy-dependencies",
        f"-DoutputDirectory={jars}",
    ]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False)
    said = fetched.stdout + fetched.stderr
    if fetched.returncode and re.search(
        r"Could not transfer|(?i:unknown host)|Connection (refused|timed out|reset)|offline mode|No route", said
    ):
        pytest.skip(f"Maven can't fetch the judge: {said.strip().splitlines()[0]}")
    assert fetched.returncode == 0, said

    def judge(flavour, files):
        words = [JAVA, "-cp", f"{jars}/*", SOURCE / "Judge.java", flavour, *files]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        verdicts = {}
        for line in done.stdout.splitlines():
            name, *rest = line.split("\t")
            if name:
                verdicts[name] = broken = []
                assert int(rest[1]) > 1000  # checks made
            else:
                broken.append(" ".join(rest))
        assert list(verdicts) == [str(file) for file in files]
        assert [name for name, broken in verdicts.items() if not broken] == re.findall(
            r"^(.+)\tcompliant\t", done.stdout, re.MULTILINE
        )
        return verdicts

    return judge


@pytest.mark.parametrize("flavour", ["2b", "ua1"])
def test_every_type_with_seal_revocation_and_document_time_stamp(verapdf, issued, flavour):
    files = list(issued.documents.values())
    for file in files:
        with pikepdf.open(file) as document:  # all revisions are there
            kinds = {str(field.V.SubFilter) for field in document.Root.AcroForm.Fields}
            assert kinds == {"/ETSI.CAdES.detached", "/ETSI.RFC3161"}
            assert "/DSS" in document.Root
    assert {name: broken for name, broken in verapdf(flavour, files).items() if broken} == {}


@pytest.mark.parametrize("flavour", ["2b", "ua1"])
def test_a_draft_without_a_seal(verapdf, workspace, tmp_path, flavour):
    workspace.run("templates", "preview", "archive_index", "--out", tmp_path, check=True)
    drafts = sorted(tmp_path.glob("*.pdf"))
    assert drafts
    marked = tmp_path / "marked.pdf"
    marked.write_bytes(mark_test(drafts[0].read_bytes(), [0]))
    assert not any(verapdf(flavour, [*drafts, marked]).values())


@pytest.mark.parametrize("number", [1, 3], ids=["signed", "refused"])
def test_a_record_that_went_round(verapdf, press, tmp_path, number):
    folder = make_pki(tmp_path / "dev", agencies=agencies().values())
    case = dataclasses.replace(sample("interview_record", number=number), signing=Signing.ENVELOPE)
    pdf = PdfPages().complete(press(case, f"judged-record-{number}").read_bytes())
    who = signatories(case.doc_type.manifest.signatures, case.case.data)
    slots = signature_slots(LaidOut(pdf, "", 1), case, PdfPages())
    with Authorities(folder):
        blanks, officers = PdfPages().blanks(pdf, who), people(folder)
        steps = go_round(sealer_for(folder), FolderKeys(folder), pdf, blanks, slots, officers, who)
    files = [tmp_path / f"step-{n}.pdf" for n in range(len(steps))]
    for file, step in zip(files, steps, strict=True):
        file.write_bytes(step)
    for flavour in ("2b", "ua1"):
        assert {name: broken for name, broken in verapdf(flavour, files).items() if broken} == {}


def test_the_print_file_is_pdf_a(verapdf, issued):
    assert verapdf("2b", [issued.printed]) == {str(issued.printed): []}


def test_the_judge_does_judge(verapdf, issued, tmp_path):
    worse = tmp_path / "worse.pdf"
    with pikepdf.open(issued.documents["advice"]) as document:
        del document.Root.OutputIntents
        del document.pages[0].obj["/Tabs"]
        document.save(worse)
    assert any(rule.startswith("6.2.4.3-") for rule in verapdf("2b", [worse])[str(worse)])
    assert any(rule.startswith("7.18.3-1 ") for rule in verapdf("ua1", [worse])[str(worse)])
