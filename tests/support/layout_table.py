"""Writes templates/LAYOUT.md, the layout of each profile: `uv run python -m tests.support.layout_table`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from docsvc.adapters.fonts import Fonts, default_chain
from docsvc.adapters.word import WordFiller
from docsvc.domain.document import Accepted
from tests.support.drafts import TEMPLATES, filled
from tests.support.layout_figures import TOLERANCE, measured, table
from tests.support.office import FONT_DIRS, make_office

PATH = TEMPLATES / "LAYOUT.md"
HEAD = f"""# The layout, measured

What GB/T 9704-2012 asks of each profile, and what the pages have that LibreOffice sets from our templates: places
from the PDF's text layer, edges and lines from the ink itself at 600 dpi. Millimetres, unless it is a number of
things; a test holds every difference within {TOLERANCE} mm, anew on each run and in this table.

- **Line** is the unit of 3.2: 225 / 22 = 10.23 mm. "Two lines below" is the clear space between the edges of what
  is above and what is below. A line of text is as high, its characters in its middle: the type area begins half the
  leading above the first line's characters.
- **Asked** where the standard is silent (`practice`) is what forms of enforcement (执法文书) usually have.
- The title stands in Noto Serif CJK SC Bold: there is no free 小标宋.

"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filler = WordFiller(Fonts(default_chain(FONT_DIRS)))
        with make_office(folder / "office") as office:

            def press(case: Accepted, name: str) -> Path:
                path = folder / f"{name}.pdf"
                path.write_bytes(office.convert(filled(case, filler).docx))
                return path

            PATH.write_text(HEAD + table(list(measured(press))), "utf-8")


if __name__ == "__main__":
    main()
