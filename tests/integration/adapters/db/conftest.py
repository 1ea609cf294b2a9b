from __future__ import annotations

import pytest

from docsvc.adapters.db.database import SqlDatabase


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def empty_url(request, tmp_path):
    """A database with nothing in it, of each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'docsvc.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def url(empty_url):
    """One with this version's tables."""
    return with_tables(empty_url)


@pytest.fixture
def tables_on_postgres(postgres_url):
    """One with this version's tables on PostgreSQL."""
    return with_tables(postgres_url)


@pytest.fixture
def database(url):
    opened = SqlDatabase(url)
    yield opened
    opened.close()


def with_tables(url):
    database = SqlDatabase(url)
    database.upgrade()
    database.close()
    return url
