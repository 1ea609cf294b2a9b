"""Use cases: one file a user intention; the only place that opens a transaction."""
