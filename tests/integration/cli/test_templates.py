"""A clerk's walk by command: change a template, see what it breaks, what it makes, and what it changes."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest

from docsvc.adapters.template_folder import TemplateFolder
from tests.support.workspace import CHECKOUT

pytestmark = pytest.mark.office


def added(sentence):
    """The advice's Word file with a sentence of the clerk's after the last suggestion."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(CHECKOUT / "templates" / "advice" / "template.docx") as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name).decode("utf-8", "surrogateescape")
            if name == "word/document.xml":
                before = "<w:p><w:r><w:t>{%p if body.reply_by %}"
                assert data.count(before) == 1
                data = data.replace(before, f"<w:p><w:r><w:t>{sentence}</w:t></w:r></w:p>{before}")
            new.writestr(name, data.encode("utf-8", "surrogateescape"))
    return out.getvalue()


@pytest.fixture
def own_templates(workspace, tmp_path):
    """A copy of the templates that the workspace uses."""
    folder = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", folder, ignore=shutil.ignore_patterns("__pycache__"))
    workspace.extra["DOCSVC_TEMPLATES_DIR"] = str(folder)
    return folder


def test_a_published_version_is_for_new_documents_and_leaves_the_old_ones_theirs(
    workspace, own_templates, tmp_path
):
    file, out = tmp_path / "advice.docx", tmp_path / "out"
    first, second = (own_templates / "advice" / "cases" / f"valid-{n}.json" for n in (1, 2))
    workspace.run("issue", first, "--out", out, check=True)
    file.write_bytes(added("整改中有疑问的，可向{{ agency.name }}咨询。"))
    assert workspace.run("templates", "publish", "advice", file).returncode == 64
    published = workspace.run("templates", "publish", "advice", file, "--accept", check=True)
    assert "第2版" in published.stdout
    assert "\t2\t" in workspace.run("templates", "list", check=True).stdout
    workspace.run("issue", second, "--out", out, check=True)
    ((old,), (new,)) = workspace.rows("SELECT template_sha256 FROM documents ORDER BY created_at")
    folder = TemplateFolder(own_templates)
    assert [folder.version("advice", digest).manifest.version for digest in (old, new)] == ["1", "2"]
    texts = [
        subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
        for pdf in sorted(out.glob("*.pdf"), key=lambda p: p.stat().st_mtime)
    ]
    assert ["可向" in "".join(text.split()) for text in texts] == [False, True]
    again = workspace.run("templates", "publish", "advice", file, "--accept")
    assert again.returncode == 1
    file.write_bytes(added("{{ body.visit_date }}"))
    refused = workspace.run("templates", "publish", "advice", file, "--accept")
    assert refused.returncode == 1
    assert "body.visit_date" in refused.stderr
    assert sorted(p.name for p in (own_templates / "advice" / "versions").iterdir()) == ["1", "2"]


def test_a_sentence_is_added_checked_looked_at_and_compared(workspace, tmp_path):
    file = tmp_path / "advice.docx"
    file.write_bytes(added("请于{{ body.visit_date }}前联系。"))
    refused = workspace.run("templates", "lint", "advice", "--file", file)
    assert refused.returncode == 1
    assert "body.visit_date" in refused.stdout
    cannot = workspace.run("templates", "preview", "advice", "--file", file, "--out", tmp_path / "none")
    assert cannot.returncode == 1
    assert "visit_date" in cannot.stderr

    file.write_bytes(added("整改中有疑问的，可向{{ agency.name }}咨询。"))
    assert workspace.run("templates", "lint", "advice", "--file", file).returncode == 0
    drafts = tmp_path / "drafts"
    shown = workspace.run("templates", "preview", "advice", "--file", file, "--out", drafts, check=True)
    assert len(shown.stdout.splitlines()) == 2
    pdf = drafts / "advice-1.pdf"
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert "整改中有疑问的，可向" in "".join(text.split())
    assert (drafts / "advice-1-page-1.png").read_bytes().startswith(b"\x89PNG")

    changes = workspace.run("templates", "diff", "advice", file)
    assert changes.returncode == 1
    assert changes.stdout.count("  +整改中有疑问的，可向舟山市示例区") == 2
    assert "sample 1: 版面不同的页 pages that look otherwise: 1" in changes.stdout
    assert not [line for line in changes.stdout.splitlines() if line.startswith("  -") and "---" not in line]

    own = CHECKOUT / "templates" / "advice" / "template.docx"
    same = workspace.run("templates", "diff", "advice", own)
    assert (same.returncode, same.stdout.count("otherwise: —")) == (0, 2)
    assert not (workspace.data / "docsvc.db").exists()  # nothing was set up for it


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
