"""Fixtures of tests.support.sealing."""

from tests.support.sealing import authorities, clock, keys, rsa_authorities, rsa_keys

__all__ = ["authorities", "clock", "keys", "rsa_authorities", "rsa_keys"]
