"""The tables of batches: files of many cases, and what became of each of their rows."""

import sqlalchemy as sa
from alembic import op

revision = "r0003_batches"
down_revision = "r0002_service"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nothing that was there changes."""
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("owner_name", sa.String(120), nullable=False),
        sa.Column("agency_id", sa.String(80)),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("taken_at", INSTANT),
        sa.UniqueConstraint("owner_id", "key"),
    )
    op.create_index("ix_batches_owner_id_created_at_id", "batches", ["owner_id", "created_at", "id"])
    op.create_index(
        "ix_batches_open",
        "batches",
        ["created_at"],
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", sa.String(36), sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("case_json", sa.Text),
        sa.Column("places", sa.Text),
        sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id")),
        sa.Column("new", sa.Boolean),
        sa.Column("faults", sa.Text),
    )
    op.create_index("ix_batch_rows_batch_id_outcome_number", "batch_rows", ["batch_id", "outcome", "number"])
