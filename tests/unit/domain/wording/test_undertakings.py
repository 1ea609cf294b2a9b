"""What commitments say in their cells."""

from __future__ import annotations

from docsvc.adapters.word import WordFiller
from docsvc.domain.wording import context
from docsvc.pipeline.convert import body_text
from tests.support.drafts import AllFonts, filled, sample


def cells(case, part="rows"):
    return {cell["label"]: cell["lines"] for cell in context(case)["body"][part]}


def lines(case):
    return body_text(filled(case, WordFiller(AllFonts())).docx).splitlines()


def test_a_person_gives_a_fingerprint_and_a_unit_its_seal():
    assert any(line.startswith("承诺人（签名、盖章）：") for line in lines(sample("commitment")))
    assert any(line.startswith("承诺人（签名、按指印）：") for line in lines(sample("commitment", number=3)))


def test_a_commitment_tells_item_and_signer():
    assert cells(sample("commitment"), "told")["清单事项"] == ["不予处罚清单事项编号：SC-014"]
    assert "清单事项" not in cells(sample("commitment", number=2), "told")
    signed = cells(sample("commitment", number=3), "promised")["签署人"]
    assert signed == ["孙示例（委托代理人，授权委托书授委〔2026〕7号）"]
    alone = sample("commitment", lambda c: c["body"].update(signer={"name": "孙示例"}))
    assert cells(alone, "promised")["签署人"] == ["孙示例"]
