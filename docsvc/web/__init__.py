"""The pages for officers, auditors and anyone with a document in hand."""

from __future__ import annotations

from flask import Flask

from docsvc.bootstrap import Service
from docsvc.web import accounts, batches, checking, documents, errors, posting, signing, vocabulary
from docsvc.web.guard import guard, pages

__all__ = ["accounts", "batches", "checking", "documents", "errors", "posting", "register", "signing", "vocabulary"]


def register(app: Flask, service: Service) -> None:
    """Add the pages to an application; `service` answers them."""
    guard(app, service)
    app.register_blueprint(pages)
