"""A database of the test's own."""

from __future__ import annotations

import pytest

from docsvc.adapters.db.database import SqlDatabase


@pytest.fixture
def database(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'test.db'}")
    yield database
    database.close()
