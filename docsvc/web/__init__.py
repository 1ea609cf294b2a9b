"""The pages for officers, auditors and anyone with a document in hand."""
