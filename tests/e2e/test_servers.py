"""The main job on real PostgreSQL and a real S3, by settings alone."""

from __future__ import annotations

import json
import secrets

import psycopg
import pytest

from tests.support.workspace import STANDARD, case, write_case

pytestmark = [pytest.mark.office, pytest.mark.database, pytest.mark.store]


@pytest.fixture
def served(workspace, postgres_url, s3_server):
    """A workspace whose database and objects are servers'."""
    workspace.extra |= {
        "DOCSVC_DATABASE_URL": postgres_url,
        "DOCSVC_STORE": "s3",
        "DOCSVC_S3_ENDPOINT": s3_server.endpoint,
        "DOCSVC_S3_SECURE": "false",
        "DOCSVC_S3_BUCKET": f"docsvc-{secrets.token_hex(4)}",
        "DOCSVC_S3_ACCESS_KEY": s3_server.access_key,
        "DOCSVC_S3_SECRET_KEY": s3_server.secret_key,
    }
    workspace.run("db", "upgrade", check=True)
    return workspace


def test_issues_records_and_audits(served, postgres_url, tmp_path):
    paths = [write_case(tmp_path / "in", t, case(t)) for t in STANDARD]
    issued = served.run("issue", *paths, "--out", tmp_path / "out", "--json", check=True)
    done = [json.loads(line) for line in issued.stdout.splitlines()]
    assert [d["state"] for d in done] == ["recorded"] * len(STANDARD)
    again = served.run("issue", *paths, "--out", tmp_path / "again", "--json", check=True)
    assert [json.loads(line)["sha256"] for line in again.stdout.splitlines()] == [d["sha256"] for d in done]
    for d in done:
        assert served.run("verify", d["file"], "--evidence", d["evidence"]).returncode == 0
    assert served.run("log", "fsck").returncode == 0
    assert not (served.data / "docsvc.db").exists()
    assert not (served.data / "objects").exists()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as db:
        assert db.execute("SELECT count(*) FROM documents WHERE state = 'recorded'").fetchone() == (len(STANDARD),)


def test_a_dead_store_fails_the_document_and_a_live_one_finishes_it(served, tmp_path):
    path = write_case(tmp_path, "a", case("advice"))
    alive = served.extra["DOCSVC_S3_ENDPOINT"]
    served.run("agencies", "list", check=True)
    served.extra |= {"DOCSVC_S3_ENDPOINT": "127.0.0.1:9", "DOCSVC_S3_TIMEOUT_S": "2"}
    dead = served.run("issue", path, "--out", tmp_path / "out", "--json")
    assert dead.returncode == 1
    assert "Traceback" not in dead.stderr
    assert served.extra["DOCSVC_S3_SECRET_KEY"] not in dead.stderr + dead.stdout
    served.extra["DOCSVC_S3_ENDPOINT"] = alive
    done = json.loads(served.run("issue", path, "--out", tmp_path / "out", "--json", check=True).stdout)
    assert (done["state"], done["number"]) == ("recorded", "舟示市监行建〔2026〕1号")
    assert served.run("log", "fsck").returncode == 0
