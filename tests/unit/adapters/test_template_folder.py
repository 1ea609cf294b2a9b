"""Template folders: read whole, or refused by name."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from docsvc.adapters.template_folder import DECIDING, TemplateFolder
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import LegalNature, Remark
from docsvc.domain.errors import TemplateFaultError, UsageError
from tests.support.drafts import TEMPLATES


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "advice").mkdir()
    for name in DECIDING:
        shutil.copy(TEMPLATES / "advice" / name, tmp_path / "advice" / name)
    return tmp_path


def test_types_are_the_folders_with_a_manifest(folder):
    (folder / "layout").mkdir()
    assert TemplateFolder(folder).names() == ["advice"]


def test_a_type_is_read_whole(folder):
    found = TemplateFolder(folder).get("advice")
    assert found.manifest.title == "行政建议书"
    assert found.manifest.legal_nature is LegalNature.GUIDANCE
    assert found.manifest.cross_page_seal is False
    assert found.manifest.copies == {"total": 2, "party": 1, "archive": 1}
    assert found.template == (folder / "advice" / "template.docx").read_bytes()
    assert found.schema["properties"]["doc_type"] == {"const": "advice"}


@pytest.mark.parametrize("name", DECIDING)
def test_every_deciding_file_is_in_the_digest(folder, name):
    templates = TemplateFolder(folder)
    before = templates.get("advice").sha256
    assert templates.get("advice").sha256 == before
    with (folder / "advice" / name).open("ab") as file:
        file.write(b"\n")
    assert templates.get("advice").sha256 != before


def test_what_is_not_deciding_changes_nothing(folder):
    before = TemplateFolder(folder).get("advice").sha256
    (folder / "advice" / "notes.txt").write_text("x")
    assert TemplateFolder(folder).get("advice").sha256 == before


@pytest.mark.parametrize("name", ["poem", "../advice", "", "layout"])
def test_an_unknown_type_is_the_callers_fault(folder, name):
    with pytest.raises(UsageError):
        TemplateFolder(folder).get(name)


@pytest.mark.parametrize("name", DECIDING[1:])
def test_a_missing_file_is_named(folder, name):
    (folder / "advice" / name).unlink()
    with pytest.raises(TemplateFaultError, match=name):
        TemplateFolder(folder).get("advice")


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("manifest.toml", "guidance", "advisory", "advisory"),
        ("manifest.toml", "B-LTA", "B-X", "B-X"),
        ("manifest.toml", "title_en", "titel_en", "titel_en"),
        ("manifest.toml", "[copies]", "[copies", "manifest"),
        ("manifest.toml", 'doc_type = "advice"', 'doc_type = "reminder"', "reminder"),
        ("manifest.toml", "total = 2", 'total = "two"', "two"),
        ("schema.json", "{", "[", "JSON"),
        ("schema.json", "{", "[" * 100_000, "JSON"),
    ],
)
def test_a_broken_file_is_named(folder, name, old, new, words):
    path = folder / "advice" / name
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(TemplateFaultError, match=words):
        TemplateFolder(folder).get("advice")


def test_a_schema_is_an_object(folder):
    (folder / "advice" / "schema.json").write_text("[]")
    with pytest.raises(TemplateFaultError, match=r"schema\.json"):
        TemplateFolder(folder).get("advice")


def test_the_templates_of_the_house_are_all_whole():
    templates = TemplateFolder(TEMPLATES)
    assert {templates.get(name).manifest.doc_type for name in templates.names()} == set(templates.names())


def test_a_type_may_make_a_document_for_each_stage():
    manifest = TemplateFolder(TEMPLATES).get("public_service_offset").manifest
    assert manifest.title_of({"stage": "determination"}) == "公益抵罚认定书"
    assert manifest.nature_of({"stage": "determination"}) is LegalNature.DECISION
    assert manifest.nature_of({"stage": "application"}) is LegalNature.PROCEDURAL
    assert manifest.title_of({}) == "公益抵罚文书"


@pytest.fixture
def two(folder):
    """A type in its own layout, letter, and in another."""
    (folder / "advice" / "layouts").mkdir()
    shutil.copy(TEMPLATES / "advice" / "layouts" / "form.docx", folder / "advice" / "layouts")
    return folder


def test_a_type_is_in_its_own_layout_and_can_be_had_in_the_others(two):
    own = TemplateFolder(two).get("advice")
    assert own.layout_names == ["letter", "form"]
    form = own.in_layout("form")
    assert form.layout_names == ["form", "letter"]
    assert form.template == (two / "advice" / "layouts" / "form.docx").read_bytes()
    assert form.in_layout("letter") == own
    assert own.in_layout("poster") is None


def test_each_layout_has_a_digest_that_the_others_do_not_change(two):
    templates = TemplateFolder(two)
    own, form = templates.get("advice"), templates.get("advice").in_layout("form")
    assert own.sha256 != form.sha256
    assert templates.version("advice", form.sha256) == form
    with (two / "advice" / "layouts" / "form.docx").open("ab") as file:
        file.write(b"\n")
    assert templates.get("advice").sha256 == own.sha256
    assert templates.get("advice").in_layout("form").sha256 != form.sha256
    assert templates.version("advice", form.sha256) is None


def test_what_was_accepted_in_a_layout_keeps_it_when_a_version_is_published(two, tmp_path):
    templates = TemplateFolder(two, tmp_path / "published")
    own = templates.get("advice")
    form = own.in_layout("form")
    draft = templates.read("advice", {**own.everything, "template.docx": own.template + b"\n"})
    remark = Remark("clerk", dt.datetime(2026, 11, 25, tzinfo=dt.UTC), "")
    published = templates.publish(draft, templates.samples("advice"), {}, remark)
    assert published.layout_names == ["letter", "form"]
    assert published.in_layout("form").template == form.template
    assert published.in_layout("form").sha256 != form.sha256  # the manifest says another version
    assert templates.version("advice", form.sha256).template == form.template


def test_a_layout_is_read_from_its_own_files_alone(two):
    """As they lie in the store of documents."""
    form = TemplateFolder(two).get("advice").in_layout("form")
    assert set(form.files) == {"manifest.toml", "schema.json", "layouts/form.docx"}
    again = TemplateFolder(two).read("advice", form.files)
    assert (again.sha256, again.layout, again.template) == (form.sha256, "form", form.template)
    assert sha256_hex(form.listing) == form.sha256


def test_a_layout_has_one_word_file(two):
    (two / "advice" / "layouts" / "letter.docx").write_bytes(b"")
    with pytest.raises(TemplateFaultError, match="letter"):
        TemplateFolder(two).get("advice")


@pytest.mark.parametrize("name", ["Letter.docx", "版式.docx", "a b.docx"])
def test_a_layout_that_nobody_could_ask_for_is_named(two, name):
    (two / "advice" / "layouts" / name).write_bytes(b"")
    with pytest.raises(TemplateFaultError, match=name):
        TemplateFolder(two).get("advice")


def test_a_roll_bears_no_seal_across_its_pages():
    decision = TemplateFolder(TEMPLATES).get("no_penalty_decision")
    found = {name: decision.in_layout(name).cross_page_seal for name in decision.layout_names}
    assert found == {"form": True, "doc": True, "narrow-58": False, "narrow-80": False}
    assert not TemplateFolder(TEMPLATES).get("advice").cross_page_seal
