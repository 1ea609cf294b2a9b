"""The tables, once, for SQLite and PostgreSQL alike."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa


class UtcDateTime(sa.TypeDecorator[dt.datetime]):
    """A point in time. SQLite drops the zone of a datetime, so what goes in and comes out is UTC with its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Raises ValueError for a datetime without zone: nobody could say which instant it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without time zone can't be stored")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """In UTC, whatever the session's zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if dialect.name == "sqlite" else value.astimezone(dt.UTC)


metadata = sa.MetaData()

agencies = sa.Table(
    "agencies",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("data", sa.Text, nullable=False),
)

# One row a counter. `last` moves inside the transaction that uses the number, so there are no gaps.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("agency_id", sa.String(80), primary_key=True),
    sa.Column("word", sa.String(80), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
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
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
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

# Append only. `entry` is what the log's leaf says: digests and salted commitments, never personal data.
events = sa.Table(
    "events",
    metadata,
    sa.Column("position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), nullable=False, index=True),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sa.Column("opening", sa.LargeBinary, nullable=False),
    sa.Column("leaf_index", sa.BigInteger, unique=True),
)

# The sequencer asks for these again and again; they are few, however long the history grows.
sa.Index(
    "ix_events_unsequenced",
    events.c.position,
    sqlite_where=events.c.leaf_index.is_(None),
    postgresql_where=events.c.leaf_index.is_(None),
)

log_entries = sa.Table(
    "log_entries",
    metadata,
    sa.Column("idx", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.String(36), nullable=False, unique=True),
    sa.Column("entry", sa.LargeBinary, nullable=False),
)

log_hashes = sa.Table(
    "log_hashes",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("idx", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
)

log_checkpoints = sa.Table(
    "log_checkpoints",
    metadata,
    sa.Column("size", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
)
