"""When the last time-stamp of a document weakens, so that it is renewed in time."""

import sqlalchemy as sa
from alembic import op

revision = "r0004_levels"
down_revision = "r0003_batches"


def upgrade() -> None:
    """Null for documents from before: whoever renews looks into their files once."""
    op.add_column("documents", sa.Column("renew_before", sa.DateTime(timezone=True)))
    op.create_index("ix_documents_renew_before", "documents", ["renew_before"])
