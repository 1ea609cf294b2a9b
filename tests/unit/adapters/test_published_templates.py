"""What clerks publish and retire: beside what came with the service, whole, and never written again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil

import pytest

from docsvc.adapters.template_folder import DECIDING, TemplateFolder
from docsvc.domain.document import Remark
from docsvc.domain.errors import ConflictError, SetupError, TemplateFaultError, UsageError
from tests.support.drafts import TEMPLATES

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
REMARK = Remark("钱测", NOW, "增加一句")
GOLDEN = {"valid-1.txt": b"text", "valid-1-page-1.png": b"png"}


@pytest.fixture
def shipped(tmp_path):
    (tmp_path / "shipped" / "advice").mkdir(parents=True)
    for name in DECIDING:
        shutil.copy(TEMPLATES / "advice" / name, tmp_path / "shipped" / "advice" / name)
    shutil.copytree(TEMPLATES / "advice" / "cases", tmp_path / "shipped" / "advice" / "cases")
    return tmp_path / "shipped"


@pytest.fixture
def folder(shipped, tmp_path):
    return TemplateFolder(shipped, tmp_path / "published")


def draft(folder, word=b"another"):
    current = folder.get("advice")
    return folder.read("advice", {**current.files, "template.docx": word})


def publish(folder, word=b"another"):
    return folder.publish(draft(folder, word), {"valid-9.json": b"{}"}, GOLDEN, REMARK)


def test_a_published_version_is_in_force_and_keeps_all_that_was_accepted(folder, shipped, tmp_path):
    first = folder.get("advice")
    second = publish(folder)
    assert (second.manifest.version, second.template, second.published) == ("2", b"another", REMARK)
    assert folder.get("advice") == second
    assert TemplateFolder(shipped, tmp_path / "published").get("advice") == second  # every process sees it
    assert folder.version("advice", first.sha256) == first
    assert [v.manifest.version for v in folder.versions("advice")] == ["1", "2"]
    assert folder.samples("advice") == {"valid-9.json": b"{}"}
    kept = tmp_path / "published" / "advice" / "2"
    assert (kept / "golden" / "valid-1-page-1.png").read_bytes() == b"png"
    assert {path.stat().st_mode & 0o777 for path in kept.rglob("*.*") if path.is_file()} == {0o444}
    assert sorted(p.name for p in shipped.glob("advice/*")) == ["cases", *DECIDING]


def test_a_newer_version_that_comes_with_the_service_takes_over(folder, shipped):
    publish(folder)
    manifest = shipped / "advice" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "3"'))
    assert folder.get("advice").manifest.version == "3"
    assert publish(folder).manifest.version == "4"


def test_of_two_who_publish_at_once_one_is_refused(folder, tmp_path, monkeypatch):
    stale = folder.versions("advice")
    publish(folder)
    monkeypatch.setattr(folder, "versions", lambda _: stale)
    with pytest.raises(ConflictError):
        publish(folder, b"a third")
    assert (tmp_path / "published" / "advice" / "2" / "template.docx").read_bytes() == b"another"
    assert [p.name for p in (tmp_path / "published" / "advice").iterdir()] == ["2"]


def test_a_retired_version_stays_and_the_one_before_is_in_force(folder):
    first, second = folder.get("advice"), publish(folder)
    folder.retire("advice", "2", Remark("孙测", NOW, "有错字"))
    assert folder.get("advice") == first
    kept = folder.version("advice", second.sha256)
    assert (kept.template, kept.retired) == (b"another", Remark("孙测", NOW, "有错字"))
    assert publish(folder).manifest.version == "3"  # what was retired comes back by being published anew
    folder.retire("advice", "1", REMARK)
    folder.retire("advice", "3", REMARK)
    last = folder.get("advice")
    assert (last.manifest.version, last.retired) == ("3", REMARK)


def test_what_can_not_be_retired(folder):
    with pytest.raises(UsageError):
        folder.retire("advice", "7", REMARK)
    folder.retire("advice", "1", REMARK)
    with pytest.raises(ConflictError):
        folder.retire("advice", "1", REMARK)


def test_a_folder_that_can_not_be_written_is_named_by_its_setting(shipped, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for folder in (TemplateFolder(shipped, tmp_path / "file" / "published"), TemplateFolder(shipped)):
        for act in (publish, lambda f: f.retire("advice", "1", REMARK)):
            with pytest.raises(SetupError, match="DOCSVC_PUBLISHED_DIR"):
                act(folder)


def test_faults_of_published_versions_are_named(folder, tmp_path):
    publish(folder)
    beside = tmp_path / "published" / "advice" / "2"
    (beside / "retired.json").write_text("{")
    with pytest.raises(TemplateFaultError, match=r"advice/2/retired\.json"):
        folder.get("advice")


def test_a_version_is_a_number(folder, shipped):
    manifest = shipped / "advice" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "one"'))
    with pytest.raises(TemplateFaultError):
        folder.get("advice")


def test_a_version_is_the_same_from_its_files(folder):
    version = folder.get("advice")
    assert folder.read("advice", version.files) == dataclasses.replace(version, published=None, retired=None)
    with pytest.raises(TemplateFaultError, match=r"schema\.json"):
        folder.read("advice", {k: v for k, v in version.files.items() if k != "schema.json"})
