"""Envelopes: how a document is signed, the signatures of those who sign it, and the keys that are kept for them."""

import sqlalchemy as sa
from alembic import op

revision = "r0006_envelopes"
down_revision = "r0005_seals"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Documents that are there were sealed by their agency alone."""
    op.add_column("documents", sa.Column("signing", sa.String(16), nullable=False, server_default="seal"))
    op.create_table(
        "signatures",
        sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("field", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("needs", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("cert_no", sa.String(200)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("signed_at", INSTANT),
        sa.Column("revision_sha256", sa.String(64)),
        sa.Column("certificate_sha256", sa.String(64)),
        sa.Column("link_sha256", sa.String(64), unique=True),
        sa.Column("data", sa.Text, nullable=False),
        sa.UniqueConstraint("document_id", "field"),
    )
    op.create_table(
        "signers",
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("cert_no", sa.String(80), nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
    )
