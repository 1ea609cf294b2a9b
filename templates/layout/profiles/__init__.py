"""The profiles that a document may be laid out in, a module each, and which type has which."""
