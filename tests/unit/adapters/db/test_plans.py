"""That what is asked again and again walks along an index, however many documents there are."""

import datetime as dt

import pytest
import sqlalchemy as sa

from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.document import DocumentFilter, State

NOON = dt.datetime(2026, 7, 1, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def plan(tmp_path):
    """What SQLite says it does for each statement of a call."""
    database = SqlDatabase(f"sqlite:///{tmp_path / 'x.db'}")
    database.upgrade()

    def explain(call):
        lines = []
        with database.read() as tx:

            def before(_connection, cursor, statement, parameters, *_):
                if statement.startswith("SELECT"):
                    cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    lines.extend(row[3] for row in cursor.fetchall())

            sa.event.listen(tx._connection, "before_cursor_execute", before)
            call(tx)
        assert lines
        return lines

    yield explain
    database.close()


BEFORE = (NOON, "doc-1")


@pytest.mark.parametrize(
    ("call", "index"),
    [
        (lambda tx: tx.documents.page(DocumentFilter(), None, 50), "ix_documents_created_at_id"),
        (lambda tx: tx.documents.page(DocumentFilter(), BEFORE, 50), "ix_documents_created_at_id"),
        (lambda tx: tx.documents.page(DocumentFilter(party="店"), BEFORE, 50), "ix_documents_created_at_id"),
        (
            lambda tx: tx.documents.page(DocumentFilter(agency_id="a"), None, 50),
            "ix_documents_agency_id_created_at_id",
        ),
        (
            lambda tx: tx.documents.page(DocumentFilter(agency_id="a"), BEFORE, 50),
            "ix_documents_agency_id_created_at_id",
        ),
        (lambda tx: tx.documents.search(state=State.SEALED), "ix_documents_state"),
        (lambda tx: tx.jobs.due(NOON, 50), "ix_jobs_due_at"),
        (lambda tx: tx.jobs.held(), "ix_jobs_held"),
    ],
)
def test_it_walks_along_its_index(plan, call, index):
    first, *_ = plan(call)
    assert index in first


@pytest.mark.parametrize("before", [None, BEFORE])
@pytest.mark.parametrize("agency_id", [None, "a"])
def test_a_page_is_not_sorted_first(plan, agency_id, before):
    lines = plan(lambda tx: tx.documents.page(DocumentFilter(agency_id=agency_id), before, 50))
    assert not any("TEMP B-TREE" in line for line in lines)
