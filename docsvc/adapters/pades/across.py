"""The seal across the edges of all pages (骑缝章): one imprint, of which every page bears its own slice.

The slices are content of the pages, drawn in the revision that the one signature covers. Fanned out to the right,
the pages show the seal whole again; a page that is missing, added or exchanged leaves a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pyhanko.pdf_utils import generic as pyhanko_generic
from pyhanko.pdf_utils.generic import pdf_name

from docsvc.adapters.pades.seal_art import MM

generic: Any = pyhanko_generic  # whose constructors declare no types
MOST_PAGES = 10  # that share one imprint …
LEAST_MM = 4.0  # … so that no slice is narrower than this
PICTURE = pdf_name("/SealAcrossPages")
MARK = pdf_name("/MarkOnPage")
A4 = (0.0, 0.0, 595.276, 841.89)  # of a page that says nothing
TURNS = 4


@dataclass(frozen=True, slots=True)
class Slice:
    """What one page shows of the seal: from `left` to `right`, in points from the seal's left edge."""

    left: float
    right: float


def slices(pages: int, side: float) -> list[Slice]:
    """One slice a page of a seal `side` points wide; none for a single page.

    Pages beyond those that one imprint has room for make groups of nearly the same size, each with a whole seal.
    Neighbours share a boundary to the last digit: no strip is lost and none is shown twice.
    """
    if pages < 2:  # noqa: PLR2004 - one page has no other to be joined to
        return []
    most = min(MOST_PAGES, max(int(side / MM / LEAST_MM + 1e-6), 2))
    groups = -(-pages // most)
    found = []
    for group in range(groups):
        size = (group + 1) * pages // groups - group * pages // groups
        edges = [round(side * n / size, 3) for n in range(size)] + [side]
        found += [Slice(*pair) for pair in pairwise(edges)]
    return found


def press_across(writer: Any, picture: Any, side: float) -> None:
    """Add to each page of an incremental `writer` its slice of the form XObject `picture` (a reference).

    On the page as it is shown: at the right edge, half way up, upright, whatever /Rotate and /CropBox say.
    """
    for number, part in enumerate(slices(int(writer.root["/Pages"]["/Count"]), side)):
        reference, _ = writer.find_page_for_modification(number)
        turned, width, height = _as_shown(reference.get_object())
        to_edge = b"1 0 0 1 %.3f %.3f cm" % (width - part.right, (height - side) / 2)
        clip = b"%.3f 0 %.3f %.3f re W n" % (part.left, part.right - part.left, side)
        draw_on(writer, number, picture, b"\n".join((turned, to_edge, clip)), PICTURE)


def draw_on(writer: Any, number: int, picture: Any, before: bytes, name: Any = MARK) -> None:
    """Draw the form XObject `picture` (a reference) on a page of an incremental `writer`, after the operators
    `before`, over its content. It is an artifact: what it says stands in the signature's field.
    """
    reference, _ = writer.find_page_for_modification(number)
    page = reference.get_object()
    drawn = b"\nQ\n/Artifact BMC q\n%b\n%b Do\nQ EMC\n" % (before, name.encode())
    # A page's own content may leave its graphics state changed.
    first, last = (writer.add_object(generic.StreamObject(stream_data=d)) for d in (b"q\n", drawn))
    contents = page.raw_get("/Contents") if "/Contents" in page else generic.ArrayObject()
    if isinstance(contents, generic.IndirectObject) and isinstance(contents.get_object(), generic.ArrayObject):
        contents = contents.get_object()
    middle = list(_raw(contents)) if isinstance(contents, generic.ArrayObject) else [contents]
    page[pdf_name("/Contents")] = generic.ArrayObject([first, *middle, last])
    # Pages may share their resources; each gets a dictionary of its own.
    resources = _inherited(page, "/Resources", generic.DictionaryObject())
    own = generic.DictionaryObject({key: resources.raw_get(key) for key in resources})
    pictures = own.get("/XObject", generic.DictionaryObject())
    own[pdf_name("/XObject")] = generic.DictionaryObject(
        {**{key: pictures.raw_get(key) for key in pictures}, name: picture}
    )
    page[pdf_name("/Resources")] = own
    writer.mark_update(reference)


def _as_shown(page: Any) -> tuple[bytes, float, float]:
    """The matrix from the page as shown (lower left corner at 0, 0) to its own space; width and height shown."""
    left, low, right, high = _box(page)
    width, height = right - left, high - low
    turn = int(_inherited(page, "/Rotate", 0)) // 90 % TURNS
    matrix = (
        (1, 0, 0, 1, left, low),
        (0, 1, -1, 0, right, low),
        (-1, 0, 0, -1, right, high),
        (0, -1, 1, 0, left, high),
    )[turn]
    shown = (height, width) if turn % 2 else (width, height)
    return b"%d %d %d %d %.3f %.3f cm" % matrix, *shown


def _box(page: Any) -> tuple[float, float, float, float]:
    """What is shown of the page: its crop box within its media box."""
    media = _corners(_inherited(page, "/MediaBox", A4))
    crop = _corners(_inherited(page, "/CropBox", media))
    return max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])


def _corners(box: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _inherited(page: Any, key: str, default: Any) -> Any:
    """An attribute of the page or of the nearest node above that has it (ISO 32000-1, 7.7.3.4)."""
    node = page
    while key not in node:
        if "/Parent" not in node:
            return default
        node = node["/Parent"]
    return node[key]


def _raw(array: Any) -> Iterator[Any]:
    return (array.raw_get(i) for i in range(len(array)))
