"""Render: the same case, template and address are the same bytes."""

from __future__ import annotations

import dataclasses
import io
import zipfile

from docsvc.adapters.qr import SegnoCodes
from docsvc.adapters.word import WordFiller
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.scan import ScanCode, printed_facts
from docsvc.pipeline.render import render
from tests.support.drafts import AllFonts, filled, sample
from tests.support.scan_keys import scan_signer


def test_the_same_case_gives_the_same_bytes_in_any_process():
    one, other = (filled(sample("advice"), WordFiller(AllFonts())) for _ in range(2))
    assert one == other
    assert one.sha256 == sha256_hex(one.docx)


def test_another_fact_gives_another_file():
    filler = WordFiller(AllFonts())
    changed = filled(sample("advice", lambda c: c["party"].update(phone="00000000009")), filler)
    assert changed.sha256 != filled(sample("advice"), filler).sha256


def test_the_code_and_its_words_lead_to_this_document_at_this_service():
    case = dataclasses.replace(sample("advice"), document_id="f00d")
    docx = render(case, WordFiller(AllFonts()), SegnoCodes(), scan_signer(), "https://other.example/docs").docx
    address = "https://other.example/docs/d/f00d"
    code = ScanCode.of(address, scan_signer().key_id, printed_facts(case))
    signed = dataclasses.replace(code, signature=scan_signer().sign(code.message)).text
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        pictures = [package.read(name) for name in package.namelist() if name.startswith("word/media/")]
        assert pictures == [SegnoCodes().png(signed)]
        assert f'descr="二维码，扫描可查看本文书的状态：{address}"' in package.read("word/document.xml").decode()
