"""The recipe of certs/README.md on a document that was really issued: sh, openssl and a reader of codes alone."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import zxingcpp
from PIL import Image

from docsvc.domain.canonical import canonical_json
from tests.support.workspace import CHECKOUT

pytestmark = [pytest.mark.office, pytest.mark.judge, pytest.mark.slow]

CASE = CHECKOUT / "templates" / "advice" / "cases" / "valid-1.json"


def recipe():
    text = (CHECKOUT / "certs" / "README.md").read_text()
    (script,) = re.findall(r"```sh\n(CODE=.*?)```", text, re.DOTALL)
    given = ("CODE=", "FACTS=", "PUB=")
    return "".join(line for line in script.splitlines(keepends=True) if not line.startswith(given))


def by_hand(folder, code, facts, pub):
    variables = {"CODE": code, "FACTS": facts, "PUB": str(pub), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["sh"], input=recipe(), cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def test_a_paper_copy_is_checked_with_the_public_key_alone(workspace, tmp_path):
    workspace.run("issue", CASE, "--out", tmp_path / "out", check=True)
    (pdf,) = (tmp_path / "out").glob("*.pdf")
    page = tmp_path / "page"
    subprocess.run(["pdftoppm", "-r", "200", "-l", "1", "-gray", "-singlefile", pdf, page], check=True)
    (found,) = zxingcpp.read_barcodes(Image.open(page.with_suffix(".pgm")))
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    head = [line.strip() for line in text.splitlines() if line.strip()]
    case = json.loads(CASE.read_text())
    paper = {
        "action_code": re.search(r"行政行为码：(\d+)", text)[1],
        "agency": next(line for line in head if line.endswith("局")),
        "issue_date": case["issue_date"],
        "number": re.search(r"\S+〔\d{4}〕\d+号", text)[0],
        "party": case["party"]["name"],
        "title": next(line for line in head if line.endswith("书")),
    }
    assert paper["party"] in text
    facts = canonical_json(paper).decode()
    pub = workspace.certs / "scan.pub"

    result = by_hand(tmp_path, found.text, facts, pub)
    assert (result.returncode, result.stdout.splitlines()) == (0, ["Signature Verified Successfully", "OK", "OK"])

    elsewhere = by_hand(tmp_path, found.text.replace("/d/", "/e/"), facts, pub)
    assert elsewhere.stdout.splitlines() == ["Signature Verification Failure", "OK"]
    other_party = by_hand(tmp_path, found.text, facts.replace(paper["party"], "他人"), pub)
    assert other_party.stdout.splitlines() == ["Signature Verified Successfully", "OK"]

    told = workspace.run("scan", "check", found.text, "--case", CASE)
    assert (told.returncode, paper["number"] in told.stdout) == (0, True)
    other = [f"{name}={value}" for name, value in {**paper, "party": "他人"}.items()]
    assert workspace.run("scan", "check", found.text, "--facts", *other).returncode == 1
