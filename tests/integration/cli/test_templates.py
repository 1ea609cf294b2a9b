"""The workbench by command: look a change over, see what it breaks, what it makes, and what it changes."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.clerk import with_sentence
from tests.support.workspace import CHECKOUT, case, write_case

pytestmark = pytest.mark.office

ADVICE = (CHECKOUT / "templates" / "advice" / "template.docx").read_bytes()


def test_a_sentence_is_added_checked_looked_at_and_compared(workspace, tmp_path):
    file = tmp_path / "advice.docx"
    file.write_bytes(with_sentence(ADVICE, "请于{{ body.visit_date }}前联系。"))
    refused = workspace.run("templates", "lint", "advice", "--draft", file)
    assert refused.returncode == 1
    assert "body.visit_date" in refused.stdout
    cannot = workspace.run("templates", "preview", "advice", "--draft", file, "--out", tmp_path / "none")
    assert cannot.returncode == 1
    assert "visit_date" in cannot.stderr

    file.write_bytes(with_sentence(ADVICE, "整改中有疑问的，可向{{ agency.name }}咨询。"))
    assert workspace.run("templates", "lint", "advice", "--draft", file).returncode == 0
    drafts = tmp_path / "drafts"
    shown = workspace.run("templates", "preview", "advice", "--draft", file, "--out", drafts, check=True)
    assert len(shown.stdout.splitlines()) == 2
    pdf = drafts / "advice-valid-1.pdf"
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert "整改中有疑问的，可向" in "".join(text.split())
    assert (drafts / "advice-valid-1-page-1.png").read_bytes().startswith(b"\x89PNG")

    changes = workspace.run("templates", "diff", "advice", file)
    assert changes.returncode == 1
    assert changes.stdout.count("  +整改中有疑问的，可向舟山市示例区") == 2
    assert "sample valid-1: 版面不同的页 pages that look otherwise: 1" in changes.stdout
    assert not [line for line in changes.stdout.splitlines() if line.startswith("  -") and "---" not in line]

    own = CHECKOUT / "templates" / "advice" / "template.docx"
    same = workspace.run("templates", "diff", "advice", own)
    assert (same.returncode, same.stdout.count("otherwise: —")) == (0, 2)
    assert workspace.run("templates", "publish", "advice", own, "--accept", "0" * 16).returncode == 1
    assert not (workspace.data / "docsvc.db").exists()  # nothing was set up for it


def test_what_is_published_is_what_was_looked_at(workspace, tmp_path):
    file = tmp_path / "advice.docx"
    wanted = with_sentence(ADVICE, "可向本机关咨询。")
    file.write_bytes(wanted)
    assert workspace.run("templates", "publish", "advice", file).returncode == 64
    seen = workspace.run("templates", "diff", "advice", file).stdout.splitlines()[-1].split()[-1]
    file.write_bytes(with_sentence(ADVICE, "可向本机关投诉。"))
    refused = workspace.run("templates", "publish", "advice", file, "--accept", seen)
    assert (refused.returncode, "比较" in refused.stderr) == (1, True)
    file.write_bytes(wanted)
    workspace.run(
        "templates", "publish", "advice", file, "--accept", seen, "--by", "钱测", "--why", "增加一句", check=True
    )
    told = workspace.run("templates", "versions", "advice", check=True).stdout.splitlines()
    assert [line.split("\t")[0] for line in told] == ["1", "2"]
    assert "钱测: 增加一句\t现行 in force" in told[1]
    golden = workspace.data / "templates" / "advice" / "2" / "golden"
    assert "可向本机关咨询。" in (golden / "valid-1.txt").read_text()
    assert (golden / "valid-2-page-1.png").read_bytes().startswith(b"\x89PNG")


def test_a_retired_type_is_refused_and_its_documents_stay(workspace, tmp_path):
    case = CHECKOUT / "templates" / "advice" / "cases" / "valid-1.json"
    workspace.run("issue", case, "--out", tmp_path / "out", check=True)
    assert workspace.run("templates", "retire", "advice", "1", "--reason", " ").returncode == 64
    gone = workspace.run("templates", "retire", "advice", "1", "--reason", "依据已废止", check=True)
    assert "不能制作" in gone.stdout
    refused = workspace.run("issue", case.with_name("valid-2.json"), "--out", tmp_path / "out")
    assert (refused.returncode, "依据已废止" in refused.stderr) == (1, True)
    workspace.run("issue", case, "--out", tmp_path / "out", check=True)  # the same document again


def test_an_auditor_sees_what_would_come_out_otherwise_today(workspace, tmp_path):
    data = case("reminder")  # which names no contact: the agency's telephone stands in
    issued = workspace.run(
        "issue", write_case(tmp_path, "c", data), "--out", tmp_path / "out", "--json", check=True
    )
    number = json.loads(issued.stdout)["number"]
    registry = json.loads((CHECKOUT / "templates" / "agencies.sample.json").read_text())
    for agency in registry:
        agency["phone"] = "0580-7654321"
    (tmp_path / "agencies.json").write_text(json.dumps(registry, ensure_ascii=False))
    workspace.run("agencies", "import", tmp_path / "agencies.json", check=True)
    told = workspace.run("templates", "rerender", number)
    assert told.returncode == 1
    assert "文字 text: 不同" in told.stdout
    assert "联系电话：0580-7654321。" in told.stdout
    assert workspace.run("templates", "rerender", "无此〔2026〕1号").returncode == 64


def test_blank_forms_have_lines_to_write_on_and_no_facts(workspace, tmp_path):
    out = tmp_path / "blank"
    printed = workspace.run("templates", "blank", "delivery_receipt", "advice", "--out", out, check=True).stdout
    forms = sorted(out.glob("*.pdf"))
    assert [out / line for line in sorted(printed.splitlines())] == forms
    assert {form.name for form in forms} >= {"advice-blank-1.pdf", "delivery_receipt-blank-1.pdf"}
    assert all(form.with_suffix(".docx").is_file() for form in forms)
    for form in forms:
        text = subprocess.run(["pdftotext", form, "-"], capture_output=True, text=True, check=True).stdout
        assert "＿＿＿＿年＿＿月＿＿日" in text
        assert "舟山" not in text
        assert "测试数据" not in text
    receipt = subprocess.run(
        ["pdftotext", out / "delivery_receipt-blank-1.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "□直接送达" in receipt.replace("\n", "")
