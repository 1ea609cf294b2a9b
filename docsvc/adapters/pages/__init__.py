"""Reading the office's PDF back before it is sealed: text, glyphs, the place of the seal."""

from docsvc.adapters.pages.reading import PdfPages

__all__ = ["PdfPages"]
