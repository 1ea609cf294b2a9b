"""A clerk's walk: a sentence with a new field, from what lint says of it to version 2; old documents stay."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile

import pytest

from tests.support.clerk import add_field, add_sentence
from tests.support.workspace import CHECKOUT, case, write_case

pytestmark = pytest.mark.office

# Text that is markup to whoever reads it carelessly.
HOSTILE = "<w:br/>]]>&lt;b&gt;\"'\\u0041甲&乙"


def text_of(pdf):
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return "".join(text.split())


def test_a_clerk_adds_a_field_and_publishes_version_2(workspace, tmp_path):
    shipped, out, draft = tmp_path / "templates", tmp_path / "out", tmp_path / "draft"
    shutil.copytree(CHECKOUT / "templates", shipped, ignore=shutil.ignore_patterns("__pycache__"))
    workspace.extra["DOCSVC_TEMPLATES_DIR"] = str(shipped)

    def issued(name, data):
        (line,) = workspace.run(
            "issue", write_case(tmp_path, name, data), "--out", out, "--json", check=True
        ).stdout.splitlines()
        return json.loads(line)

    old = issued("old", case("advice"))
    assert (old["template"]["type"], old["template"]["version"]) == ("advice", "1")

    # The template is opened, and a sentence with a new field added: lint says where it stands.
    workspace.run("templates", "draft", "advice", "--out", draft, check=True)
    add_sentence(draft, "请于{{ fields.body.visit_date }}前到场，{{ fields.body.visit_note }}。")
    lint = workspace.run("templates", "lint", "advice", "--draft", draft)
    assert lint.returncode == 1
    assert "schema.json 没有“body.visit_date”这一项" in lint.stdout
    assert "run 1 “请于{{ fields.body.visit_date }}前到场" in lint.stdout
    assert (
        workspace.run("templates", "preview", "advice", "--draft", draft, "--out", tmp_path / "no").returncode == 1
    )

    # The schema gets the fields, the samples get values; what may be missing is asked for.
    add_field(draft, "visit_date", {"title": "到场日期 Visit", "type": "string", "format": "date"}, "2026-10-12")
    add_field(draft, "visit_note", {"title": "说明 Note", "type": "string", "maxLength": 200}, "请携带执照")
    lint = workspace.run("templates", "lint", "advice", "--draft", draft)
    assert (lint.returncode, lint.stdout.count("可能没有填写")) == (1, 2)
    shutil.copy(shipped / "advice" / "template.docx", draft / "template.docx")
    add_sentence(
        draft,
        "{%p if fields.body.visit_date and fields.body.visit_note %}\n"
        "请于{{ fields.body.visit_date }}前到场，{{ fields.body.visit_note }}。\n{%p endif %}",
    )
    assert workspace.run("templates", "lint", "advice", "--draft", draft).stdout == "ok    advice\n"

    # Looked at, compared, published.
    proofs = tmp_path / "proofs"
    workspace.run("templates", "preview", "advice", "--draft", draft, "--out", proofs, check=True)
    assert "请于2026年10月12日前到场，请携带执照。" in text_of(proofs / "advice-valid-1.pdf")
    seen = workspace.run("templates", "diff", "advice", draft)
    assert seen.returncode == 1
    assert seen.stdout.count("  +请于2026年10月12日前到场，请携带执照。") == 2
    code = seen.stdout.splitlines()[-1].split()[-1]
    assert "第2版" in workspace.run("templates", "publish", "advice", draft, "--accept", code, check=True).stdout

    # New documents print the fields as they are, or leave the sentence out.
    data = case("advice", 2)
    data["body"] |= {"visit_date": "2026-10-15", "visit_note": HOSTILE}
    new = issued("new", data)
    assert new["template"]["version"] == "2"
    assert f"请于2026年10月15日前到场，{HOSTILE}。" in text_of(new["file"])
    without = case("advice", 2)
    without["action_code"] = "13309992600777"
    assert "到场" not in text_of(issued("without", without)["file"])
    for value, rule in (("{{ agency.name }}", "G08"), ("甲\u0007\u202e乙", "G12")):
        refused = case("advice", 2)
        refused["body"] |= {"visit_date": "2026-10-15", "visit_note": value}
        told = workspace.run("issue", write_case(tmp_path, "refused", refused), "--out", out)
        assert (told.returncode, f"{rule} /body/visit_note" in told.stderr) == (1, True)

    # The old document still names version 1, and comes out the same: also where the folder has it no more.
    again = workspace.run("templates", "rerender", old["number"], "--json", check=True)
    same = {"text": True, "pages": True, "docx": True}
    assert json.loads(again.stdout).items() >= {"template": old["template"], "same": same}.items()
    guide = zipfile.ZipFile(old["evidence"]).read("README.md").decode()
    assert f"`advice` 第1版 / version 1，SHA-256 `{old['template']['sha256']}`" in guide
    shutil.copy(draft / "template.docx", shipped / "advice" / "template.docx")
    lost = workspace.run("templates", "rerender", old["id"], check=True)
    assert "第1版 (template version)" in lost.stdout
    assert "逐字节相同" in lost.stdout
