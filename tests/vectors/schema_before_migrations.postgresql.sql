-- What docsvc made in an empty database before it had migrations.

CREATE TABLE agencies (
    id VARCHAR(80) NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE counters (
    agency_id VARCHAR(80) NOT NULL,
    word VARCHAR(80) NOT NULL,
    year INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (agency_id, word, year)
);

CREATE TABLE documents (
    id VARCHAR(36) NOT NULL,
    doc_type VARCHAR(40) NOT NULL,
    agency_id VARCHAR(80) NOT NULL,
    number VARCHAR(120) NOT NULL,
    state VARCHAR(24) NOT NULL,
    case_sha256 VARCHAR(64) NOT NULL,
    case_json TEXT NOT NULL,
    action_code VARCHAR(80) NOT NULL,
    party_name VARCHAR(200) NOT NULL,
    issue_date DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    template_sha256 VARCHAR(64) NOT NULL,
    docx_sha256 VARCHAR(64),
    unsigned_sha256 VARCHAR(64),
    signed_sha256 VARCHAR(64),
    size INTEGER,
    target_level VARCHAR(8) NOT NULL,
    achieved_level VARCHAR(8),
    shortfall TEXT,
    reason TEXT,
    retryable BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    warnings TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (number),
    UNIQUE (case_sha256)
);

CREATE INDEX ix_documents_action_code ON documents (action_code);

CREATE INDEX ix_documents_signed_sha256 ON documents (signed_sha256);

CREATE INDEX ix_documents_state ON documents (state);

CREATE TABLE log_checkpoints (
    size BIGINT NOT NULL,
    note BYTEA NOT NULL,
    PRIMARY KEY (size)
);

CREATE TABLE log_entries (
    idx BIGINT NOT NULL,
    event_id VARCHAR(36) NOT NULL,
    entry BYTEA NOT NULL,
    PRIMARY KEY (idx),
    UNIQUE (event_id)
);

CREATE TABLE log_hashes (
    level INTEGER NOT NULL,
    idx BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, idx)
);

CREATE TABLE events (
    position BIGSERIAL NOT NULL,
    id VARCHAR(36) NOT NULL,
    document_id VARCHAR(36) NOT NULL,
    type VARCHAR(40) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    entry BYTEA NOT NULL,
    opening BYTEA NOT NULL,
    leaf_index BIGINT,
    PRIMARY KEY (position),
    UNIQUE (id),
    FOREIGN KEY(document_id) REFERENCES documents (id),
    UNIQUE (leaf_index)
);

CREATE INDEX ix_events_document_id ON events (document_id);

CREATE INDEX ix_events_unsequenced ON events (position) WHERE leaf_index IS NULL;
