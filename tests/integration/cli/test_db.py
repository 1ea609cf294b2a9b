"""`docsvc db` as an operator calls it, on both engines."""

from __future__ import annotations

import sqlite3

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def operated(request, workspace):
    if request.param == "postgresql":
        workspace.extra["DOCSVC_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    return workspace


def test_status_upgrade_status(operated):
    before = operated.run("db", "status")
    assert before.returncode == 1
    assert [line.split("\t")[1] for line in before.stdout.splitlines()][:2] == ["r0001_main_job", "r0002_service"]
    assert not (operated.data / "docsvc.db").exists()
    done = operated.run("db", "upgrade", check=True)
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == [
        line.split("\t")[1] for line in before.stdout.splitlines()
    ]
    for again in ("upgrade", "status"):
        assert "up to date" in operated.run("db", again, check=True).stdout


@pytest.mark.database
def test_a_service_on_a_schema_that_is_behind_names_the_command(workspace, postgres_url):
    workspace.extra["DOCSVC_DATABASE_URL"] = postgres_url
    refused = workspace.run("agencies", "list")
    assert refused.returncode == 1
    assert "docsvc db upgrade" in refused.stderr
    assert "Traceback" not in refused.stderr
    workspace.run("db", "upgrade", check=True)
    assert "demo" in workspace.run("agencies", "list", check=True).stdout


def test_a_newer_schema_is_refused_in_a_sentence(workspace):
    workspace.run("db", "upgrade", check=True)
    with sqlite3.connect(workspace.data / "docsvc.db") as db:
        db.execute("UPDATE alembic_version SET version_num = 'r9999_from_the_future'")
    db.close()
    for command in (("db", "upgrade"), ("db", "status"), ("agencies", "list")):
        refused = workspace.run(*command)
        assert refused.returncode == 1
        assert "r9999_from_the_future" in refused.stderr
        assert "Traceback" not in refused.stderr
