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
    sa.Column("renew_before", UtcDateTime, index=True),
    sa.Column("signing", sa.String(16), nullable=False, server_default="seal"),
    # What a search walks along: newest first, of all agencies or of one, page by page.
    sa.Index("ix_documents_created_at_id", "created_at", "id"),
    sa.Index("ix_documents_agency_id_created_at_id", "agency_id", "created_at", "id"),
    sa.Index("ix_documents_issue_date", "issue_date"),
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

# Outbox, lease and fencing token at once, one row a document. `due_at` null: nothing is to be done.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), primary_key=True),
    sa.Column("due_at", UtcDateTime, index=True),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.String(255)),
    sa.Column("held_until", UtcDateTime),
)

# Each sweep asks who holds a job; those are few, however many documents there are.
sa.Index(
    "ix_jobs_held",
    jobs.c.document_id,
    sqlite_where=jobs.c.holder.is_not(None),
    postgresql_where=jobs.c.holder.is_not(None),
)

# Idempotency-Keys. `client_id` has no reference: a person at the pages may post as well as a system.
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("client_id", sa.String(36), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("body_sha256", sa.String(64), nullable=False),
    sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id")),
    sa.Column("running_until", UtcDateTime, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False, index=True),
)

# A row a use of a seal (用印), written before its key is operated; what came of it is filled in. Never deleted.
seal_uses = sa.Table(
    "seal_uses",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("seal_id", sa.String(80), nullable=False),
    sa.Column("agency_id", sa.String(80), nullable=False),
    sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), nullable=False, index=True),
    sa.Column("certificate_sha256", sa.String(64), nullable=False),
    sa.Column("door", sa.String(16), nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("unsigned_sha256", sa.String(64), nullable=False),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("signed_sha256", sa.String(64)),
    sa.Column("settled_at", UtcDateTime),
    sa.Column("reason", sa.Text),
    sa.Index("ix_seal_uses_seal_id_begun_at", "seal_id", "begun_at"),
)

clients = sa.Table(
    "clients",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("key_sha256", sa.String(64), nullable=False),
    sa.Column("agency_id", sa.String(80)),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)

# A revoked client keeps its row for the history, not its name.
sa.Index(
    "ix_clients_name_in_use",
    clients.c.name,
    unique=True,
    sqlite_where=clients.c.revoked_at.is_(None),
    postgresql_where=clients.c.revoked_at.is_(None),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(120), nullable=False, unique=True),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("role", sa.String(24), nullable=False),
    sa.Column("agency_id", sa.String(80)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", UtcDateTime),
    sa.Column("disabled_at", UtcDateTime),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)

# Files of many cases. `key` is the Idempotency-Key, for as long as the batch is remembered.
batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner_kind", sa.String(8), nullable=False),
    sa.Column("owner_id", sa.String(36), nullable=False),
    sa.Column("owner_name", sa.String(120), nullable=False),
    sa.Column("agency_id", sa.String(80)),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("format", sa.String(8), nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("taken_at", UtcDateTime),
    sa.UniqueConstraint("owner_id", "key"),
    sa.Index("ix_batches_owner_id_created_at_id", "owner_id", "created_at", "id"),
)

sa.Index(
    "ix_batches_open",
    batches.c.created_at,
    sqlite_where=batches.c.taken_at.is_(None),
    postgresql_where=batches.c.taken_at.is_(None),
)

# A row of the file. Case and places (which column a pointer means) stay until it is taken in.
batch_rows = sa.Table(
    "batch_rows",
    metadata,
    sa.Column("batch_id", sa.String(36), sa.ForeignKey("batches.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("case_json", sa.Text),
    sa.Column("places", sa.Text),
    sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id")),
    sa.Column("new", sa.Boolean),
    sa.Column("faults", sa.Text),
    sa.Index("ix_batch_rows_batch_id_outcome_number", "batch_id", "outcome", "number"),
)

# The signatures of an envelope, a row a signatory. `data` is JSON: what is out for it, and what is said of it.
signatures = sa.Table(
    "signatures",
    metadata,
    sa.Column("document_id", sa.String(36), sa.ForeignKey("documents.id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("needs", sa.String(16), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("cert_no", sa.String(200)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("signed_at", UtcDateTime),
    sa.Column("revision_sha256", sa.String(64)),
    sa.Column("certificate_sha256", sa.String(64)),
    sa.Column("link_sha256", sa.String(64), unique=True),
    sa.Column("data", sa.Text, nullable=False),
    sa.UniqueConstraint("document_id", "field"),
)

# Certificates of officers whose keys the service keeps for them. `key` opens by their PIN alone.
signers = sa.Table(
    "signers",
    metadata,
    sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("cert_no", sa.String(80), nullable=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
