"""A portal for each test."""

from __future__ import annotations

import pytest

from tests.support.portal import Portal


@pytest.fixture(scope="session")
def empty_portal(tmp_path_factory):
    """Folder of a portal that nobody has used."""
    folder = tmp_path_factory.mktemp("portal") / "empty"
    Portal(folder).close()
    return folder


@pytest.fixture
def portal(tmp_path, empty_portal):
    portal = Portal(tmp_path / "portal", empty_portal)
    yield portal
    portal.close()


@pytest.fixture
def key(portal):
    """Everything, for one agency."""
    return portal.key()
