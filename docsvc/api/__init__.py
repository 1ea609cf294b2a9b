"""The HTTP API of the contract: parse, call one use case, present."""
