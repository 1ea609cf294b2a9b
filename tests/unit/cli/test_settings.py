"""`docsvc settings`, and the manual's table against the code."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from docsvc.cli.settings import refreshed, settings, table, variable
from docsvc.settings import Settings
from tests.support.workspace import CHECKOUT

MANUAL = CHECKOUT / "docker" / "OPERATING.md"


def test_the_manual_has_todays_table():
    text = MANUAL.read_text()
    assert refreshed(text) == text, f"run: docsvc settings --into {MANUAL.relative_to(CHECKOUT)}"


def test_every_setting_is_explained_in_a_sentence():
    for name, field in Settings.model_fields.items():
        assert field.description, f"{variable(name)} has no docstring"
        assert field.description.rstrip().endswith("."), name


def test_a_row_gives_name_default_and_meaning():
    rows = table().splitlines()
    assert len(rows) == len(Settings.model_fields) + 2
    assert {row.count("|") for row in rows} == {4}
    (row,) = (r for r in rows if "`DOCSVC_S3_SECURE`" in r)
    assert row == "| `DOCSVC_S3_SECURE` | `true` | TLS. |"


def test_what_was_set_is_marked_and_secrets_stay_hidden(monkeypatch):
    monkeypatch.setenv("DOCSVC_S3_SECRET_KEY", "hunter2")
    monkeypatch.setenv("DOCSVC_STORE", "s3")
    shown = CliRunner().invoke(settings, catch_exceptions=False).output
    assert "* DOCSVC_STORE = s3\n" in shown
    assert "* DOCSVC_S3_SECRET_KEY = **********\n" in shown
    assert "hunter2" not in shown


def test_the_table_is_put_between_the_marks_and_the_rest_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- settings -->\nold\n<!-- /settings -->\nafter\n")
    CliRunner().invoke(settings, ["--into", str(page)], catch_exceptions=False)
    assert page.read_text() == f"before\n<!-- settings -->\n{table()}<!-- /settings -->\nafter\n"


def test_a_page_without_marks_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(Exception, match="lacks the marks"):
        CliRunner().invoke(settings, ["--into", str(page)], catch_exceptions=False)
    assert page.read_text() == "nothing"
