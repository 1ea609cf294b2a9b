"""What the QR code on a document says to whoever scans it."""

from __future__ import annotations


def scan_address(public_url: str, document_id: str) -> str:
    """Address of the page that shows anyone the document's state; `public_url` has no slash at its end."""
    return f"{public_url}/d/{document_id}"
