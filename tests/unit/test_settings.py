from __future__ import annotations

import pytest

from docsvc.domain.errors import SetupError
from docsvc.settings import load_settings


def test_the_default_is_the_embedded_way(monkeypatch):
    for name in ("DATA_DIR", "CERTS_DIR", "DATABASE_URL", "STORE"):
        monkeypatch.delenv(f"DOCSVC_{name}", raising=False)
    settings = load_settings()
    assert settings.store == "local"
    assert settings.database == f"sqlite:///{settings.home / 'var' / 'docsvc.db'}"
    assert settings.trust == settings.certs == settings.home / "certs" / "dev"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", ()),
        ("http://a/tsa", ("http://a/tsa",)),
        ("https://a/, http://b/ts ,", ("https://a/", "http://b/ts")),
        ('["https://a/", "http://b/"]', ("https://a/", "http://b/")),
    ],
)
def test_time_stamp_authorities_are_one_or_several(monkeypatch, text, addresses):
    monkeypatch.setenv("DOCSVC_TSA_URL", text)
    assert load_settings().tsa_url == addresses


@pytest.mark.parametrize("text", ["a.example", "http://a, ftp://b", "[1]", "["])
def test_what_is_no_address_is_refused(monkeypatch, text):
    monkeypatch.setenv("DOCSVC_TSA_URL", text)
    with pytest.raises(SetupError, match="DOCSVC_TSA_URL"):
        load_settings()


def test_a_wrong_setting_is_named_and_its_value_is_not_shown(monkeypatch):
    monkeypatch.setenv("DOCSVC_OFFICE_TIMEOUT_S", "hunter2")
    with pytest.raises(SetupError) as wrong:
        load_settings()
    assert "DOCSVC_OFFICE_TIMEOUT_S" in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


def test_secrets_do_not_show_in_the_settings_text(monkeypatch):
    monkeypatch.setenv("DOCSVC_DATABASE_URL", "postgresql://u:hunter2@h/d")
    monkeypatch.setenv("DOCSVC_S3_SECRET_KEY", "hunter3")
    assert "hunter" not in repr(load_settings())
