"""Word to PDF through LibreOffice."""
