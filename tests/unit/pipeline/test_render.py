"""Render: the same case and template are the same bytes."""

from __future__ import annotations

from docsvc.adapters.word import WordFiller
from docsvc.domain.canonical import sha256_hex
from docsvc.pipeline.render import render
from tests.support.drafts import AllFonts, sample


def test_the_same_case_gives_the_same_bytes_in_any_process():
    one, other = (render(sample("advice"), WordFiller(AllFonts())) for _ in range(2))
    assert one == other
    assert one.sha256 == sha256_hex(one.docx)


def test_another_fact_gives_another_file():
    filler = WordFiller(AllFonts())
    changed = render(sample("advice", lambda c: c["party"].update(phone="00000000009")), filler)
    assert changed.sha256 != render(sample("advice"), filler).sha256
