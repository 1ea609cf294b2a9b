"""The tables of the main job: registry, numbers, documents, their events, the log."""

import sqlalchemy as sa
from alembic import op

revision = "r0001_main_job"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "agencies",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("agency_id", sa.String(80), primary_key=True),
        sa.Column("word", sa.String(80), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("doc_type", sa.String(40), nullable=False),
        sa.Column("agency_id", sa.String(80), nullable=False),
        sa.Column("number", sa.String(120), nullable=False, unique=True),
        sa.Column("state", sa.String(24), nullable=False, index=True),
        sa.Column("case_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("case_json", sa.Text, nullable=False),
        sa.Column("action_code", sa.String(80), nullable=False, index=True),
        sa.Column("party_name", sa.String(200), nullable=False),
        sa.Column("issue_date", sa.Date, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("template_sha256", sa.String(64), nullable=False),
        sa.Column("docx_sha256", sa.String(64)),
        sa.Column("unsigned_sha256", sa.String(64)),
        sa.Column("signed_sha256", sa.String(64), index=True),
        sa.Column("size", sa.Integer),
        sa.Column("target_level", sa.String(8), nullable=False),
        sa.Column("achieved_level", sa.String(8)),
        sa.Column("shortfall", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("retryable", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("warnings", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), nullable=False, index=True),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("opening", sa.LargeBinary, nullable=False),
        sa.Column("leaf_index", sa.BigInteger, unique=True),
    )
    op.create_index(
        "ix_events_unsequenced",
        "events",
        ["position"],
        sqlite_where=sa.text("leaf_index IS NULL"),
        postgresql_where=sa.text("leaf_index IS NULL"),
    )
    op.create_table(
        "log_entries",
        sa.Column("idx", POSITION, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_hashes",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("idx", POSITION, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", POSITION, primary_key=True, autoincrement=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )
