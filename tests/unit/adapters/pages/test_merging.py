"""Print files: the order of pages and what they say of themselves; seals are looked at in the end-to-end tests."""

from __future__ import annotations

import pikepdf
import pytest

from docsvc.adapters.pages.merging import GROUP, merge_apart, merge_pages
from docsvc.domain.errors import ConversionError


def pdf(path, widths):
    """A PDF whose pages are told apart by their width, with a field that is not printed."""
    with pikepdf.new() as document:
        for width in widths:
            document.add_blank_page(page_size=(width, 100))
        field = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Sig, T="S", Rect=[0, 0, 0, 0]
            )
        )
        document.pages[0].Annots = pikepdf.Array([field])
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[field], SigFlags=3)
        document.save(path)
    return path


def test_pages_stand_in_order_over_many_groups_with_a_bookmark_a_document(tmp_path):
    count = GROUP + 3
    documents = {f"文书{n}": pdf(tmp_path / f"{n}.pdf", [100 + n, 1000 + n]) for n in range(count)}
    merge_pages(documents, tmp_path / "all.pdf")
    with pikepdf.open(tmp_path / "all.pdf") as merged:
        assert [int(page.mediabox[2]) for page in merged.pages] == [
            w + n for n in range(count) for w in (100, 1000)
        ]
        assert "/AcroForm" not in merged.Root
        assert not any("/Annots" in page for page in merged.pages)
        with merged.open_outline() as outline:
            titles = [item.title for item in outline.root]
            targets = [pikepdf.Page(item.destination[0]).index for item in outline.root]
        assert titles == list(documents)
        assert targets == list(range(0, 2 * count, 2))
        assert "print copy" in str(merged.docinfo["/Title"]).lower()
        assert "without electronic signatures" in str(merged.docinfo["/Subject"])
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == []


def test_the_same_in_a_process_of_its_own(tmp_path):
    documents = {f"文书{n}": pdf(tmp_path / f"{n}.pdf", [100 + n]) for n in range(3)}
    merge_apart(documents, tmp_path / "all.pdf")
    with pikepdf.open(tmp_path / "all.pdf") as merged, merged.open_outline() as outline:
        assert [item.title for item in outline.root] == list(documents)


def test_what_can_not_be_merged_or_takes_too_long_is_said(tmp_path):
    (tmp_path / "x.pdf").write_bytes(b"no PDF")
    with pytest.raises(ConversionError):
        merge_apart({"x": tmp_path / "x.pdf"}, tmp_path / "all.pdf")
    with pytest.raises(ConversionError):
        merge_apart({"y": pdf(tmp_path / "y.pdf", [100])}, tmp_path / "all.pdf", deadline_s=0.01)
