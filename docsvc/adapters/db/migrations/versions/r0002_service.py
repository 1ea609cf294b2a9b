"""The tables of the service: jobs, Idempotency-Keys, callers; and the indexes that searches walk along."""

import sqlalchemy as sa
from alembic import op

revision = "r0002_service"
down_revision = "r0001_main_job"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From the main job's tables, with documents in them."""
    op.create_index("ix_documents_created_at_id", "documents", ["created_at", "id"])
    op.create_index("ix_documents_agency_id_created_at_id", "documents", ["agency_id", "created_at", "id"])
    op.create_index("ix_documents_issue_date", "documents", ["issue_date"])
    op.create_table(
        "jobs",
        sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), primary_key=True),
        sa.Column("due_at", INSTANT, index=True),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(255)),
        sa.Column("held_until", INSTANT),
    )
    op.create_index(
        "ix_jobs_held",
        "jobs",
        ["document_id"],
        sqlite_where=sa.text("holder IS NOT NULL"),
        postgresql_where=sa.text("holder IS NOT NULL"),
    )
    op.create_table(
        "postings",
        sa.Column("client_id", sa.String(36), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id")),
        sa.Column("running_until", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False, index=True),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("agency_id", sa.String(80)),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
    )
    op.create_index(
        "ix_clients_name_in_use",
        "clients",
        ["name"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("agency_id", sa.String(80)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.Column("disabled_at", INSTANT),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), nullable=False, index=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
    )
    _give_each_document_its_job()


def _give_each_document_its_job() -> None:
    """What is not finished and may yet be is due since it was accepted; nothing is to be done for the others."""
    documents = sa.table(
        "documents",
        sa.column("id", sa.String),
        sa.column("state", sa.String),
        sa.column("retryable", sa.Boolean),
        sa.column("created_at", INSTANT),
    )
    jobs = sa.table(
        "jobs", sa.column("document_id", sa.String), sa.column("due_at", INSTANT), sa.column("token", sa.BigInteger)
    )
    # From here on a document that is to be tried again is accepted; failed is one that a person must look at.
    op.execute(
        documents.update()
        .where(documents.c.state == "failed", documents.c.retryable.is_(sa.true()))
        .values(state="accepted")
    )
    due_at = sa.case((documents.c.state == "accepted", documents.c.created_at), else_=sa.null())
    op.execute(
        jobs.insert().from_select(
            ["document_id", "due_at", "token"], sa.select(documents.c.id, due_at, sa.literal_column("0"))
        )
    )
