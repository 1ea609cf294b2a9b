"""`python -m tests.support.contact_sheet FOLDER`: templates/contact-sheet.jpg, the first pages of a folder's PDFs,
such as `make demo` leaves in var/demo.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.support.workspace import CHECKOUT

TARGET = CHECKOUT / "templates" / "contact-sheet.jpg"
COLUMNS, WIDTH, GAP = 4, 400, 12


def main(folder: Path) -> None:
    pages = [first_page(pdf) for pdf in sorted(folder.glob("*.pdf"))]
    cell = (WIDTH + GAP, max(page.height for page in pages) + GAP)
    rows = -(-len(pages) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell[0] + GAP, rows * cell[1] + GAP), "#888")
    for at, page in enumerate(pages):
        sheet.paste(page, (GAP + at % COLUMNS * cell[0], GAP + at // COLUMNS * cell[1]))
    sheet.save(TARGET, quality=80, optimize=True)


def first_page(pdf: Path) -> Image.Image:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "page"
        size = ["-scale-to-x", str(WIDTH), "-scale-to-y", "-1"]
        subprocess.run(["pdftoppm", "-png", "-singlefile", "-f", "1", *size, pdf, target], check=True)
        return Image.open(target.with_suffix(".png")).convert("RGB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
