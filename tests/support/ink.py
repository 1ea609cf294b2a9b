"""Pages as an eye finds them: where the ink of a colour begins and ends, in millimetres (Poppler)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops

DPI = 600
STRONG = 100  # of 255: how far a colour must be from white, so that the pale watermark and soft edges don't count


class Box(NamedTuple):
    """From the page's upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def ink(pdf: Path, page: int, within: Box, colour: str = "black") -> Box | None:
    """The box of all ink of `colour` ("black" or "red") `within` a part of page `page` (from 0)."""
    picture = _picture(pdf, page, within)
    red, green, blue = picture.split()
    # Black has no red; red has none of the others.
    strength = (
        ImageChops.invert(red) if colour == "black" else ImageChops.subtract(red, ImageChops.lighter(green, blue))
    )
    found = strength.point(lambda value: 255 * (value > STRONG)).getbbox()
    if found is None:
        return None
    mm = 25.4 / DPI
    return Box(*(at * mm + start for at, start in zip(found, within[:2] * 2, strict=True)))


def _picture(pdf: Path, page: int, within: Box) -> Image.Image:
    left, top, right, bottom = (round(mm / 25.4 * DPI) for mm in within)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page"
        box = ["-x", left, "-y", top, "-W", right - left, "-H", bottom - top]
        options = ["-r", DPI, "-f", page + 1, "-l", page + 1, *box, "-singlefile", "-png"]
        subprocess.run(["pdftoppm", *map(str, options), pdf, target], check=True)
        return Image.open(target.with_suffix(".png")).convert("RGB")
