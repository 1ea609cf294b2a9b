"""The address behind the QR code."""

from docsvc.domain.scan import scan_address


def test_each_document_has_its_own_page_at_the_service():
    assert scan_address("https://a.example", "f00d") == "https://a.example/d/f00d"
    assert scan_address("https://a.example:8443/docs", "f00d") == "https://a.example:8443/docs/d/f00d"
