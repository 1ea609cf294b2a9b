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
