"""One step of the schema a file, never changed once released: what it makes is written out, not imported."""
