"""Fixtures for all tests: an isolated workspace of the embedded way, and the command line run in it."""

from __future__ import annotations

import pytest

from tests.support.broker import rabbit_server
from tests.support.servers import postgres_server, postgres_url, s3_server
from tests.support.stack import Stack, stack
from tests.support.workspace import Workspace, make_keys

__all__ = ["postgres_server", "postgres_url", "rabbit_server", "s3_server", "stack"]


@pytest.fixture(scope="session")
def development_keys(tmp_path_factory):
    """One set of development keys for the whole run: making RSA keys is slow."""
    return make_keys(tmp_path_factory.mktemp("certs") / "dev")


@pytest.fixture
def workspace(tmp_path, development_keys):
    """An embedded docsvc with data of its own, started by its first command."""
    return Workspace(tmp_path / "data", development_keys)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """What the service said, where a test of it fails."""
    report = yield
    if report.failed:
        for running in (each for each in getattr(item, "funcargs", {}).values() if isinstance(each, Stack)):
            report.sections.append((f"the service ({running.way})", running.logs()))
    return report
