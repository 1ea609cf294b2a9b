"""One library, one door: LibreOffice, warm, as the converter of Word files to PDF/A."""
