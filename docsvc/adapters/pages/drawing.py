"""The process that draws pages: requests on standard input, pictures on standard output, until the input ends."""

from __future__ import annotations

import io
import resource
import sys
from typing import Any

from docsvc.adapters.pages.preview import ANSWER, COUNT, FAULT, NO_PAGE, OK, REQUEST

MAX_HEIGHT_RATIO = 6  # of a page that is drawn whole; a strip is no page


def main() -> None:
    """`python -m docsvc.adapters.pages.drawing MEMORY_MB`."""
    limit = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pypdfium2

    into, out = sys.stdin.buffer, sys.stdout.buffer
    while len(head := into.read(REQUEST.size)) == REQUEST.size:
        page, width, length = REQUEST.unpack(head)
        pdf = into.read(length)
        try:
            status, picture = draw(pypdfium2, pdf, page, width)
        except (pypdfium2.PdfiumError, ValueError, MemoryError):
            status, picture = FAULT, b""
        out.write(ANSWER.pack(status, len(picture)) + picture)
        out.flush()


def draw(pypdfium2: Any, pdf: bytes, number: int, width: int) -> tuple[int, bytes]:
    """Status and PNG of page `number` (from 1), `width` pixels wide; for 0 the number of pages."""
    with pypdfium2.PdfDocument(pdf) as document:
        if number == 0:
            return OK, COUNT.pack(len(document))
        if number > len(document):
            return NO_PAGE, b""
        document.init_forms()  # a signature's picture is a form field's
        page = document[number - 1]
        across, high = page.get_size()
        if not across or high / across > MAX_HEIGHT_RATIO:
            return FAULT, b""
        out = io.BytesIO()
        # It rounds up, and width / across * across may be a hair more than width.
        page.render(scale=(width - 0.5) / across).to_pil().save(out, "PNG")
        return OK, out.getvalue()


if __name__ == "__main__":
    main()
