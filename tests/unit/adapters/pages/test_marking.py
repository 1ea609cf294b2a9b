"""Drafts bear their mark on each page, and say the same otherwise."""

from __future__ import annotations

import io

import pikepdf
import pypdfium2 as pdfium
import pytest

from docsvc.adapters.pages.marking import MARK, TEST_MARK
from docsvc.adapters.pages.reading import PdfPages
from tests.support.unsigned_pdfs import make_pdf

MARKED = b"/Artifact BMC q"
LINES = [[(72, 700, "甲乙")], [(72, 700, "丙")]]


def contents(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [
            b"".join(
                s.read_bytes()
                for s in (page.Contents if isinstance(page.Contents, pikepdf.Array) else [page.Contents])
            )
            for page in document.pages
        ]


def test_each_page_is_marked_and_keeps_what_was_on_it():
    plain = make_pdf(LINES)
    marked = PdfPages().mark_draft(plain)
    assert marked != plain
    for before, after in zip(contents(plain), contents(marked), strict=True):
        assert before.strip() in after
        assert MARKED in after
        assert after.count(b" S") == sum(map(len, (strokes for strokes, _ in MARK)))


def test_each_page_that_does_not_say_that_it_is_test_data_is_marked_behind_its_text():
    told = "测试数据，不具有法律效力"
    plain = make_pdf([[(72, 800, told), (72, 700, "甲")], [(72, 700, "乙")], [(72, 700, "丙")]])
    marked = PdfPages().mark_test(plain)
    first, second, third = contents(marked)
    assert first == contents(plain)[0]
    for page in (second, third):
        assert page.startswith(MARKED)
        assert page.count(b" S") == sum(len(strokes) for strokes, _ in TEST_MARK)
        assert page.index(b"EMC") < page.index(b"BT")
    assert PdfPages().inspect(marked, f"{told}甲乙丙") == 3


def test_pages_that_all_say_it_stay_as_they_are():
    plain = make_pdf([[(72, 800, "测试数据，不具有法律效力")]] * 2)
    assert PdfPages().mark_test(plain) == plain


@pytest.mark.parametrize("mark", [PdfPages.mark_draft, PdfPages.mark_test])
@pytest.mark.parametrize("size", [(595, 842), (227, 842), (164, 300), (842, 595)])
def test_the_mark_keeps_within_the_page(size, mark):
    with pikepdf.new() as document:
        document.add_blank_page(page_size=size)
        out = io.BytesIO()
        document.save(out)
    with pdfium.PdfDocument(mark(PdfPages(), out.getvalue())) as document:
        picture = document[0].render(scale=1).to_pil().convert("L")
    left, top, right, bottom = picture.point(lambda grey: 255 * (grey < 250)).getbbox()
    assert 2 < left < right < size[0] - 2
    assert 2 < top < bottom < size[1] - 2
    assert right - left > size[0] / 2
