"""Adapters: one library, one door; built by bootstrap alone."""
