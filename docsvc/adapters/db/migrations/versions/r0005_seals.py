"""The table of seals' uses."""

import sqlalchemy as sa
from alembic import op

revision = "r0005_seals"
down_revision = "r0004_levels"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nothing that was there changes: what was sealed before has its event, and no row here."""
    op.create_table(
        "seal_uses",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("seal_id", sa.String(80), nullable=False),
        sa.Column("agency_id", sa.String(80), nullable=False),
        sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("certificate_sha256", sa.String(64), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("unsigned_sha256", sa.String(64), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("signed_sha256", sa.String(64)),
        sa.Column("settled_at", INSTANT),
        sa.Column("reason", sa.Text),
    )
    op.create_index("ix_seal_uses_document_id", "seal_uses", ["document_id"])
    op.create_index("ix_seal_uses_seal_id_begun_at", "seal_uses", ["seal_id", "begun_at"])
