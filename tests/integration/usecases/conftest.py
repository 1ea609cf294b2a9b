"""Fixtures of the real servers."""

from tests.support.servers import postgres_server, postgres_url, s3_server

__all__ = ["postgres_server", "postgres_url", "s3_server"]
