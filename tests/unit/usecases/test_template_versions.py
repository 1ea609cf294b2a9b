"""Which version a document was made with, and how long that can be told."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.adapters.stores.local import LocalStore
from docsvc.adapters.template_folder import TemplateFolder
from docsvc.domain.errors import ObjectMissingError
from docsvc.pipeline.store import object_key
from docsvc.usecases.template_versions import TemplateName, TemplateVersions
from tests.support.cases import FOLDER
from tests.support.registry_office import document_row

UNTIL = dt.datetime(2036, 11, 22, tzinfo=dt.UTC)


class Counting(LocalStore):
    puts = 0

    def put(self, key, data, retain_until=None):
        self.puts += 1
        self.until = retain_until
        super().put(key, data, retain_until)


@pytest.fixture
def store(tmp_path):
    return Counting(tmp_path / "objects")


@pytest.fixture
def row():
    return document_row(1, template_sha256=FOLDER.get("advice").sha256)


def test_a_version_of_the_folders_is_named(store, row):
    versions = TemplateVersions(FOLDER, store)
    assert versions.of(row) == FOLDER.get("advice")
    assert versions.name(row) == TemplateName("advice", "1", row.template_sha256)


def test_one_that_the_folders_have_no_more_comes_out_of_the_store(store, row, tmp_path):
    TemplateVersions(FOLDER, store).keep(FOLDER.get("advice"), UNTIL)
    (tmp_path / "advice").mkdir()
    for name, data in FOLDER.get("advice").files.items():
        (tmp_path / "advice" / name).write_bytes(data + b"\n")
    versions = TemplateVersions(TemplateFolder(tmp_path), store)
    found = versions.of(row)
    assert (found.sha256, found.template) == (row.template_sha256, FOLDER.get("advice").template)
    assert versions.name(row).version == "1"


def test_one_that_nobody_has_is_named_by_its_digest(store):
    versions = TemplateVersions(FOLDER, store)
    row = document_row(1)
    assert versions.of(row) is None
    assert versions.name(row) == TemplateName("advice", None, "aa" * 32)


def test_it_is_kept_once_and_again_when_a_longer_time_is_asked_for(store):
    versions, version = TemplateVersions(FOLDER, store), FOLDER.get("advice")
    versions.keep(version, UNTIL)
    assert store.puts == 4
    assert store.until > UNTIL
    versions.keep(version, UNTIL + dt.timedelta(days=300))
    assert store.puts == 4
    versions.keep(version, UNTIL + dt.timedelta(days=400))
    assert store.puts == 8
    assert store.get(object_key(version.sha256)) == version.listing


def test_a_store_that_lost_a_file_has_no_version(store, row, tmp_path):
    TemplateVersions(FOLDER, store).keep(FOLDER.get("advice"), UNTIL)
    gone = tmp_path / "objects" / object_key(row.template_sha256)
    gone.chmod(0o600)
    gone.unlink()
    with pytest.raises(ObjectMissingError):
        store.get(object_key(row.template_sha256))
    assert TemplateVersions(TemplateFolder(tmp_path), store)._stored(row) is None
